import type { PersonActor, Reader } from "../context";
import { API_KEY_PREFIX } from "../crypto/api-key";
import { regionalKeys } from "../crypto/keys";
import { type AccessToken, createVerifier, type PersonToken, type Rings, type Verifier } from "../crypto/tokens";
import { type Problem, problem } from "../problem";
import { keyRingOf, type RegionalSecrets } from "../region";
import { personOfApiKey } from "./api-keys";
import type { AppContext } from "./app-env";

/**
 * RFC 6750 §2.1; the scheme's name is case-insensitive (RFC 9110 §11.1). The padding that the syntax allows is left out: no token of ours
 * has any, and a token with some would be a second spelling of the same one.
 */
const BEARER = /^bearer +([A-Za-z0-9._~+/-]+)$/i;

type TokenEnv = RegionalSecrets & { readonly ORIGIN: string };

/**
 * Who asks, from the bearer token or API key of a request: a signed-in person or a machine client. Problem `unauthenticated` without a
 * genuine one, `token_expired` past its time, `forbidden` where a key does not allow the call. Says nothing about the revocation of
 * tokens: the vault, or the guard in the route's D1 batch, refuses ended sessions and revoked clients.
 */
export function authenticateReader(c: AppContext): Reader | Promise<Reader> {
  const header = c.req.header("authorization");
  // Nearly every request brings a token that was seen before: those neither wait nor have their syntax read again.
  if (header?.startsWith("Bearer ") === true) {
    const known = verifierOf(c.env).recall(header.slice("Bearer ".length), c.get("now")());
    if (known !== undefined) return whereApps(c, known.actor);
  }
  const text = bearerIn(header);
  if (text.startsWith(API_KEY_PREFIX)) return personOfApiKey(c, text);
  return verified(c, text).then(({ actor }) => whereApps(c, actor));
}

/** Where apps get with the tokens that people let them have; the vault holds each within its reach. */
const OF_APPS = "/fhir/r4/";

function whereApps(c: AppContext, actor: Reader): Reader {
  if (actor.kind === "person" && actor.reach !== undefined && !c.req.path.startsWith(OF_APPS)) {
    throw problem("forbidden", "The access token of an app opens the FHIR API alone.");
  }
  return actor;
}

/** The signed-in person of a request; as `authenticateReader`, and problem `forbidden` for a machine client. */
export function authenticate(c: AppContext): PersonActor | Promise<PersonActor> {
  const reader = authenticateReader(c);
  return reader instanceof Promise ? reader.then(asPerson) : asPerson(reader);
}

/** The whole verified token of a person, for the few places that need its scope, assurance or authentication time. */
export async function bearerToken(c: AppContext): Promise<PersonToken> {
  const token = await verified(c, bearerOf(c));
  if ("client" in token) throw forPeople();
  whereApps(c, token.actor);
  return token;
}

/** What is in a token that somebody holds, or undefined where it is not genuine or has expired. */
export async function inspectToken(c: AppContext, text: string): Promise<AccessToken | undefined> {
  return await verified(c, text).catch(() => undefined);
}

function bearerOf(c: AppContext): string {
  return bearerIn(c.req.header("authorization"));
}

function bearerIn(header: string | undefined): string {
  const text = BEARER.exec(header ?? "")?.[1];
  if (text === undefined) throw problem("unauthenticated");
  return text;
}

async function verified(c: AppContext, text: string): Promise<AccessToken> {
  return await verifierOf(c.env).verify(text, c.get("now")());
}

function asPerson(reader: Reader): PersonActor {
  if (reader.kind !== "person") throw forPeople();
  return reader;
}

function forPeople(): Problem {
  return problem("forbidden", "This call is for people, not for machine clients.");
}

/** The key rings of all regions, parsed once per isolate. */
export function ringsOf(env: RegionalSecrets): Rings {
  return { eu: regionalKeys(keyRingOf(env, "eu")), us: regionalKeys(keyRingOf(env, "us")), ap: regionalKeys(keyRingOf(env, "ap")) };
}

let latest: { readonly rings: Rings; readonly origin: string; readonly verifier: Verifier } | undefined;

/** One verifier, and so one cache of tokens, per isolate; a new one where secrets have changed under it. */
function verifierOf(env: TokenEnv): Verifier {
  const rings = ringsOf(env);
  const { eu, us, ap } = rings;
  if (latest?.origin !== env.ORIGIN || latest.rings.eu !== eu || latest.rings.us !== us || latest.rings.ap !== ap) {
    latest = { rings, origin: env.ORIGIN, verifier: createVerifier(env.ORIGIN, rings) };
  }
  return latest.verifier;
}
