import { joined } from "../bytes";
import { importJWK, SignJWT } from "jose";
import { HOUR_MS } from "../clock";
import { type RandomBytes, systemRandom } from "../id";
import { fromBase64Url, toBase64Url } from "./base64url";

const CURVE = { name: "ECDH", namedCurve: "P-256" } as const;
const RECORD_SIZE = 4_096;
const SALT_BYTES = 16;
const AUTH_BYTES = 16;
const POINT_BYTES = 65;
const TAG_BYTES = 16;
/** What fits into the one record of a message: RFC 8291 §4 wants no more than 4,096 bytes as a whole. */
export const LONGEST_PUSH = RECORD_SIZE - SALT_BYTES - 4 - 1 - POINT_BYTES - TAG_BYTES - 1;
/** At most a day (RFC 8292 §2); half of it leaves room for clocks that are off. */
const TOKEN_MS = 12 * HOUR_MS;
const encoder = new TextEncoder();

/** A pair of P-256 keys, base 64 for URLs: the uncompressed point of 65 bytes, and the scalar of 32. */
export interface PointPair {
  readonly publicKey: string;
  readonly privateKey: string;
}

/** The keys of a browser's subscription, as it gives them: base 64 for URLs. */
export interface SubscriptionKeys {
  readonly p256dh: string;
  readonly auth: string;
}

/** Whether keys have the form that RFC 8291 wants: a point on the curve, and 16 bytes. */
export async function isSubscriptionKeys({ p256dh, auth }: SubscriptionKeys): Promise<boolean> {
  const point = fromBase64Url(p256dh);
  if (fromBase64Url(auth)?.length !== AUTH_BYTES || point?.length !== POINT_BYTES || point[0] !== 4) return false;
  try {
    await crypto.subtle.importKey("raw", point, CURVE, false, []);
    return true;
  } catch {
    return false;
  }
}

/**
 * Closes a message for a browser: RFC 8291 over RFC 8188, one record of `aes128gcm`. Throws a RangeError for more than `LONGEST_PUSH` bytes,
 * a TypeError for keys that are none.
 *
 * @param how key pair and salt of this one message; fresh ones unless a test gives them
 */
export async function encryptPush(
  { p256dh, auth }: SubscriptionKeys,
  message: Uint8Array<ArrayBuffer>,
  how: { readonly pair?: PointPair; readonly salt?: Uint8Array<ArrayBuffer>; readonly random?: RandomBytes } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const browser = fromBase64Url(p256dh);
  const secret = fromBase64Url(auth);
  if (browser?.length !== POINT_BYTES || secret?.length !== AUTH_BYTES) throw new TypeError("not the keys of a subscription");
  if (message.length > LONGEST_PUSH) throw new RangeError("the message does not fit into a record");
  const salt = how.salt ?? (how.random ?? systemRandom)(new Uint8Array(SALT_BYTES));
  const own = how.pair === undefined ? await freshPair() : await importPair(how.pair);
  const shared = await sharedSecret(own.privateKey, await crypto.subtle.importKey("raw", browser, CURVE, false, []));
  const { key, nonce } = await contentKeys(shared, secret, browser, own.point, salt);
  const padded = new Uint8Array(message.length + 1);
  padded.set(message);
  // The last record, without padding.
  padded[message.length] = 2;
  const cipher = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce }, key, padded));
  const head = new Uint8Array(SALT_BYTES + 5);
  head.set(salt);
  new DataView(head.buffer).setUint32(SALT_BYTES, RECORD_SIZE);
  head[SALT_BYTES + 4] = POINT_BYTES;
  return joined([head, own.point, cipher]);
}

/** Opens a message as the browser does: for stand-ins of browsers. Throws where it was closed for somebody else. */
export async function decryptPush(pair: PointPair, auth: string, body: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const secret = fromBase64Url(auth);
  const own = await importPair(pair);
  const salt = body.slice(0, SALT_BYTES);
  const [size, length] = [new DataView(body.buffer, body.byteOffset).getUint32(SALT_BYTES), body[SALT_BYTES + 4] ?? 0];
  const sender = body.slice(SALT_BYTES + 5, SALT_BYTES + 5 + length);
  const cipher = body.slice(SALT_BYTES + 5 + length);
  if (secret === undefined || length !== POINT_BYTES || cipher.length > size) throw new TypeError("not a message of RFC 8291");
  const shared = await sharedSecret(own.privateKey, await crypto.subtle.importKey("raw", sender, CURVE, false, []));
  const { key, nonce } = await contentKeys(shared, secret, own.point, sender, salt);
  const padded = new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv: nonce }, key, cipher));
  const end = padded.findLastIndex((byte) => byte !== 0);
  if (padded[end] !== 2) throw new TypeError("the record is not the last one");
  return padded.slice(0, end);
}

/**
 * The `Authorization` header by which a push service knows Meridian (RFC 8292): an ES256 token for the endpoint's origin, and the public
 * key. Good for twelve hours.
 *
 * @param subject `mailto:` or `https:`, where the push service's operators reach us
 */
export async function vapidHeader(pair: PointPair, endpoint: string, subject: string, now: number): Promise<string> {
  const key = await importJWK(jwkOf(pair), "ES256");
  const token = await new SignJWT({})
    .setProtectedHeader({ typ: "JWT", alg: "ES256" })
    .setAudience(new URL(endpoint).origin)
    .setExpirationTime(Math.floor((now + TOKEN_MS) / 1_000))
    .setSubject(subject)
    .sign(key);
  return `vapid t=${token}, k=${pair.publicKey}`;
}

/** A fresh pair of keys, for a deployment's VAPID keys or a stand-in's browser. */
export async function newPointPair(): Promise<PointPair> {
  // The generated pair's type depends on the algorithm, which is a pair's.
  const pair = (await crypto.subtle.generateKey(CURVE, true, ["deriveKey"])) as CryptoKeyPair;
  const jwk = (await crypto.subtle.exportKey("jwk", pair.privateKey)) as JsonWebKey;
  const point = new Uint8Array((await crypto.subtle.exportKey("raw", pair.publicKey)) as ArrayBuffer);
  return { publicKey: toBase64Url(point), privateKey: jwk.d ?? "" };
}

/** A pair as a JSON Web Key. Throws a TypeError for what is no point. */
export function jwkOf({ publicKey, privateKey }: PointPair): { kty: "EC"; crv: "P-256"; x: string; y: string; d: string } {
  const point = fromBase64Url(publicKey);
  if (point?.length !== POINT_BYTES) throw new TypeError("not a point of P-256");
  return { kty: "EC", crv: "P-256", x: toBase64Url(point.slice(1, 33)), y: toBase64Url(point.slice(33)), d: privateKey };
}

interface OwnKeys {
  readonly privateKey: CryptoKey;
  readonly point: Uint8Array<ArrayBuffer>;
}

async function freshPair(): Promise<OwnKeys> {
  const pair = (await crypto.subtle.generateKey(CURVE, true, ["deriveKey"])) as CryptoKeyPair;
  return { privateKey: pair.privateKey, point: new Uint8Array((await crypto.subtle.exportKey("raw", pair.publicKey)) as ArrayBuffer) };
}

async function importPair(pair: PointPair): Promise<OwnKeys> {
  const privateKey = await crypto.subtle.importKey("jwk", jwkOf(pair), CURVE, false, ["deriveKey"]);
  return { privateKey, point: fromBase64Url(pair.publicKey) ?? new Uint8Array(0) };
}

/** What both sides of a Diffie-Hellman exchange come to, taken out of a key that is derived from nothing else. */
async function sharedSecret(own: CryptoKey, other: CryptoKey): Promise<Uint8Array<ArrayBuffer>> {
  const target = { name: "HMAC", hash: "SHA-256", length: 256 } as const;
  const derived = await crypto.subtle.deriveKey({ name: "ECDH", public: other } as SubtleCryptoDeriveKeyAlgorithm, own, target, true, [
    "sign",
  ]);
  return new Uint8Array((await crypto.subtle.exportKey("raw", derived)) as ArrayBuffer);
}

/** Key and nonce of the content: HKDF by RFC 8291 §3.4. */
async function contentKeys(
  shared: Uint8Array<ArrayBuffer>,
  auth: Uint8Array<ArrayBuffer>,
  browser: Uint8Array<ArrayBuffer>,
  sender: Uint8Array<ArrayBuffer>,
  salt: Uint8Array<ArrayBuffer>,
): Promise<{ key: CryptoKey; nonce: Uint8Array<ArrayBuffer> }> {
  const ikm = await hkdf(auth, shared, joined([encoder.encode("WebPush: info\0"), browser, sender]), 32);
  const key = await hkdf(salt, ikm, encoder.encode("Content-Encoding: aes128gcm\0"), 16);
  const nonce = await hkdf(salt, ikm, encoder.encode("Content-Encoding: nonce\0"), 12);
  return { key: await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]), nonce };
}

/** HKDF-SHA-256 (RFC 5869) of at most one block. */
async function hkdf(
  salt: Uint8Array<ArrayBuffer>,
  ikm: Uint8Array<ArrayBuffer>,
  info: Uint8Array,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  return (await mac(await mac(salt, ikm), joined([info, Uint8Array.of(1)]))).slice(0, length);
}

async function mac(key: Uint8Array<ArrayBuffer>, data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, data));
}
