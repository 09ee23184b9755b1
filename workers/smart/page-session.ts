import * as z from "zod";
import { MINUTE_MS } from "../../shared/clock";
import { closeBox, openBox } from "../../shared/crypto/box";
import { currentKey, keyOf } from "../../shared/crypto/keys";
import { parseId, type PersonId, regionOf, type SessionId } from "../../shared/id";
import { isRegion, type Region } from "../../shared/region";
import { FIRST_PARTY } from "../../shared/crypto/tokens";
import type { SmartPorts } from "./ports";

/**
 * The session of the pages where people let apps in and send them away. The cookie is good for these pages alone: it names a session of
 * the person, which must live, and runs out after half an hour.
 */
export interface PageSession {
  readonly person: PersonId;
  readonly session: SessionId;
  readonly name: string;
  readonly amr: string;
  readonly acr: "aal1" | "aal2";
  /** Epoch milliseconds. */
  readonly authTime: number;
}

const COOKIE = "meridian-apps";
const LASTS_MS = 30 * MINUTE_MS;
const contentSchema = z.object({ person: z.string(), session: z.string(), until: z.number() });

/** Seals something small for the browser to bring back; it opens for the same purpose and subject alone. */
export async function seal(ports: SmartPorts, region: Region, purpose: string, about: string, value: unknown): Promise<string> {
  const { version, key } = currentKey(ports.stores(region).keys.refresh);
  return `${region}.${version}.${await closeBox(key, purpose, about, JSON.stringify(value))}`;
}

/** What was sealed, or undefined for anything else. */
export async function unseal(ports: SmartPorts, purpose: string, about: string, text: string): Promise<unknown> {
  const [, place, version = "", box = ""] = /^([a-z]{2})\.([A-Za-z0-9-]{1,32})\.([A-Za-z0-9_-]{20,16000})$/.exec(text) ?? [];
  if (!isRegion(place)) return undefined;
  const key = keyOf(ports.stores(place).keys.refresh, version);
  const opened = key === undefined ? undefined : await openBox(key, purpose, about, box);
  return opened === undefined ? undefined : JSON.parse(opened);
}

/** The `Set-Cookie` of a person who has just signed in. */
export async function pageCookie(ports: SmartPorts, person: PersonId, session: SessionId): Promise<string> {
  const value = await seal(ports, regionOf(person), "apps-page", "cookie", { person, session, until: ports.now() + LASTS_MS });
  return `${COOKIE}=${value}; Path=/oauth; Max-Age=${LASTS_MS / 1000}; HttpOnly; Secure; SameSite=Lax`;
}

/** Who sits there, where their session still lives. */
export async function pageSession(ports: SmartPorts, header: string | undefined): Promise<PageSession | undefined> {
  const value = (header ?? "")
    .split(";")
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${COOKIE}=`))
    ?.slice(COOKIE.length + 1);
  const content = contentSchema.safeParse(value === undefined ? undefined : await unseal(ports, "apps-page", "cookie", value));
  if (!content.success || content.data.until <= ports.now()) return undefined;
  const person = parseId("person", content.data.person);
  const session = parseId("session", content.data.session);
  return person === undefined || session === undefined ? undefined : await livingSession(ports, person, session);
}

/** A person's living session of the first party, as a page needs it. */
export async function livingSession(ports: SmartPorts, person: PersonId, session: SessionId): Promise<PageSession | undefined> {
  const row = await ports
    .stores(regionOf(person))
    .records.prepare(
      `select people.name, sessions.amr, sessions.acr, sessions.auth_time from sessions join people on people.id = sessions.person_id
       where sessions.id = ?1 and sessions.person_id = ?2 and sessions.client_id = ?4 and revoked_at is null
       and idle_expiry > ?3 and absolute_expiry > ?3`,
    )
    .bind(session, person, ports.now(), FIRST_PARTY)
    .first<{ name: string; amr: string; acr: "aal1" | "aal2"; auth_time: number }>();
  return row === null ? undefined : { person, session, name: row.name, amr: row.amr, acr: row.acr, authTime: row.auth_time };
}
