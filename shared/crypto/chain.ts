import { createHmac } from "node:crypto";
import { keyBytes, keyOf, type RegionalKeys } from "./keys";

/** One stored row of a chain: append-only, numbered without gaps, each hash over the one before it. */
export type ChainRow = { seq: number; at: number; key: string; body: string; hash: string };

const bytes = new Map<string, Uint8Array>();

/** The chain key of a version, or undefined where the ring does not have it. */
export function chainKey(keys: Pick<RegionalKeys, "chain">, version: string): Uint8Array | undefined {
  const text = keyOf(keys.chain, version);
  if (text === undefined) return undefined;
  let key = bytes.get(text);
  if (key === undefined) {
    key = keyBytes(text);
    bytes.set(text, key);
  }
  return key;
}

/**
 * The hash of a row: HMAC-SHA-256, base 64 for URLs. Only the body may hold the separator, and numbers and names stand before it, so no
 * two rows give the same text. Synchronous, so that an append can be part of an access.
 */
export function linkHash(key: Uint8Array, purpose: string, row: Omit<ChainRow, "hash">, before: string): string {
  return mac(key, purpose, `${row.seq}|${row.at}|${row.key}|${before}|${row.body}`);
}

/** HMAC-SHA-256 of a text for one purpose under a chain key, base 64 for URLs. */
export function mac(key: Uint8Array, purpose: string, text: string): string {
  return createHmac("sha256", key).update(`${purpose}\0${text}`).digest("base64url");
}
