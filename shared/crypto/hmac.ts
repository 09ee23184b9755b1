import { keyBytes } from "./keys";

const encoder = new TextEncoder();

/** Imported keys of this isolate. There are as many as there are versions in the rings: a handful. */
const imported = new Map<string, CryptoKey>();

async function hmacKey(keyText: string): Promise<CryptoKey> {
  let key = imported.get(keyText);
  if (key === undefined) {
    key = await crypto.subtle.importKey("raw", keyBytes(keyText), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    imported.set(keyText, key);
  }
  return key;
}

/**
 * HMAC-SHA-256 at full width (32 bytes) over `prefix`, a zero byte and `text`. The prefix names the purpose, so that one key never
 * gives the same value for two purposes; it holds no zero byte itself.
 *
 * @param keyText 32 bytes in base 64, as in `keys.ts`
 */
export async function hmac(keyText: string, prefix: string, text: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.sign("HMAC", await hmacKey(keyText), encoder.encode(`${prefix}\0${text}`)));
}

/** `hmac` as 64 lower-case hexadecimal digits: the form in which blind indexes are stored. */
export async function hmacHex(keyText: string, prefix: string, text: string): Promise<string> {
  let hex = "";
  for (const byte of await hmac(keyText, prefix, text)) hex += byte.toString(16).padStart(2, "0");
  return hex;
}

/** Compares in a time that depends on the length alone. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false;
  let difference = 0;
  for (let i = 0; i < a.byteLength; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}
