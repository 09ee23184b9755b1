import { env } from "cloudflare:workers";
import { regionalKeys } from "../shared/crypto/keys";
import { signAccessToken } from "../shared/crypto/tokens";
import { DAY_MS } from "../shared/clock";
import { newId, type SessionId, systemRandom } from "../shared/id";
import type { Region } from "../shared/region";
import type { Role } from "../shared/roles";
import { addressPlace } from "../workers/credentials";
import { regional, vaultOf } from "../workers/regional";
import { fetchApp, freshEmail, ORIGIN, type RegisteredPerson } from "./people";

/** Somebody signed in, made without the cost of a password. */
export interface Somebody extends Pick<RegisteredPerson, "person" | "accessToken" | "fetch" | "email"> {
  readonly session: SessionId;
}

export interface Traits {
  readonly roles?: readonly Role[];
  readonly acr?: "aal1" | "aal2";
  readonly name?: string;
  readonly locale?: string;
}

/**
 * Writes a person with a session and an address into the records of a region, as registration and sign-in would, and signs a token for
 * them. They have no password: for tests that need many people.
 */
export async function somebody(region: Region, traits: Traits = {}): Promise<Somebody> {
  const { roles = ["user"], acr = "aal1", name = "Ada Probe", locale = "en" } = traits;
  const now = Date.now();
  const id = newId("person", region, now);
  const email = freshEmail();
  const { records } = regional(env, region);
  const sealed = await vaultOf(env, id).seal(addressPlace(id), email);
  await records.batch([
    records
      .prepare(
        "insert into people (id, name, time_zone, locale, units, roles, created_at, updated_at) values (?, ?, 'Europe/Berlin', ?, 'metric', ?, ?, ?)",
      )
      .bind(id, name, locale, JSON.stringify(roles), now, now),
    records
      .prepare(
        "insert into credentials (person_id, email_hash, key_version, password_hash, changed_at, sealed_email) values (?, ?, '1', 'none', ?, ?)",
      )
      .bind(id, `${crypto.randomUUID()}${crypto.randomUUID()}`.replaceAll("-", ""), now, sealed),
  ]);
  return await signedIn({ person: { id, name, region }, email }, acr);
}

/** The same person in a session of its own. */
export async function signedIn({ person, email }: Pick<Somebody, "person" | "email">, acr: "aal1" | "aal2"): Promise<Somebody> {
  const now = Date.now();
  const session = newId("session", person.region, now);
  const { records, keys } = regional(env, person.region);
  await records
    .prepare(
      `insert into sessions (id, person_id, client_id, scope, amr, acr, auth_time, created_at, rotated_at, last_used_at, idle_expiry, absolute_expiry)
       values (?1, ?2, 'meridian', 'me', 'pwd', ?3, ?4, ?4, ?4, ?4, ?5, ?5)`,
    )
    .bind(session, person.id, acr, now, now + 90 * DAY_MS)
    .run();
  const base = { person: person.id, session, clientId: "meridian", scope: "me", amr: ["pwd"], acr } as const;
  const claims = { ...base, authTime: Math.floor(now / 1_000) };
  const accessToken = await signAccessToken(ORIGIN, regionalKeys(keys), claims, now, systemRandom);
  return {
    person,
    session,
    email,
    accessToken,
    fetch: async (path, init = {}) => {
      const headers = new Headers(init.headers);
      headers.set("authorization", `Bearer ${accessToken}`);
      return await fetchApp(path, { ...init, headers });
    },
  };
}

/** Gives an account roles, as an operator would. */
export async function holdRoles({ person }: Pick<RegisteredPerson, "person">, roles: readonly Role[]): Promise<void> {
  await regional(env, person.region)
    .records.prepare("update people set roles = ? where id = ?")
    .bind(JSON.stringify(roles), person.id)
    .run();
  await vaultOf(env, person.id).rolesChanged();
}

/** Makes the records say that somebody's sessions were opened with so many factors. */
export async function holdAssurance({ person }: Pick<RegisteredPerson, "person">, acr: "aal1" | "aal2"): Promise<void> {
  await regional(env, person.region).records.prepare("update sessions set acr = ? where person_id = ?").bind(acr, person.id).run();
}
