import { decodeProtectedHeader, errors, importJWK, type JWTPayload, jwtVerify, SignJWT } from "jose";
import * as z from "zod";
import type { ClientActor, PersonActor } from "../context";
import { reachOf, reachOfOthers, scopesOf } from "../fhir/scopes";
import { type ClientId, parseId, type PersonId, type RandomBytes, regionOf, type SessionId } from "../id";
import { meaningOf, scopesIn } from "../policy/scopes";
import { problem } from "../problem";
import { REGIONS, type Region } from "../region";
import { toBase64Url } from "./base64url";
import { currentKey, type RegionalKeys, type SigningKey } from "./keys";

/**
 * Access tokens: JWT of type `at+jwt` (RFC 9068), ES256, five minutes. Every region signs with its own keys under its own issuer, and
 * says so in `kid`; region, issuer and key of a token are looked up by `kid` in an allow-list built from the key rings, never taken
 * from the token.
 */
export const ACCESS_TOKEN_S = 300;
/** Seconds by which the clocks of issuer and verifier may differ. */
export const CLOCK_TOLERANCE_S = 5;
/** The client of first-party tokens. */
export const FIRST_PARTY = "meridian";
const ALGORITHM = "ES256";
const TYPE = "at+jwt";
const MAX_TOKEN_LENGTH = 4096;
const CACHED_TOKENS = 5_000;

export type Rings = Readonly<Record<Region, RegionalKeys>>;

/** What an access token says about its bearer. */
export interface AccessClaims {
  readonly person: PersonId;
  readonly session: SessionId;
  readonly clientId: string;
  /** Space-separated, as in OAuth. */
  readonly scope: string;
  /** Epoch seconds at which the person proved who they are. */
  readonly authTime: number;
  /** Authentication methods, RFC 8176. */
  readonly amr: readonly string[];
  /** Authentication assurance level of NIST SP 800-63B. */
  readonly acr: "aal1" | "aal2";
}

/** What the access token of a machine client says: nobody's session, but the client itself. */
export interface ClientClaims {
  readonly client: ClientId;
  /** Space-separated, as in OAuth. */
  readonly scope: string;
}

interface Verified {
  readonly region: Region;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/** A verified token of a person. */
export interface PersonToken extends AccessClaims, Verified {
  readonly actor: PersonActor;
}

/** A verified token of a machine client. */
export interface ClientToken extends ClientClaims, Verified {
  readonly actor: ClientActor;
  /** Epoch seconds. */
  readonly issuedAt: number;
}

export type AccessToken = PersonToken | ClientToken;

/** The issuer of a region: the API's origin and the region as path. */
export function issuerOf(origin: string, region: Region): string {
  return `${origin}/${region}`;
}

/** Signs an access token with the current key of the person's region; valid for `ACCESS_TOKEN_S` from `now` (epoch ms). */
export async function signAccessToken(
  origin: string,
  ring: RegionalKeys,
  claims: AccessClaims,
  now: number,
  random: RandomBytes,
): Promise<string> {
  const payload = {
    client_id: claims.clientId,
    sid: claims.session,
    scope: claims.scope,
    auth_time: claims.authTime,
    amr: [...claims.amr],
    acr: claims.acr,
  };
  return await signed(origin, ring, claims.person, payload, now, random);
}

/** Signs an access token of a machine client with the current key of its region; valid for `ACCESS_TOKEN_S` from `now` (epoch ms). */
export async function signClientToken(
  origin: string,
  ring: RegionalKeys,
  { client, scope }: ClientClaims,
  now: number,
  random: RandomBytes,
): Promise<string> {
  return await signed(origin, ring, client, { client_id: client, scope }, now, random);
}

async function signed(
  origin: string,
  ring: RegionalKeys,
  subject: PersonId | ClientId,
  payload: JWTPayload,
  now: number,
  random: RandomBytes,
): Promise<string> {
  const { key: signing } = currentKey(ring.signing);
  const issuedAt = Math.floor(now / 1000);
  return await new SignJWT(payload)
    .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: signing.kid })
    .setIssuer(issuerOf(origin, regionOf(subject)))
    .setAudience(origin)
    .setSubject(subject)
    .setJti(toBase64Url(random(new Uint8Array(16))))
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ACCESS_TOKEN_S)
    .sign(await imported(signing, "private"));
}

/** A client speaks for itself: subject and client are one, and there is no session. */
const clientClaimsSchema = z.object({
  sub: z.string(),
  sid: z.never().optional(),
  client_id: z.string(),
  scope: z.string(),
  jti: z.string(),
  iat: z.number(),
  exp: z.number(),
});

const claimsSchema = z.object({
  sub: z.string(),
  sid: z.string(),
  client_id: z.string(),
  scope: z.string(),
  auth_time: z.number().int(),
  amr: z.array(z.string()),
  acr: z.enum(["aal1", "aal2"]),
  exp: z.number(),
});

export interface Verifier {
  /**
   * The verified content of a token at `now` (epoch ms). Problem `token_expired` for a genuine token past its time, `unauthenticated`
   * for anything else that is wrong with it.
   */
  verify(token: string, now: number): Promise<AccessToken>;
  /** What `verify` has found before, at once; undefined for a token it has not seen. Problem `token_expired`. */
  recall(token: string, now: number): AccessToken | undefined;
}

/**
 * A verifier over all regions, with a bounded cache of tokens that have passed, dropped oldest first: none lives longer than five minutes. The cache is keyed by the
 * token text itself: a digest would cost more than the rest of the hot path, and the text lies in the isolate's memory during the
 * request anyway. It holds nothing about revocation, which is checked where the data is.
 */
export function createVerifier(origin: string, rings: Rings): Verifier {
  const issuers = new Map<string, { region: Region; signing: SigningKey }>();
  for (const region of REGIONS) {
    for (const signing of Object.values(rings[region].signing.keys)) {
      if (issuers.has(signing.kid)) throw new TypeError("two signing keys share a kid");
      issuers.set(signing.kid, { region, signing });
    }
  }
  const passed = new Map<string, AccessToken>();

  async function verifyAfresh(token: string, now: number): Promise<AccessToken> {
    const { kid } = decodeProtectedHeader(token);
    const issuer = typeof kid === "string" ? issuers.get(kid) : undefined;
    if (issuer === undefined) throw problem("unauthenticated");
    const { payload } = await jwtVerify(token, await imported(issuer.signing, "public"), {
      algorithms: [ALGORITHM],
      issuer: issuerOf(origin, issuer.region),
      audience: origin,
      typ: TYPE,
      clockTolerance: CLOCK_TOLERANCE_S,
      maxTokenAge: ACCESS_TOKEN_S,
      requiredClaims: ["exp", "jti"],
      currentDate: new Date(now),
    });
    return accessToken(payload, issuer.region);
  }

  /** A token that has passed before. Throws `token_expired`. */
  function recall(token: string, now: number): AccessToken | undefined {
    const known = passed.get(token);
    if (known === undefined || known.expiresAt + CLOCK_TOLERANCE_S > Math.floor(now / 1000)) return known;
    passed.delete(token);
    throw problem("token_expired");
  }

  return {
    recall,
    async verify(token, now) {
      const known = recall(token, now);
      if (known !== undefined) return known;
      if (token.length > MAX_TOKEN_LENGTH) throw problem("unauthenticated");
      let fresh: AccessToken;
      try {
        fresh = await verifyAfresh(token, now);
      } catch (error) {
        throw problem(error instanceof errors.JWTExpired ? "token_expired" : "unauthenticated");
      }
      if (passed.size >= CACHED_TOKENS)
        for (const [oldest] of passed) {
          passed.delete(oldest);
          break;
        }
      passed.set(token, fresh);
      return fresh;
    },
  };
}

/** The JSON Web Key Set of all regions: public halves only, older versions included as long as they are in a ring. */
export function publicKeySet(rings: Rings) {
  const keys = REGIONS.flatMap((region) => Object.values(rings[region].signing.keys));
  return { keys: keys.map((signing) => ({ ...publicHalf(signing), kid: signing.kid, alg: ALGORITHM, use: "sig" })) };
}

/** All parts of a token must name the same region; a mixture was never issued. */
function accessToken(payload: JWTPayload, region: Region): AccessToken {
  return parseId("client", payload.sub ?? "") === undefined ? personToken(payload, region) : clientToken(payload, region);
}

function clientToken(payload: JWTPayload, region: Region): ClientToken {
  const { sub, client_id, scope, jti, iat, exp } = clientClaimsSchema.parse(payload);
  const client = parseId("client", sub);
  if (client === undefined || client_id !== client || regionOf(client) !== region) throw problem("unauthenticated");
  const names = Object.freeze(scopesIn(scope));
  const actor: ClientActor = Object.freeze({ kind: "client", client, token: jti, scopes: Object.freeze(meaningOf(names)), names });
  return { region, client, scope, issuedAt: iat, expiresAt: exp, actor };
}

function personToken(payload: JWTPayload, region: Region): PersonToken {
  const claims = claimsSchema.parse(payload);
  const person = parseId("person", claims.sub);
  const session = parseId("session", claims.sid);
  if (person === undefined || session === undefined || regionOf(person) !== region || regionOf(session) !== region)
    throw problem("unauthenticated");
  return {
    region,
    person,
    session,
    clientId: claims.client_id,
    scope: claims.scope,
    authTime: claims.auth_time,
    amr: claims.amr,
    acr: claims.acr,
    expiresAt: claims.exp,
    actor: Object.freeze({ kind: "person", person, session, ...reachIn(claims) }),
  };
}

/** The limits of an app's token; a token of the first-party client has none, and one of anybody else gets nowhere. */
function reachIn({
  client_id,
  scope,
}: {
  readonly client_id: string;
  readonly scope: string;
}): Pick<PersonActor, "reach" | "reachOfOthers"> {
  if (client_id === FIRST_PARTY) return {};
  const scopes = scopesOf(scope);
  return { reach: reachOf(scopes), reachOfOthers: reachOfOthers(scopes) };
}

/** Imported keys of this isolate, by the private half's text. Holds resolved keys, since promises must not cross requests. */
const keyCache = new Map<string, CryptoKey>();

async function imported(signing: SigningKey, half: "private" | "public"): Promise<CryptoKey> {
  const name = `${half} ${signing.d}`;
  let key = keyCache.get(name);
  if (key === undefined) {
    const jwk = half === "private" ? { ...publicHalf(signing), d: signing.d } : publicHalf(signing);
    const made = await importJWK(jwk, ALGORITHM);
    if (made instanceof Uint8Array) throw new TypeError("a signing key is not asymmetric");
    key = made;
    keyCache.set(name, key);
  }
  return key;
}

function publicHalf({ kty, crv, x, y }: SigningKey) {
  return { kty, crv, x, y };
}
