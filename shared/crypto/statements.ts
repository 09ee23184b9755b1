import { CompactSign, compactVerify, decodeProtectedHeader, importJWK } from "jose";
import { currentKey, type RegionalKeys, type SigningKey } from "./keys";

/**
 * Statements that anybody can verify with the published keys: compact JWS (RFC 7515), ES256, with a type of their own in the header, so
 * that none passes for an access token and no access token for one.
 */
const ALGORITHM = "ES256";

/** Signs a payload with the region's current key. `type` says what kind of statement it is. */
export async function signStatement(ring: RegionalKeys, type: string, payload: unknown): Promise<string> {
  const { key: signing } = currentKey(ring.signing);
  return await new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader({ alg: ALGORITHM, typ: type, kid: signing.kid })
    .sign(await imported(signing, "private"));
}

/** The payload of a genuine statement of this type by a key of the ring; undefined for anything else. */
export async function openStatement(ring: RegionalKeys, type: string, text: string): Promise<unknown> {
  try {
    const { kid, typ } = decodeProtectedHeader(text);
    const signing = Object.values(ring.signing.keys).find((key) => key.kid === kid);
    if (signing === undefined || typ !== type) return undefined;
    const { payload } = await compactVerify(text, await imported(signing, "public"), { algorithms: [ALGORITHM] });
    return JSON.parse(new TextDecoder().decode(payload)) as unknown;
  } catch {
    return undefined;
  }
}

/** Whether the ring still has the key that a statement names: one that was retired proves nothing any more, and refutes nothing either. */
export function knowsSigner(ring: RegionalKeys, text: string): boolean {
  try {
    const { kid } = decodeProtectedHeader(text);
    return Object.values(ring.signing.keys).some((key) => key.kid === kid);
  } catch {
    return true;
  }
}

async function imported({ kty, crv, x, y, d }: SigningKey, half: "private" | "public"): Promise<CryptoKey> {
  const key = await importJWK(half === "private" ? { kty, crv, x, y, d } : { kty, crv, x, y }, ALGORITHM);
  if (key instanceof Uint8Array) throw new TypeError("a signing key is not asymmetric");
  return key;
}
