import { type AppId, parseId, type PersonId, regionOf } from "../../shared/id";
import { notFound } from "../../shared/problem";
import { scopesOf } from "../../shared/fhir/scopes";
import { endSession } from "../sessions";
import type { GrantedApp } from "./app-schemas";
import { namesOfApps } from "./apps";
import type { SmartPorts } from "./ports";

/** More than anybody lets in. */
const SHOWN = 500;

interface Row {
  client_id: string;
  scope: string;
  device: string | null;
  created_at: number;
  last_used_at: number;
}

/** The apps that a person has let in, by id. What several times have given counts together. */
export async function listGranted(ports: SmartPorts, person: PersonId): Promise<GrantedApp[]> {
  const now = ports.now();
  const { results } = await ports
    .stores(regionOf(person))
    .records.prepare(
      `select client_id, scope, device, created_at, last_used_at from sessions where person_id = ?1 and client_id >= 'app_' and client_id < 'app\`'
       and revoked_at is null and idle_expiry > ?2 and absolute_expiry > ?2 order by id limit ${SHOWN}`,
    )
    .bind(person, now)
    .all<Row>();
  const byApp = Map.groupBy(results, (row) => row.client_id);
  const names = await namesOfApps(
    ports,
    [...byApp.keys()].flatMap((id) => parseId("app", id) ?? []),
  );
  const apps = [...byApp].toSorted(([one], [other]) => (one < other ? -1 : 1));
  return apps.map(([id, rows]) => ({
    id,
    name: names.get(id)?.name ?? rows[0]?.device ?? id,
    home: names.get(id)?.home ?? null,
    scopes: [...new Set(rows.flatMap(({ scope }) => scopesOf(scope).map(({ text }) => text)))],
    since: new Date(Math.min(...rows.map((row) => row.created_at))).toISOString(),
    lastUsedAt: new Date(Math.max(...rows.map((row) => row.last_used_at))).toISOString(),
  }));
}

/** Sends an app away: its tokens are refused from the next request on. Problems `not_found`, `unavailable`. */
export async function removeGranted(ports: SmartPorts, person: PersonId, app: AppId | undefined): Promise<void> {
  if (app === undefined) throw notFound("app");
  const now = ports.now();
  const { results } = await ports
    .stores(regionOf(person))
    .records.prepare("select id from sessions where person_id = ?1 and client_id = ?2 and revoked_at is null and idle_expiry > ?3")
    .bind(person, app, now)
    .all<{ id: string }>();
  const sessions = results.map(({ id }) => parseId("session", id)).filter((id) => id !== undefined);
  if (sessions.length === 0) throw notFound("app");
  await Promise.all(sessions.map(async (session) => await endSession(ports, person, session, "app_removed")));
}
