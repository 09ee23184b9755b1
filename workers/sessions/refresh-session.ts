import { openRefreshToken, sealRefreshToken } from "../../shared/crypto/refresh-token";
import { ACCESS_TOKEN_S, FIRST_PARTY, signAccessToken } from "../../shared/crypto/tokens";
import { hasTombstone } from "../../shared/erasure/tombstones";
import { parseId } from "../../shared/id";
import { problem } from "../../shared/problem";
import { endSession } from "./end-session";
import { GRACE_MS, LIMITS, strictest } from "./lifetimes";
import type { SessionPorts } from "./ports";
import type { Tokens } from "./schemas";

interface SessionRow {
  person_id: string;
  client_id: string;
  scope: string;
  amr: string;
  acr: "aal1" | "aal2";
  auth_time: number;
  n: number;
  rotated_at: number;
  idle_expiry: number;
  absolute_expiry: number;
  revoked_at: number | null;
}

/** The end of the session under the roles of this moment, which may be stricter than those at the sign-in. */
const END = `min(absolute_expiry, created_at + ${strictest("absoluteMs", "?2", "sessions.person_id")})`;

const ROTATE = `
update sessions set n = n + 1, rotated_at = ?1, last_used_at = ?1, refresh_key = ?6, absolute_expiry = ${END},
  idle_expiry = min(?1 + ${strictest("idleMs", "?2", "sessions.person_id")}, ${END})
where id = ?3 and n = ?4 and client_id = ?5 and revoked_at is null and ${END} > ?1 and idle_expiry > ?1`;

/**
 * Redeems a refresh token for the next pair. A token that was redeemed less than `GRACE_MS` ago gets the same successor again; an older
 * one has been stolen or replayed, and ends the session for everybody. The MAC is checked before anything is read.
 *
 * Problems: `unauthenticated` for a text that no region of ours has issued, `session_ended` for everything else that fails.
 */
export async function refreshSession(ports: SessionPorts, text: string): Promise<Tokens> {
  const token = await openRefreshToken((region) => ports.stores(region).keys, text);
  if (token === undefined) throw problem("unauthenticated");
  const now = ports.now();
  const { records, files, keys } = ports.stores(token.region);
  const [rotated, found] = await records.batch<SessionRow>([
    records.prepare(ROTATE).bind(now, LIMITS, token.session, token.n, FIRST_PARTY, keys.refresh.current),
    records
      .prepare(
        "select person_id, client_id, scope, amr, acr, auth_time, n, rotated_at, idle_expiry, absolute_expiry, revoked_at from sessions where id = ?",
      )
      .bind(token.session),
  ]);
  const row = found?.results[0];
  const person = row === undefined ? undefined : parseId("person", row.person_id);
  if (row === undefined || person === undefined || row.client_id !== FIRST_PARTY) throw problem("session_ended");
  // An erased person's records may have come back with an old copy.
  if (await hasTombstone(files, keys, person)) throw problem("session_ended");

  if (rotated?.meta.changes !== 1) {
    if (row.revoked_at !== null || row.idle_expiry <= now || row.absolute_expiry <= now) throw problem("session_ended");
    // Ahead of the row: the records were restored from an older copy. Nobody has stolen anything.
    if (token.n >= row.n) throw problem("session_ended");
    const again = token.n === row.n - 1 && now < row.rotated_at + GRACE_MS;
    if (!again) {
      await endSession(ports, person, token.session, "refresh_replayed");
      ports.log({ event: "session", outcome: "refresh_replayed", region: token.region });
      throw problem("session_ended");
    }
  }

  const claims = {
    person,
    session: token.session,
    clientId: row.client_id,
    scope: row.scope,
    authTime: Math.floor(row.auth_time / 1000),
    amr: row.amr.split(" "),
    acr: row.acr,
  };
  return {
    accessToken: await signAccessToken(ports.origin, keys, claims, now, ports.random),
    refreshToken: await sealRefreshToken(keys, token.session, token.n + 1),
    expiresIn: ACCESS_TOKEN_S,
  };
}
