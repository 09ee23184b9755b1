import { type AssertionClaim, peekAssertion, proveAssertion } from "../../shared/crypto/client-assertion";
import { type ClientKey, clientKeySet } from "../../shared/crypto/client-keys";
import { CLOCK_TOLERANCE_S } from "../../shared/crypto/tokens";
import { type ClientId, regionOf } from "../../shared/id";
import { type Problem, problem } from "../../shared/problem";
import type { Region } from "../../shared/region";
import { FROM_LIVING_CLIENT, registeredScopes } from "./client-guard";
import { keysAt } from "./key-sets";
import { audiencesOf, type OAuthPorts } from "./oauth-ports";

/** RFC 7523 §2.2. */
export const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** A client that has proven itself. */
export interface ProvenClient {
  readonly client: ClientId;
  readonly region: Region;
  /** The scopes that it has registered. */
  readonly scopes: readonly string[];
}

interface Row {
  jwks: string | null;
  jwks_uri: string | null;
  scopes: string;
}

/**
 * Proves who asks, by the assertion in the form: the one place where clients authenticate, for every endpoint. The turn is counted before
 * a key is looked for. A client that is unknown or revoked, a wrong key, a wrong audience and a used assertion all look the same.
 *
 * Problems: `invalid_client`; `malformed` for a second way of authenticating beside it; `rate_limited`, `unavailable`, `wrong_region`.
 */
export async function authenticateClient(
  ports: OAuthPorts,
  form: ReadonlyMap<string, string>,
  authorization: string | undefined,
): Promise<ProvenClient> {
  const text = form.get("client_assertion");
  if (form.has("client_secret") || (text !== undefined && authorization !== undefined)) {
    throw problem("malformed", "Clients prove themselves with private_key_jwt, and with nothing beside it.");
  }
  const claim = text === undefined || form.get("client_assertion_type") !== ASSERTION_TYPE ? undefined : peekAssertion(text, "client");
  if (text === undefined || claim === undefined || (form.get("client_id") ?? claim.client) !== claim.client) throw refused();
  const { client } = claim;
  ports.refuseWrongHost(client);
  const region = regionOf(client);
  await limitProofs(ports, region);

  const { records } = ports.stores(region);
  const row = await records
    .prepare(`select clients.jwks, clients.jwks_uri, clients.scopes ${FROM_LIVING_CLIENT}`)
    .bind(client)
    .first<Row>();
  const keys = row === null ? [] : await keysFor(ports, row, claim);
  const now = ports.now();
  const proven = await proveAssertion(text, claim, keys, audiencesOf(ports.origin, region), now);
  if (row === null || proven === undefined) throw refused();

  const expiresAt = Math.ceil((proven.expiresAt + CLOCK_TOLERANCE_S) * 1000);
  const [used] = await records.batch([
    records
      .prepare(
        `insert into client_assertions (client_id, jti, expires_at) select clients.id, ?2, ?3 ${FROM_LIVING_CLIENT} on conflict do nothing`,
      )
      .bind(client, proven.jti, expiresAt),
    records.prepare("update clients set last_used_at = ?2 where id = ?1").bind(client, now),
  ]);
  if (used?.meta.changes !== 1) throw refused();
  return { client, region, scopes: registeredScopes(row.scopes) };
}

/** The keys that may have signed. An address in the assertion is never read, and must be the registered one. */
async function keysFor(ports: OAuthPorts, row: Row, { kid, jku }: AssertionClaim): Promise<readonly ClientKey[]> {
  if (jku !== undefined && jku !== row.jwks_uri) return [];
  if (row.jwks_uri !== null) return await keysAt(ports.keySets, row.jwks_uri, kid);
  return clientKeySet.parse(JSON.parse(row.jwks ?? "null")).keys;
}

/** Counts one proof of whoever asks in a region, before it is looked at. Problems `rate_limited`, `unavailable`. */
export async function limitProofs(ports: OAuthPorts, region: Region): Promise<void> {
  const turn = await ports.takeTurn(region).catch(() => undefined);
  if (turn === undefined) throw problem("unavailable", undefined, { retryAfter: 1 });
  if (!turn.allowed) throw problem("rate_limited", undefined, { retryAfter: Math.ceil(turn.retryAfterMs / 1000) });
}

function refused(): Problem {
  return problem("invalid_client");
}
