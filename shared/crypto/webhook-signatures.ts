/** Bytes of one coordinate or scalar of P-256. */
const SCALAR = 32;

/**
 * An ECDSA signature in DER (`SEQUENCE { INTEGER r, INTEGER s }`) as the `r‖s` that WebCrypto wants, or undefined where it is not
 * strict DER: one length form, minimal integers, nothing behind. Leniency would let one signature have many spellings.
 */
export function ecdsaFromDer(der: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  if (der[0] !== 0x30 || der[1] !== der.length - 2 || der.length > 72) return undefined;
  const raw = new Uint8Array(SCALAR * 2);
  let at = 2;
  for (let i = 0; i < 2; i++) {
    const length = der[at + 1];
    if (der[at] !== 0x02 || length === undefined || length === 0 || at + 2 + length > der.length) return undefined;
    const integer = der.subarray(at + 2, at + 2 + length);
    const [first = 0, second = 0] = integer;
    if (first > 0x7f) return undefined;
    if (first === 0 && (length === 1 || second < 0x80)) return undefined;
    const magnitude = first === 0 ? integer.subarray(1) : integer;
    if (magnitude.length > SCALAR) return undefined;
    raw.set(magnitude, SCALAR * (i + 1) - magnitude.length);
    at += 2 + length;
  }
  return at === der.length ? raw : undefined;
}

/** Imports a P-256 public key from its coordinates, which may carry leading zeros. Throws a TypeError for other lengths. */
export async function importP256(x: Uint8Array, y: Uint8Array): Promise<CryptoKey> {
  const point = new Uint8Array(1 + SCALAR * 2);
  point[0] = 0x04;
  point.set(coordinate(x), 1);
  point.set(coordinate(y), 1 + SCALAR);
  return crypto.subtle.importKey("raw", point, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
}

/** Verifies an ECDSA P-256 SHA-256 signature in DER over the exact bytes. False for anything that does not verify. */
export async function verifyEcdsaP256(key: CryptoKey, der: Uint8Array, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const raw = ecdsaFromDer(der);
  return raw !== undefined && (await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, raw, bytes));
}

function coordinate(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (bytes.length - start > SCALAR && bytes[start] === 0) start++;
  if (bytes.length - start > SCALAR) throw new TypeError("not a coordinate of P-256");
  const padded = new Uint8Array(SCALAR);
  padded.set(bytes.subarray(start), SCALAR - (bytes.length - start));
  return padded;
}
