import { createHmac } from "node:crypto";
import { sameText } from "./same-text";
import type { HookVerdict } from "./vendor";

/** How far a signed timestamp may be off. */
export const FRESH_MS = 5 * 60_000;

/** HMAC-SHA-256 of the parts in a row. Computed at once: waiting for the runtime's answer would cost more than the hash. */
export function hmacSha256(secret: string, ...parts: readonly (string | Uint8Array)[]): Uint8Array {
  const hmac = createHmac("sha256", secret);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
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
