import { CLOCK_TOLERANCE_S, issuerOf } from "../../shared/crypto/tokens";
import { isProblem } from "../../shared/problem";
import { actingClient } from "./client-guard";
import type { ProvenClient } from "./authenticate-client";
import type { OAuthPorts } from "./oauth-ports";
import type { Introspection } from "./oauth-schemas";

/**
 * What a token of a machine client is good for at this moment (RFC 7662). A token that is none, has expired or was revoked, and one of a
 * person, is not active, and nothing more is said about it.
 */
export async function introspectToken(ports: OAuthPorts, token: string): Promise<Introspection> {
  const found = await ports.inspect(token);
  if (found === undefined || !("client" in found)) return { active: false };
  const { client, region, scope, issuedAt, expiresAt, actor } = found;
  try {
    await actingClient(ports.stores(region).records, actor);
  } catch (error) {
    if (isProblem(error) && error.code === "session_ended") return { active: false };
    throw error;
  }
  return {
    active: true,
    scope,
    client_id: client,
    sub: client,
    token_type: "Bearer",
    iss: issuerOf(ports.origin, region),
    aud: ports.origin,
    iat: issuedAt,
    exp: expiresAt,
    jti: actor.token,
  };
}

/**
 * Revokes a client's own access token (RFC 7009), from its next use on. A token that is none, has expired, or is another's is left alone
 * and answered alike, so that nobody finds out anything.
 */
export async function revokeToken(ports: OAuthPorts, { client, region }: ProvenClient, token: string): Promise<void> {
  const found = await ports.inspect(token);
  if (found === undefined || !("client" in found) || found.client !== client) return;
  await ports
    .stores(region)
    .records.prepare("insert into revoked_client_tokens (jti, expires_at) values (?, ?) on conflict do nothing")
    .bind(found.actor.token, (found.expiresAt + CLOCK_TOLERANCE_S) * 1000)
    .run();
}
