import { importJWK, SignJWT } from "jose";
import type { AppId, PersonId } from "../id";
import { REGIONS } from "../region";
import { currentKey, type IdentityKey, type RegionalKeys } from "./keys";
import { ACCESS_TOKEN_S, type Rings } from "./tokens";

const ALGORITHM = "RS256";

/** What an id token says to an app about the person who let it in (OpenID Connect Core §2). */
export interface IdentityClaims {
  readonly person: PersonId;
  readonly app: AppId;
  readonly nonce: string | undefined;
  /** Absolute URL of the person's Patient, where the app may know it. */
  readonly fhirUser: string | undefined;
  /** Epoch seconds. */
  readonly authTime: number;
  readonly amr: readonly string[];
  readonly acr: string;
}

/** Whether every region can sign id tokens: before that nobody is told of them. */
export function canIdentify(rings: Rings): boolean {
  return REGIONS.every((region) => rings[region].identity !== undefined);
}

/** Signs an id token with the current key of the person's region. One issuer for all regions: an app reads it before it knows whose it is. */
export async function signIdentityToken(issuer: string, ring: RegionalKeys, claims: IdentityClaims, now: number): Promise<string> {
  if (ring.identity === undefined) throw new TypeError("the region has no key for id tokens");
  const { key } = currentKey(ring.identity);
  const issuedAt = Math.floor(now / 1000);
  const { nonce, fhirUser, authTime, amr, acr } = claims;
  return await new SignJWT({
    auth_time: authTime,
    amr: [...amr],
    acr,
    ...(nonce !== undefined && { nonce }),
    ...(fhirUser !== undefined && { fhirUser }),
  })
    .setProtectedHeader({ alg: ALGORITHM, typ: "JWT", kid: key.kid })
    .setIssuer(issuer)
    .setAudience(claims.app)
    .setSubject(claims.person)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ACCESS_TOKEN_S)
    .sign(await privateHalf(key));
}

/** The public halves of all regions, for the key set. */
export function identityKeySet(rings: Rings) {
  const keys = REGIONS.flatMap((region) => Object.values(rings[region].identity?.keys ?? {}));
  return keys.map(({ kty, n, e, kid }) => ({ kty, n, e, kid, alg: ALGORITHM, use: "sig" }));
}

/** Imported keys of this isolate. Holds resolved keys, since promises must not cross requests. */
const imported = new Map<string, CryptoKey>();

async function privateHalf(key: IdentityKey): Promise<CryptoKey> {
  let found = imported.get(key.d);
  if (found === undefined) {
    const { kid: _kid, ...numbers } = key;
    const made = await importJWK(numbers, ALGORITHM);
    if (made instanceof Uint8Array) throw new TypeError("an identity key is not asymmetric");
    found = made;
    imported.set(key.d, found);
  }
  return found;
}
