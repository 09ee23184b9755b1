import { type RandomBytes, systemRandom } from "../id";
import { fromBase64Url, toBase64Url } from "./base64url";
import { currentKey, keyBytes, keyOf, type RegionalKeys } from "./keys";

const IV_BYTES = 12;
const KEY_BYTES = 32;
const FORMAT = "v1";
const encoder = new TextEncoder();
/** The beginning of sealed bytes. */
const MARK = encoder.encode("MRDNSEALv1\n");

/** A person's key. `version` is its own, which a rotation of the region's key leaves as it is. */
export interface SealingKey {
  readonly version: string;
  readonly key: CryptoKey;
}

/** Where a sealed value lies. It opens there and nowhere else. */
export interface SealedPlace {
  readonly table: string;
  readonly column: string;
  readonly row: string;
}

/** A person's key as it is stored: the version of the region's key that wraps it, and the wrapped bytes. */
export interface WrappedKey {
  readonly version: string;
  readonly wrapped: string;
}

/** A sealed value or wrapped key that does not open: altered, moved, or under a key that is gone. */
export class SealBroken extends Error {
  override readonly name = "SealBroken";
}

/** Seals a text for its place: `v1.<iv>.<cipher text>`, AES-256-GCM with a random 96-bit IV. */
export async function seal(key: SealingKey, place: SealedPlace, text: string, random: RandomBytes = systemRandom): Promise<string> {
  return await encrypt(key.key, aadOf(place, key.version), new Uint8Array(encoder.encode(text)), random);
}

/** Opens a sealed text in its place; throws `SealBroken`. */
export async function unseal(key: SealingKey, place: SealedPlace, sealed: string): Promise<string> {
  return new TextDecoder().decode(await decrypt(key.key, aadOf(place, key.version), sealed));
}

/** Seals bytes for their place: a mark, the random 96-bit IV, and the AES-256-GCM cipher text. In memory whole, twice for a moment. */
export async function sealBytes(
  key: SealingKey,
  place: SealedPlace,
  bytes: Uint8Array<ArrayBuffer>,
  random: RandomBytes = systemRandom,
): Promise<Uint8Array<ArrayBuffer>> {
  const iv = random(new Uint8Array(IV_BYTES));
  const cipher = new Uint8Array(
    await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: encoder.encode(aadOf(place, key.version)) }, key.key, bytes),
  );
  const sealed = new Uint8Array(MARK.length + IV_BYTES + cipher.length);
  sealed.set(MARK);
  sealed.set(iv, MARK.length);
  sealed.set(cipher, MARK.length + IV_BYTES);
  return sealed;
}

/** Opens sealed bytes in their place; throws `SealBroken`. */
export async function unsealBytes(key: SealingKey, place: SealedPlace, sealed: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  if (!isSealed(sealed)) throw new SealBroken("not a sealed file");
  const iv = sealed.subarray(MARK.length, MARK.length + IV_BYTES);
  const algorithm = { name: "AES-GCM", iv, additionalData: encoder.encode(aadOf(place, key.version)) };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, key.key, sealed.subarray(MARK.length + IV_BYTES)));
  } catch {
    throw new SealBroken("the seal does not open here");
  }
}

/** Whether bytes bear the mark of sealed ones. */
export function isSealed(bytes: Uint8Array): boolean {
  return bytes.length > MARK.length + IV_BYTES && MARK.every((byte, i) => bytes[i] === byte);
}

/** A fresh key for a person, wrapped by the region's current key and bound to the person. */
export async function newPersonKey(ring: RegionalKeys, person: string, random: RandomBytes = systemRandom): Promise<WrappedKey> {
  return await wrap(ring, person, random(new Uint8Array(KEY_BYTES)), random);
}

/** The person's key; throws `SealBroken` where it was made for somebody else or its wrapping key is gone. */
export async function openPersonKey(ring: RegionalKeys, person: string, stored: WrappedKey): Promise<SealingKey> {
  const key = await crypto.subtle.importKey("raw", await unwrap(ring, person, stored), "AES-GCM", false, ["encrypt", "decrypt"]);
  return { version: "1", key };
}

/** The same key under the region's current wrapping key, or undefined where it is under it already. Sealed values stay as they are. */
export async function rewrapPersonKey(
  ring: RegionalKeys,
  person: string,
  stored: WrappedKey,
  random: RandomBytes = systemRandom,
): Promise<WrappedKey | undefined> {
  if (stored.version === ring.wrapping.current) return undefined;
  return await wrap(ring, person, await unwrap(ring, person, stored), random);
}

async function wrap(ring: RegionalKeys, person: string, bytes: Uint8Array<ArrayBuffer>, random: RandomBytes): Promise<WrappedKey> {
  const { version, key } = currentKey(ring.wrapping);
  return { version, wrapped: await encrypt(await wrappingKey(key), `dek|${person}|${version}`, bytes, random) };
}

async function unwrap(ring: RegionalKeys, person: string, stored: WrappedKey): Promise<Uint8Array<ArrayBuffer>> {
  const key = keyOf(ring.wrapping, stored.version);
  if (key === undefined) throw new SealBroken("the wrapping key is not in the ring");
  return await decrypt(await wrappingKey(key), `dek|${person}|${stored.version}`, stored.wrapped);
}

function wrappingKey(text: string): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", keyBytes(text), "AES-GCM", false, ["encrypt", "decrypt"]);
}

function aadOf({ table, column, row }: SealedPlace, version: string): string {
  return `${table}|${column}|${row}|${version}`;
}

async function encrypt(key: CryptoKey, aad: string, bytes: Uint8Array<ArrayBuffer>, random: RandomBytes): Promise<string> {
  const iv = random(new Uint8Array(IV_BYTES));
  const cipher = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: encoder.encode(aad) }, key, bytes);
  return `${FORMAT}.${toBase64Url(iv)}.${toBase64Url(new Uint8Array(cipher))}`;
}

async function decrypt(key: CryptoKey, aad: string, sealed: string): Promise<Uint8Array<ArrayBuffer>> {
  const [format, ivText = "", cipherText = "", extra] = sealed.split(".");
  const iv = fromBase64Url(ivText);
  const cipher = fromBase64Url(cipherText);
  if (format !== FORMAT || extra !== undefined || iv?.length !== IV_BYTES || cipher === undefined)
    throw new SealBroken("not a sealed value");
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: encoder.encode(aad) }, key, cipher));
  } catch {
    throw new SealBroken("the seal does not open here");
  }
}
