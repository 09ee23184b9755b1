import { MINUTE_MS } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { sha256Base64Url } from "../../shared/crypto/sha256";
import { regionOf } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import { requireSession, sessionGuard } from "../sessions";
import { keepFlow, type Purpose, secretsOf } from "./flows";
import { callbackUrl, type IdentityPorts, providerOf } from "./ports";
import type { ProviderAccess } from "./provider-access";
import { PROVIDER_IDS, type ProviderId } from "./providers";

/** For so long somebody may stay at the provider. */
const FLOW_MS = 10 * MINUTE_MS;

export interface BeginFlow {
  readonly provider: string;
  readonly challenge: string;
  readonly returnTo: string;
}

export interface BegunFlow {
  readonly authorizeUrl: string;
  readonly expiresAt: string;
}

/** Begins to sign in at a provider. Problems: `not_found` for one that is not set up here, `invalid` for an address that is not allowed. */
export async function beginSignIn(ports: IdentityPorts, input: BeginFlow): Promise<BegunFlow> {
  return await begin(ports, "sign_in", input, undefined);
}

/**
 * Begins to link an account at a provider to the person's own, bound to person and session. Problem `conflict` where one of this
 * provider is linked already.
 */
export async function beginLink(ports: IdentityPorts, actor: PersonActor, input: BeginFlow): Promise<BegunFlow> {
  if (await hasIdentity(ports, actor, input.provider)) throw problem("conflict", "An account of this provider is linked already.");
  return await begin(ports, "link", input, actor);
}

/** Begins to prove anew who holds a session, at a provider whose account is linked. Problem `not_found` where none is. */
export async function beginProof(ports: IdentityPorts, actor: PersonActor, input: BeginFlow): Promise<BegunFlow> {
  if (!(await hasIdentity(ports, actor, input.provider))) throw notFound("linked account of this provider");
  return await begin(ports, "prove", input, actor);
}

/** The session is checked before anything is said. */
async function hasIdentity(ports: IdentityPorts, actor: PersonActor, provider: string): Promise<boolean> {
  const { records } = ports.stores(regionOf(actor.person));
  const [guard, rows] = await records.batch([
    sessionGuard(records, actor, ports.now()),
    records.prepare("select 1 from identities where person_id = ? and provider = ?").bind(actor.person, provider),
  ]);
  requireSession(guard);
  return rows !== undefined && rows.results.length > 0;
}

async function begin(ports: IdentityPorts, purpose: Purpose, input: BeginFlow, actor: PersonActor | undefined): Promise<BegunFlow> {
  const access = providerOf(ports, knownProvider(input.provider));
  if (!ports.mayReturnTo(input.returnTo)) {
    const message = "It is not among the allowed addresses.";
    throw problem("invalid", undefined, { errors: [{ pointer: "/returnTo", code: "address_not_allowed", message }] });
  }
  const expiresAt = ports.now() + FLOW_MS;
  const state = await keepFlow(ports, {
    provider: access.provider.id,
    purpose,
    challenge: input.challenge,
    returnTo: input.returnTo,
    person: actor?.person,
    session: actor?.session,
    lifeMs: FLOW_MS,
  });
  return { authorizeUrl: await authorizeUrl(ports, access, state, purpose), expiresAt: new Date(expiresAt).toISOString() };
}

/** The provider that a path names. Problem `not_found`. */
export function knownProvider(text: string): ProviderId {
  const found = PROVIDER_IDS.find((id) => id === text);
  if (found === undefined) throw notFound("sign-in provider");
  return found;
}

async function authorizeUrl(ports: IdentityPorts, access: ProviderAccess, state: string, purpose: Purpose): Promise<string> {
  const { keys } = ports.directory;
  const secrets = await secretsOf(keys, keys.email.current, state);
  if (secrets === undefined) throw new TypeError("the key ring has no current key");
  const { provider, clientId } = access;
  const url = new URL(access.authorizeUrl);
  const query = {
    response_type: "code",
    response_mode: provider.responseMode,
    client_id: clientId,
    redirect_uri: callbackUrl(ports, provider.id),
    scope: provider.scopes.join(" "),
    state,
    nonce: secrets.nonce,
    code_challenge: await sha256Base64Url(secrets.verifier),
    code_challenge_method: "S256",
    ...(purpose === "prove" ? provider.proveAnew : {}),
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}
