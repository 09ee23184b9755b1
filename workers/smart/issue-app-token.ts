import * as z from "zod";
import { HOUR_MS, DAY_MS } from "../../shared/clock";
import { signIdentityToken } from "../../shared/crypto/identity-tokens";
import { regionOfToken } from "../../shared/crypto/one-time-token";
import { openRefreshToken, sealRefreshToken } from "../../shared/crypto/refresh-token";
import { sha256Base64Url, sha256Hex } from "../../shared/crypto/sha256";
import { ACCESS_TOKEN_S, signAccessToken } from "../../shared/crypto/tokens";
import { hasTombstone } from "../../shared/erasure/tombstones";
import { patientId } from "../../shared/fhir/ids";
import { covers, says, scopesOf, scopeText, type SmartScope, within } from "../../shared/fhir/scopes";
import { parseId, type PersonId, regionOf, type SessionId } from "../../shared/id";
import { type Problem, problem } from "../../shared/problem";
import { required } from "../partners";
import { endSession } from "../sessions";
import { type App, findApp } from "./apps";
import { authenticateApp, type Form } from "./authenticate-app";
import type { SmartPorts } from "./ports";
import type { AppTokens } from "./token-schemas";

/** What a code stands for, from the decision to the exchange. */
export const codeSchema = z.object({
  app: z.string(),
  /** The session that the exchange opens, so that a replay finds it. */
  session: z.string(),
  /** The session in which the person decided. */
  by: z.string(),
  redirectUri: z.string(),
  challenge: z.string(),
  scope: z.string(),
  nonce: z.string().optional(),
  amr: z.string(),
  acr: z.enum(["aal1", "aal2"]),
  /** Epoch milliseconds. */
  authTime: z.number(),
  context: z.record(z.string(), z.unknown()).optional(),
});
export type Code = z.infer<typeof codeSchema>;

/** A used code is remembered for so long: whoever brings it again ends what it opened. */
const REMEMBERED_MS = HOUR_MS;
/** With `offline_access`: a person who does not use the app for four months decides anew. */
const OFFLINE = { idle: 120 * DAY_MS, absolute: 365 * DAY_MS } as const;
const ONLINE = { idle: 12 * HOUR_MS, absolute: 12 * HOUR_MS } as const;
/** Without a refresh token: as long as the one access token. */
const SHORT = { idle: ACCESS_TOKEN_S * 1000, absolute: ACCESS_TOKEN_S * 1000 } as const;
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;

const OPEN = `
insert into sessions (id, person_id, client_id, scope, device, amr, acr, auth_time, created_at, rotated_at, last_used_at, idle_expiry, absolute_expiry, refresh_key)
select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?9, ?10, ?11, ?12
where exists (select 1 from challenges where token_hash = ?13 and kind = 'apu')
  and exists (select 1 from sessions where id = ?14 and person_id = ?2 and revoked_at is null)
  and not exists (select 1 from moves where person_id = ?2 and state = 'switching')
  and not exists (select 1 from erasures where person_id = ?2 and state in ('waiting', 'running'))`;

/** Exchanges a code (RFC 6749 §4.1.3). Problems `invalid_client`, `malformed`, `invalid_grant`. */
export async function redeemCode(ports: SmartPorts, form: Form, authorization: string | undefined): Promise<AppTokens> {
  const app = await authenticateApp(ports, form, authorization);
  const text = required(form, "code");
  const verifier = form.get("code_verifier") ?? "";
  const region = regionOfToken("apc", text);
  if (region === undefined) throw refused();
  const { records, files, keys } = ports.stores(region);
  const hash = await sha256Hex(text);
  const now = ports.now();
  const row = await records
    .prepare(
      "update challenges set kind = 'apu', expires_at = ?3 where token_hash = ?1 and kind = 'apc' and expires_at > ?2 returning person_id, content",
    )
    .bind(hash, now, now + REMEMBERED_MS)
    .first<{ person_id: string; content: string }>();
  if (row === null) {
    await endReplayed(ports, records, hash);
    throw refused();
  }
  const person = parseId("person", row.person_id);
  const code = codeSchema.parse(JSON.parse(row.content));
  const session = parseId("session", code.session);
  const isOurs = code.app === app.id && code.redirectUri === form.get("redirect_uri");
  const isProven = VERIFIER.test(verifier) && (await sha256Base64Url(verifier)) === code.challenge;
  if (person === undefined || session === undefined || !isOurs || !isProven) throw refused();
  if (await hasTombstone(files, keys, person)) throw refused();

  const scopes = scopesOf(code.scope);
  const { idle, absolute } = lifetimeOf(scopes);
  const { meta } = await records
    .prepare(OPEN)
    .bind(
      session,
      person,
      app.id,
      code.scope,
      app.name,
      code.amr,
      code.acr,
      code.authTime,
      now,
      now + idle,
      now + absolute,
      keys.refresh.current,
      hash,
      code.by,
    )
    .run();
  if (meta.changes !== 1) throw refused();
  await tellOfGrant(ports, person, session, app);
  const opened = { app, person, session, granted: scopes, scopes, n: 0, amr: code.amr, acr: code.acr, authTime: code.authTime };
  return { ...(await tokensOf(ports, opened, code.nonce)), ...code.context };
}

/** The person hears of each grant once, by the app's name alone. A vault that is busy does not cost the app its tokens: it is told again. */
async function tellOfGrant(ports: SmartPorts, person: PersonId, session: SessionId, { id, name }: App): Promise<void> {
  const news = { type: "access", key: `app/${session}`, about: { app: id, session }, words: { who: name } } as const;
  try {
    await ports.vault(person).notify(news);
  } catch {
    ports.later(
      async () =>
        void (await ports
          .vault(person)
          .notify(news)
          .catch(() => undefined)),
    );
  }
}

/** A code that comes again was stolen, or is tried twice: what it opened ends (RFC 6749 §4.1.2). */
async function endReplayed(ports: SmartPorts, records: D1Database, hash: string): Promise<void> {
  const used = await records
    .prepare("update challenges set kind = 'apr' where token_hash = ?1 and kind = 'apu' returning person_id, content")
    .bind(hash)
    .first<{ person_id: string; content: string }>();
  if (used === null) return;
  const person = parseId("person", used.person_id);
  const session = parseId("session", codeSchema.parse(JSON.parse(used.content)).session);
  if (person !== undefined && session !== undefined) await endSession(ports, person, session, "code_replayed");
}

interface SessionRow {
  person_id: string;
  client_id: string;
  scope: string;
  amr: string;
  acr: "aal1" | "aal2";
  auth_time: number;
  n: number;
  idle_expiry: number;
  absolute_expiry: number;
  revoked_at: number | null;
}

/**
 * Exchanges a refresh token for the next one. An app without a secret need not say who it is: the token does. The answer repeats the
 * whole scope, or that part of it that was asked for; what the next token is good for stays as it was. One that comes again ends everything.
 */
export async function refreshApp(ports: SmartPorts, form: Form, authorization: string | undefined): Promise<AppTokens> {
  const text = required(form, "refresh_token");
  const isNamed = authorization !== undefined || form.has("client_id") || form.has("client_assertion");
  const named = isNamed ? await authenticateApp(ports, form, authorization) : undefined;
  const token = await openRefreshToken((region) => ports.stores(region).keys, text);
  if (token === undefined) throw refused();
  const now = ports.now();
  const { records, files, keys } = ports.stores(token.region);
  const row = await records
    .prepare(
      "select person_id, client_id, scope, amr, acr, auth_time, n, idle_expiry, absolute_expiry, revoked_at from sessions where id = ?",
    )
    .bind(token.session)
    .first<SessionRow>();
  const person = row === null ? undefined : parseId("person", row.person_id);
  if (row === null || person === undefined) throw refused();
  const app = named ?? (await findApp(ports, row.client_id));
  if (app === undefined || app.id !== row.client_id) throw refused();
  if (named === undefined && app.method !== "none") throw problem("invalid_client");
  if (row.revoked_at !== null || row.idle_expiry <= now || row.absolute_expiry <= now) throw refused();
  if (await hasTombstone(files, keys, person)) throw refused();

  // What was taken out of the registration since is no longer given.
  const granted = grantable(app, row.scope);
  const asked = form.get("scope");
  const scopes = asked === undefined ? granted : scopesOf(asked);
  const names = asked === undefined ? [] : asked.split(" ").filter((name) => name !== "");
  if (scopes.length === 0 || names.length > scopes.length || !scopes.every((scope) => covers(granted, scope))) {
    throw problem("invalid_scope", "Ask for no more than was granted.");
  }
  const idle = lifetimeOf(granted).idle;
  const { meta } = await records
    .prepare(
      `update sessions set n = n + 1, rotated_at = ?1, last_used_at = ?1, refresh_key = ?4, idle_expiry = min(?1 + ?5, absolute_expiry)
       where id = ?2 and n = ?3 and revoked_at is null and idle_expiry > ?1 and absolute_expiry > ?1`,
    )
    .bind(now, token.session, token.n, keys.refresh.current, idle)
    .run();
  if (meta.changes !== 1) {
    // Ahead of the row: the records were restored from an older copy, and nobody has stolen anything.
    if (token.n <= row.n) {
      await endSession(ports, person, token.session, "refresh_replayed");
      ports.log({ event: "session", outcome: "refresh_replayed", region: token.region });
    }
    throw refused();
  }
  const { amr, acr, auth_time: authTime } = row;
  return await tokensOf(ports, { app, person, session: token.session, granted, scopes, n: token.n + 1, amr, acr, authTime });
}

interface Opened {
  readonly app: App;
  readonly person: PersonId;
  readonly session: SessionId;
  /** What the person allowed: whether a refresh token comes along hangs on it. */
  readonly granted: readonly SmartScope[];
  /** What this access token is for: all of it, or a part. */
  readonly scopes: readonly SmartScope[];
  /** Generation of the refresh token. */
  readonly n: number;
  readonly amr: string;
  readonly acr: "aal1" | "aal2";
  /** Epoch milliseconds. */
  readonly authTime: number;
}

async function tokensOf(ports: SmartPorts, opened: Opened, nonce?: string): Promise<AppTokens> {
  const { app, person, session, scopes, n, acr } = opened;
  const { keys } = ports.stores(regionOf(person));
  const now = ports.now();
  const scope = scopeText(scopes);
  const amr = opened.amr.split(" ");
  const authTime = Math.floor(opened.authTime / 1000);
  const patient = patientId(person);
  const isAboutPatient = scopes.some(({ text }) => text === "launch" || text === "launch/patient" || text.startsWith("patient/"));
  const lasts = lifetimeOf(opened.granted) !== SHORT;
  const identity = {
    person,
    app: app.id,
    nonce,
    fhirUser: says(scopes, "fhirUser") ? `${ports.base}/Patient/${patient}` : undefined,
    authTime,
    amr,
    acr,
  };
  return {
    access_token: await signAccessToken(
      ports.origin,
      keys,
      { person, session, clientId: app.id, scope, authTime, amr, acr },
      now,
      ports.random,
    ),
    token_type: "Bearer",
    expires_in: ACCESS_TOKEN_S,
    scope,
    ...(isAboutPatient && { patient }),
    ...(says(scopes, "openid") && ports.identifies && { id_token: await signIdentityToken(ports.origin, keys, identity, now) }),
    ...(lasts && { refresh_token: await sealRefreshToken(keys, session, n) }),
  };
}

function lifetimeOf(scopes: readonly SmartScope[]): { readonly idle: number; readonly absolute: number } {
  if (says(scopes, "offline_access")) return OFFLINE;
  return says(scopes, "online_access") ? ONLINE : SHORT;
}

/** What an app may be given of what it asks for: known, within its registration, and for nobody but the person who decides. */
export function grantable(app: App, asked: string): SmartScope[] {
  const wanted = scopesOf(asked).filter((scope) => scope.kind === "word" || scope.context !== "system");
  return app.scope === null ? wanted : within(wanted, scopesOf(app.scope));
}

function refused(): Problem {
  return problem("invalid_grant");
}
