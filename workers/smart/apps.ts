import * as z from "zod";
import { type ClientKeySet, clientKeySet, importClientKey } from "../../shared/crypto/client-keys";
import { sha256Hex } from "../../shared/crypto/sha256";
import { toBase64Url } from "../../shared/crypto/base64url";
import { checkTargetUrl } from "../../shared/fhir/target-url";
import { scopesOf, scopeText } from "../../shared/fhir/scopes";
import { type AppId, newId, parseId, type RandomBytes, regionOf } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import type { Region } from "../../shared/region";
import { requireManager, requireMembership, type PartnerPorts } from "../partners";
import type { AppChange, AppView, NewApp } from "./app-schemas";
import type { SmartPorts } from "./ports";

/** How an app proves itself: not at all (it runs at the person's), by a secret, or by a key. */
export type Method = "none" | "client_secret_basic" | "private_key_jwt";

/** A registered app. */
export interface App {
  readonly id: AppId;
  readonly name: string;
  /** Its address for people. */
  readonly home: string | null;
  /** Where a launch from here begins. */
  readonly launchUri: string | null;
  readonly method: Method;
  readonly secretHash: string | null;
  readonly jwks: ClientKeySet | null;
  readonly jwksUri: string | null;
  readonly redirectUris: readonly string[];
  /** The most that it may ask for; null for everything that a person may give. */
  readonly scope: string | null;
}

/** An app as it lies in the records. */
export interface Row {
  id: string;
  name: string;
  home: string | null;
  launch_uri: string | null;
  method: Method;
  secret_hash: string | null;
  jwks: string | null;
  jwks_uri: string | null;
  redirect_uris: string;
  scope: string | null;
  created_at: number;
  updated_at: number;
  last_used_at: number | null;
}

const COLUMNS =
  "apps.id, apps.name, apps.home, apps.launch_uri, apps.method, apps.secret_hash, apps.jwks, apps.jwks_uri, apps.redirect_uris, apps.scope, apps.created_at, apps.updated_at, apps.last_used_at";
/** An app counts while it was not removed and its organisation, where it has one, is open. */
const LIVING = `apps.revoked_at is null and (apps.organisation_id is null or exists (
  select 1 from organisations where organisations.id = apps.organisation_id and organisations.closed_at is null))`;
export const ROW_COLUMNS = COLUMNS;
const MOST_APPS = 50;
const urisSchema = z.array(z.string());

/** The living app of an id, where it is registered; undefined for any other text. */
export async function findApp(ports: Pick<SmartPorts, "stores">, text: string): Promise<App | undefined> {
  const id = parseId("app", text);
  if (id === undefined) return undefined;
  const { records } = ports.stores(regionOf(id));
  const row = await records.prepare(`select ${COLUMNS} from apps where id = ? and ${LIVING}`).bind(id).first<Row>();
  return row === null ? undefined : appOf(row);
}

/** What people are told of the living apps among these, by id: one read of each region where they are registered. */
export async function namesOfApps(
  ports: Pick<SmartPorts, "stores">,
  ids: readonly AppId[],
): Promise<ReadonlyMap<string, Pick<App, "name" | "home">>> {
  const found = await Promise.all(
    [...Map.groupBy(ids, regionOf)].map(async ([region, here]) => {
      const { results } = await ports
        .stores(region)
        .records.prepare(`select id, name, home from apps where id in (select value from json_each(?)) and ${LIVING}`)
        .bind(JSON.stringify(here))
        .all<Pick<Row, "id" | "name" | "home">>();
      return results;
    }),
  );
  return new Map(found.flat().map(({ id, name, home }) => [id, { name, home }]));
}

/** A fresh app, with its secret where it has one: that is shown once. */
export interface Registered {
  readonly row: Row;
  readonly secret: string | undefined;
}

export interface Registrar {
  readonly records: D1Database;
  readonly region: Region;
  readonly now: () => number;
  readonly random: RandomBytes;
}

/** Registers an app, of an organisation, or of nobody but who has the token of a hash. Problems `invalid`, `conflict`. */
export async function registerApp(
  { records, region, now, random }: Registrar,
  input: NewApp,
  { organisation, manageHash }: { readonly organisation?: string; readonly manageHash?: string },
): Promise<Registered> {
  await requireUsable(input);
  const secret = input.method === "client_secret_basic" ? newSecret(random) : undefined;
  const id = newId("app", region, now(), random);
  const [written] = await records.batch<Row>([
    records
      .prepare(
        `insert into apps (id, organisation_id, name, home, launch_uri, method, secret_hash, jwks, jwks_uri, redirect_uris, scope, created_at, updated_at, manage_hash)
         select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12, ?13
         where ?2 is null or (select count(*) from apps where organisation_id = ?2 and revoked_at is null) < ${MOST_APPS} returning ${COLUMNS}`,
      )
      .bind(
        id,
        organisation ?? null,
        input.name,
        input.home ?? null,
        input.launchUri ?? null,
        input.method,
        secret === undefined ? null : await sha256Hex(secret),
        input.jwks === undefined ? null : JSON.stringify(input.jwks),
        input.jwksUri ?? null,
        JSON.stringify(input.redirectUris),
        scopeOf(input.scope),
        now(),
        manageHash ?? null,
      ),
    ...originsOf(records, id, input.redirectUris),
  ]);
  const row = written?.results[0];
  if (row === undefined) throw problem("conflict", "There are too many apps already. Remove one.");
  return { row, secret };
}

/** The living apps of an organisation, oldest first; for members. */
export async function listApps(ports: PartnerPorts, organisationId: string): Promise<AppView[]> {
  const { organisation } = await requireMembership(ports, organisationId, "read");
  const { results } = await ports.records
    .prepare(`select ${COLUMNS} from apps where organisation_id = ? and revoked_at is null order by id`)
    .bind(organisation)
    .all<Row>();
  return results.map(viewOf);
}

/** Registers an app of an organisation; the secret is in the answer, and nowhere else. Problems of a manager, `invalid`, `conflict`. */
export async function registerOurs(ports: PartnerPorts, organisationId: string, input: NewApp): Promise<AppView> {
  const { organisation } = await requireManager(ports, organisationId, "manage_clients");
  const { row, secret } = await registerApp(ports, input, { organisation });
  return { ...viewOf(row), ...(secret !== undefined && { secret }) };
}

/** One app of an organisation; problem `not_found`. */
export async function readOurs(ports: PartnerPorts, organisationId: string, appId: string): Promise<AppView> {
  const { organisation } = await requireMembership(ports, organisationId, "read");
  return viewOf(await findOurs(ports.records, organisation, appId));
}

/** Changes an app, or gives it a new secret: the old one ends at once. Problems as `registerOurs`, `not_found`. */
export async function changeOurs(ports: PartnerPorts, organisationId: string, appId: string, change: AppChange): Promise<AppView> {
  const { organisation } = await requireManager(ports, organisationId, "manage_clients");
  const before = await findOurs(ports.records, organisation, appId);
  const { newSecret: wantsSecret = false, ...fields } = change;
  if (wantsSecret && before.method !== "client_secret_basic") throw problem("invalid", "The app has no secret.");
  if ((fields.jwks !== undefined || fields.jwksUri !== undefined) && before.method !== "private_key_jwt") {
    throw problem("invalid", "The app has no keys.");
  }
  await requireUsable(fields);
  const secret = wantsSecret ? newSecret(ports.random) : undefined;
  const id = parseId("app", before.id);
  if (id === undefined) throw notFound("app");
  const uris = fields.redirectUris;
  const hasKeys = fields.jwks !== undefined || fields.jwksUri !== undefined;
  const [written] = await ports.records.batch<Row>([
    ports.records
      .prepare(
        `update apps set name = ?2, home = ?3, launch_uri = ?4, redirect_uris = ?5, scope = ?6, secret_hash = ?7, jwks = ?8, jwks_uri = ?9, updated_at = ?10
         where id = ?1 and revoked_at is null returning ${COLUMNS}`,
      )
      .bind(
        id,
        fields.name ?? before.name,
        fields.home ?? before.home,
        fields.launchUri ?? before.launch_uri,
        uris === undefined ? before.redirect_uris : JSON.stringify(uris),
        fields.scope === undefined ? before.scope : scopeOf(fields.scope),
        secret === undefined ? before.secret_hash : await sha256Hex(secret),
        hasKeys ? (fields.jwks === undefined ? null : JSON.stringify(fields.jwks)) : before.jwks,
        hasKeys ? (fields.jwksUri ?? null) : before.jwks_uri,
        ports.now(),
      ),
    ...(uris === undefined
      ? []
      : [ports.records.prepare("delete from app_origins where app_id = ?").bind(id), ...originsOf(ports.records, id, uris)]),
  ]);
  const row = written?.results[0];
  if (row === undefined) throw notFound("app");
  return { ...viewOf(row), ...(secret !== undefined && { secret }) };
}

/** Removes an app for good: nobody can let it in any more, and it gets no further token. Problems of a manager, `not_found`. */
export async function removeOurs(ports: PartnerPorts, organisationId: string, appId: string): Promise<void> {
  const { organisation } = await requireManager(ports, organisationId, "manage_clients");
  const { id } = await findOurs(ports.records, organisation, appId);
  await removeApp(ports.records, id, ports.now());
}

/** Marks an app as removed, with the origins of its browsers. */
export async function removeApp(records: D1Database, id: string, now: number): Promise<void> {
  await records.batch([
    records.prepare("update apps set revoked_at = ?2, updated_at = ?2 where id = ?1 and revoked_at is null").bind(id, now),
    records.prepare("delete from app_origins where app_id = ?").bind(id),
  ]);
}

async function findOurs(records: D1Database, organisation: string, appId: string): Promise<Row> {
  const row = await records
    .prepare(`select ${COLUMNS} from apps where id = ?1 and organisation_id = ?2 and revoked_at is null`)
    .bind(parseId("app", appId) ?? "", organisation)
    .first<Row>();
  if (row === null) throw notFound("app");
  return row;
}

/** Statements that note the origins of an app; of one whose registration has this hash now, where it is given. */
export function originsOf(records: D1Database, id: AppId, uris: readonly string[], manageHash?: string): D1PreparedStatement[] {
  const origins = new Set(uris.map((uri) => new URL(uri)).flatMap(({ protocol, origin }) => (/^https?:$/.test(protocol) ? [origin] : [])));
  return [...origins].map((origin) =>
    records
      .prepare(
        `insert into app_origins (origin, app_id) select ?1, ?2
         where exists (select 1 from apps where id = ?2 and (?3 is null or manage_hash = ?3)) on conflict do nothing`,
      )
      .bind(origin, id, manageHash ?? null),
  );
}

/** A secret of 256 random bits. */
export function newSecret(random: RandomBytes): string {
  return toBase64Url(random(new Uint8Array(32)));
}

/** What is registered is kept as the scopes that there are. Problem `invalid` where none is. */
export function scopeOf(text: string | undefined): string | null {
  if (text === undefined) return null;
  const kept = scopeText(scopesOf(text));
  if (kept === "") throw problem("invalid", "None of the scopes is known.");
  return kept;
}

/** A place of keys that may be asked, or numbers that are keys. Problem `invalid`. */
export async function requireUsable({ jwks, jwksUri }: Pick<NewApp, "jwks" | "jwksUri">): Promise<void> {
  if (jwksUri !== undefined) checkTargetUrl(jwksUri, [], "/jwksUri");
  for (const [i, key] of (jwks?.keys ?? []).entries()) {
    try {
      await importClientKey(key);
    } catch {
      const error = { pointer: `/jwks/keys/${i}`, code: "not_a_key", message: "These numbers are no public key." };
      throw problem("invalid", undefined, { errors: [error] });
    }
  }
}

function appOf(row: Row): App | undefined {
  const id = parseId("app", row.id);
  if (id === undefined) return undefined;
  const { name, home, method, scope } = row;
  return {
    id,
    name,
    home,
    launchUri: row.launch_uri,
    method,
    scope,
    secretHash: row.secret_hash,
    jwks: row.jwks === null ? null : clientKeySet.parse(JSON.parse(row.jwks)),
    jwksUri: row.jwks_uri,
    redirectUris: urisSchema.parse(JSON.parse(row.redirect_uris)),
  };
}

/** An app as its organisation sees it. */
export function viewOf(row: Row): AppView {
  return {
    id: row.id,
    name: row.name,
    home: row.home,
    launchUri: row.launch_uri,
    method: row.method,
    jwks: row.jwks === null ? null : clientKeySet.parse(JSON.parse(row.jwks)),
    jwksUri: row.jwks_uri,
    redirectUris: urisSchema.parse(JSON.parse(row.redirect_uris)),
    scope: row.scope,
    createdAt: new Date(row.created_at).toISOString(),
    updatedAt: new Date(row.updated_at).toISOString(),
    lastUsedAt: row.last_used_at === null ? null : new Date(row.last_used_at).toISOString(),
  };
}
