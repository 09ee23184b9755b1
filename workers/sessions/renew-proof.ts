import type { PersonActor } from "../../shared/context";
import { ACCESS_TOKEN_S, type AccessClaims, signAccessToken } from "../../shared/crypto/tokens";
import { regionOf } from "../../shared/id";
import { LIVE_SESSION } from "./session-guard";
import type { SessionPorts } from "./ports";
import { problem } from "../../shared/problem";

/** An access token that says when and how its bearer last proved who they are. */
export interface FreshToken {
  readonly accessToken: string;
  /** Seconds. */
  readonly expiresIn: number;
}

/** Notes in the actor's session that they have just proven who they are, and how. Problem `session_ended` where it is over. */
export async function renewProof(ports: SessionPorts, actor: PersonActor, proof: Pick<AccessClaims, "amr" | "acr">): Promise<FreshToken> {
  const now = ports.now();
  const { records, keys } = ports.stores(regionOf(actor.person));
  const row = await records
    .prepare(`update sessions set auth_time = ?3, amr = ?4, acr = ?5 where id = ?1 and ${LIVE_SESSION} returning client_id, scope`)
    .bind(actor.session, actor.person, now, proof.amr.join(" "), proof.acr)
    .first<{ client_id: string; scope: string }>();
  if (row === null) throw problem("session_ended");
  const { person, session } = actor;
  const claims = { person, session, clientId: row.client_id, scope: row.scope, authTime: Math.floor(now / 1000), ...proof };
  return { accessToken: await signAccessToken(ports.origin, keys, claims, now, ports.random), expiresIn: ACCESS_TOKEN_S };
}
