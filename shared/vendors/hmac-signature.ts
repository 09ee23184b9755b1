import { sameText } from "./same-text";
import type { HookVerdict } from "./vendor";

/** How far a signed timestamp may be off. */
export const FRESH_MS = 5 * 60_000;

const encoder = new TextEncoder();

/** Secrets are few and sign often: making a key of one costs as much as signing. */
const MOST_KEYS = 100;
const keys = new Map<string, CryptoKey>();

async function importKey(secret: string): Promise<CryptoKey> {
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  if (keys.size >= MOST_KEYS) keys.clear();
  keys.set(secret, key);
  return key;
}

/** HMAC-SHA-256 of the parts in a row. */
export async function hmacSha256(secret: string, ...parts: readonly (string | Uint8Array)[]): Promise<Uint8Array> {
  const key = keys.get(secret) ?? (await importKey(secret));
  const bytes = parts.map((part) => (typeof part === "string" ? encoder.encode(part) : part));
  const all = new Uint8Array(bytes.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of bytes) {
    all.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, all));
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Lower-case hexadecimal digits. */
export function hexOf(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) hex += HEX[byte];
  return hex;
}

/** Base 64 with padding. */
export function base64Of(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** Whether a signature is the text that was expected, letter by letter; the time it takes depends on the lengths alone. */
export function isSignature(given: string | null, expected: string): boolean {
  return given !== null && sameText(given, expected);
}

/** `genuine` within five minutes of the signed time, `stale` beyond. */
export function freshness(signedAtMs: number, now: number): HookVerdict {
  return Math.abs(now - signedAtMs) <= FRESH_MS ? "genuine" : "stale";
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A body of JSON in strict UTF-8; undefined for anything else. */
export function parseBody(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}
