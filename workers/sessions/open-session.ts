import { ACCESS_TOKEN_S, type AccessClaims, FIRST_PARTY, signAccessToken } from "../../shared/crypto/tokens";
import { sealRefreshToken } from "../../shared/crypto/refresh-token";
import { hasTombstone } from "../../shared/erasure/tombstones";
import { shortened } from "../../shared/http/network";
import { type Id, newId, type PersonId, regionOf, type SessionId } from "../../shared/id";
import { problem } from "../../shared/problem";
import { FIRST_PARTY_SCOPE, LIMITS, strictest } from "./lifetimes";
import type { SessionPorts } from "./ports";
import type { Tokens } from "./schemas";

/** How the person proved who they are, and from where. */
export interface SignIn {
  readonly person: PersonId;
  readonly amr: readonly string[];
  readonly acr: AccessClaims["acr"];
  /** The client's own name for itself, cut to a label. */
  readonly device: string | undefined;
  /** Network of the client; what is kept of it is shortened further. */
  readonly network: string | undefined;
  /** The stored password that was proven: the session opens only while it is still the one. */
  readonly passwordHash: string;
  /** The identity at a provider that was proven: the session opens only while it is linked. */
  readonly identity?: Id<"identity"> | undefined;
  /** When they proved who they are, in epoch milliseconds, where that was not now. */
  readonly provenAt?: number | undefined;
}

export interface OpenedSession {
  readonly session: SessionId;
  /** Writes the row; changes no row where the password has been replaced, a second factor confirmed, or the identity unlinked meanwhile, or where the person is leaving for another region. The tokens are worth nothing before it has run. */
  readonly statement: D1PreparedStatement;
  readonly tokens: Tokens;
}

const INSERT = `
insert into sessions (id, person_id, client_id, scope, device, address, amr, acr, auth_time, created_at, rotated_at, last_used_at, idle_expiry, absolute_expiry, refresh_key)
select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?12, ?9, ?9, ?9,
  ?9 + min(${strictest("idleMs", "?10", "?2")}, ${strictest("absoluteMs", "?10", "?2")}), ?9 + ${strictest("absoluteMs", "?10", "?2")}, ?14
where exists (select 1 from credentials where person_id = ?2 and password_hash = ?11)
  and (?13 is null or exists (select 1 from identities where id = ?13 and person_id = ?2))
  and not exists (select 1 from moves where person_id = ?2 and state = 'switching')
  and (?8 = 'aal2' or not exists (select 1 from totp where person_id = ?2 and confirmed_at is not null))`;

/**
 * Prepares a session in the person's region, to be written in the caller's own D1 batch. Problem `invalid_credentials` for a person who was
 * erased, whatever an old copy of the records says.
 */
export async function openSession(ports: SessionPorts, signIn: SignIn): Promise<OpenedSession> {
  const now = ports.now();
  const provenAt = signIn.provenAt ?? now;
  const region = regionOf(signIn.person);
  const { records, files, keys } = ports.stores(region);
  if (await hasTombstone(files, keys, signIn.person)) throw problem("invalid_credentials");
  const session = newId("session", region, now, ports.random);
  const statement = records
    .prepare(INSERT)
    .bind(
      session,
      signIn.person,
      FIRST_PARTY,
      FIRST_PARTY_SCOPE,
      signIn.device ?? null,
      signIn.network === undefined ? null : shortened(signIn.network),
      signIn.amr.join(" "),
      signIn.acr,
      now,
      LIMITS,
      signIn.passwordHash,
      provenAt,
      signIn.identity ?? null,
      keys.refresh.current,
    );
  const claims: AccessClaims = {
    person: signIn.person,
    session,
    clientId: FIRST_PARTY,
    scope: FIRST_PARTY_SCOPE,
    authTime: Math.floor(provenAt / 1000),
    amr: signIn.amr,
    acr: signIn.acr,
  };
  const tokens: Tokens = {
    accessToken: await signAccessToken(ports.origin, keys, claims, now, ports.random),
    refreshToken: await sealRefreshToken(keys, session, 0),
    expiresIn: ACCESS_TOKEN_S,
  };
  return { session, statement, tokens };
}
