import * as z from "zod";
import { DAY_MS } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { newApiKey } from "../../shared/crypto/api-key";
import { sha256Hex } from "../../shared/crypto/sha256";
import { API_SCOPES } from "../../shared/http/api-keys";
import { type Id, newId, parseId, regionOf } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import { endSession, LIVE_SESSION, requireSession, sessionGuard } from "../sessions";
import type { ApiKey, CreatedApiKey, NewApiKey } from "./api-key-schemas";
import { notifyOwner } from "./notify";
import type { CredentialPorts } from "./ports";

const MOST = 25;
const CLIENT = "api_key";
const scopesSchema = z.array(z.enum(API_SCOPES));

interface Row {
  id: string;
  name: string;
  scopes: string;
  created_at: number;
  last_used_at: number | null;
  absolute_expiry: number;
}

/** Makes a key with a session of its own, and shows it once. Problem `conflict` for a person who has 25 living ones, or is going to be erased. */
export async function createApiKey(
  ports: CredentialPorts,
  { actor, name, scopes, expiresInDays }: { readonly actor: PersonActor } & NewApiKey,
): Promise<CreatedApiKey> {
  const { person } = actor;
  const region = regionOf(person);
  const { records } = ports.stores(region);
  const now = ports.now();
  const expiresAt = now + expiresInDays * DAY_MS;
  const key = newApiKey(region, ports.random);
  const id = newId("apiKey", region, now, ports.random);
  const session = newId("session", region, now, ports.random);
  const unique = [...new Set(scopes)];
  const [guard, , written] = await records.batch([
    sessionGuard(records, actor, now),
    records
      .prepare(
        `insert into sessions (id, person_id, client_id, scope, amr, acr, auth_time, created_at, rotated_at, last_used_at, idle_expiry, absolute_expiry)
         select ?4, ?2, '${CLIENT}', ?5, 'key', 'aal1', ?3, ?3, ?3, ?3, ?6, ?6 where ${LIVE_SESSION}
           and not exists (select 1 from erasures where person_id = ?2 and state in ('waiting', 'running')) and (
           select count(*) from api_keys join sessions on sessions.id = api_keys.session_id
           where api_keys.person_id = ?2 and sessions.revoked_at is null and sessions.absolute_expiry > ?3) < ${MOST}`,
      )
      .bind(actor.session, person, now, session, unique.join(" "), expiresAt),
    records
      .prepare(
        `insert into api_keys (id, person_id, session_id, key_hash, name, scopes, created_at)
         select ?, ?, id, ?, ?, ?, ? from sessions where id = ?`,
      )
      .bind(id, person, await sha256Hex(key), name, JSON.stringify(unique), now, session),
  ]);
  requireSession(guard);
  if (written?.meta.changes !== 1) throw problem("conflict", "There are too many API keys already, or the account is going to be erased.");
  notifyOwner(ports, person, "key_added");
  const row = { id, name, scopes: JSON.stringify(unique), created_at: now, last_used_at: null, absolute_expiry: expiresAt };
  return { ...apiKeyOf(row), key };
}

/** The person's living keys, oldest first, without the keys themselves. */
export async function listApiKeys(ports: CredentialPorts, actor: PersonActor): Promise<ApiKey[]> {
  const now = ports.now();
  const { records } = ports.stores(regionOf(actor.person));
  const [guard, rows] = await records.batch<Row>([
    sessionGuard(records, actor, now),
    records
      .prepare(
        `select api_keys.id, api_keys.name, api_keys.scopes, api_keys.created_at, api_keys.last_used_at, sessions.absolute_expiry
         from api_keys join sessions on sessions.id = api_keys.session_id
         where api_keys.person_id = ? and sessions.revoked_at is null and sessions.absolute_expiry > ? order by api_keys.id`,
      )
      .bind(actor.person, now),
  ]);
  requireSession(guard);
  return (rows?.results ?? []).map(apiKeyOf);
}

/** Revokes a key at once, with whatever it has open. Problem `not_found` for one that is not the person's. */
export async function revokeApiKey(ports: CredentialPorts, actor: PersonActor, id: Id<"apiKey"> | undefined): Promise<void> {
  const { records } = ports.stores(regionOf(actor.person));
  const [guard, rows] = await records.batch<{ session_id: string }>([
    sessionGuard(records, actor, ports.now()),
    records.prepare("select session_id from api_keys where id = ? and person_id = ?").bind(id ?? "", actor.person),
  ]);
  requireSession(guard);
  const session = parseId("session", rows?.results[0]?.session_id ?? "");
  if (session === undefined) throw notFound("API key");
  await endSession(ports, actor.person, session, "ended_by_person");
  await records.prepare("delete from api_keys where session_id = ?").bind(session).run();
}

function apiKeyOf(row: Row): ApiKey {
  return {
    id: row.id,
    name: row.name,
    scopes: scopesSchema.parse(JSON.parse(row.scopes)),
    createdAt: new Date(row.created_at).toISOString(),
    expiresAt: new Date(row.absolute_expiry).toISOString(),
    lastUsedAt: row.last_used_at === null ? null : new Date(row.last_used_at).toISOString(),
  };
}
