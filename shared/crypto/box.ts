import { type RandomBytes, systemRandom } from "../id";
import { fromBase64Url, toBase64Url } from "./base64url";
import { hmac } from "./hmac";

const encoder = new TextEncoder();
const NONCE_BYTES = 12;

/** Derived keys of this isolate: one for each purpose and key version. */
const derived = new Map<string, CryptoKey>();

/**
 * Closes a short text (a cursor, a stored answer) with AES-256-GCM under a key derived for `purpose`, bound to `about`: it opens only
 * under the same purpose and the same `about`. Nonce and cipher text, base 64 for URLs.
 *
 * @param keyText 32 bytes in base 64, as in `keys.ts`
 */
export async function closeBox(
  keyText: string,
  purpose: string,
  about: string,
  text: string,
  random: RandomBytes = systemRandom,
): Promise<string> {
  const iv = random(new Uint8Array(NONCE_BYTES));
  const key = await purposeKey(keyText, purpose);
  const cipher = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: encoder.encode(about) }, key, encoder.encode(text));
  return `${toBase64Url(iv)}${toBase64Url(new Uint8Array(cipher))}`;
}

/** The text of a box, or undefined where it was altered, forged, or made for something else. */
export async function openBox(keyText: string, purpose: string, about: string, box: string): Promise<string | undefined> {
  // 12 bytes are 16 digits without a remainder, so nonce and cipher text part at a fixed place.
  const iv = fromBase64Url(box.slice(0, 16));
  const cipher = fromBase64Url(box.slice(16));
  if (iv?.byteLength !== NONCE_BYTES || cipher === undefined) return undefined;
  const key = await purposeKey(keyText, purpose);
  try {
    return new TextDecoder().decode(
      await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: encoder.encode(about) }, key, cipher),
    );
  } catch {
    return undefined;
  }
}

async function purposeKey(keyText: string, purpose: string): Promise<CryptoKey> {
  const name = `${purpose}\0${keyText}`;
  let key = derived.get(name);
  if (key === undefined) {
    key = await crypto.subtle.importKey("raw", await hmac(keyText, `box ${purpose}`, "1"), "AES-GCM", false, ["encrypt", "decrypt"]);
    derived.set(name, key);
  }
  return key;
}
