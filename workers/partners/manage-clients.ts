import * as z from "zod";
import { clientKeySet, type ClientKeySet, importClientKey } from "../../shared/crypto/client-keys";
import { checkTargetUrl } from "../../shared/fhir/target-url";
import { newId, type OrganisationId, parseId } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import type { ClientChange, ClientView, NewClient } from "./client-schemas";
import { requireManager, requireMembership } from "./membership";
import type { PartnerPorts } from "./ports";

const MOST_CLIENTS = 50;

interface Row {
  id: string;
  name: string;
  scopes: string;
  jwks: string | null;
  jwks_uri: string | null;
  created_at: number;
  updated_at: number;
  last_used_at: number | null;
}

const COLUMNS = "id, name, scopes, jwks, jwks_uri, created_at, updated_at, last_used_at";
const ONE = "organisation_id = ?1 and id = ?2 and revoked_at is null";

/** Registers a program. There is no secret: it proves itself with its private key. Problems of a manager, `invalid`, `conflict`. */
export async function registerClient(ports: PartnerPorts, organisationId: string, input: NewClient): Promise<ClientView> {
  const { organisation } = await requireManager(ports, organisationId, "manage_clients");
  await requireUsableKeys(input);
  const now = ports.now();
  const id = newId("client", ports.region, now, ports.random);
  const { jwks, jwksUri = null } = input;
  const row = await ports.records
    .prepare(
      `insert into clients (id, organisation_id, name, scopes, jwks, jwks_uri, created_at, updated_at)
       select ?2, id, ?3, ?4, ?5, ?6, ?7, ?7 from organisations where id = ?1 and closed_at is null
       and (select count(*) from clients where organisation_id = ?1 and revoked_at is null) < ${MOST_CLIENTS} returning ${COLUMNS}`,
    )
    .bind(organisation, id, input.name, JSON.stringify(input.scopes), jwks === undefined ? null : JSON.stringify(jwks), jwksUri, now)
    .first<Row>();
  if (row === null) throw problem("conflict", "There are too many clients already. Revoke one.");
  return viewOf(row);
}

/** The living clients, oldest first; for members. */
export async function listClients(ports: PartnerPorts, organisationId: string): Promise<ClientView[]> {
  const { organisation } = await requireMembership(ports, organisationId, "read");
  const { results } = await ports.records
    .prepare(`select ${COLUMNS} from clients where organisation_id = ?1 and revoked_at is null order by id`)
    .bind(organisation)
    .all<Row>();
  return results.map(viewOf);
}

/** One living client; problem `not_found`. */
export async function readClient(ports: PartnerPorts, organisationId: string, clientId: string): Promise<ClientView> {
  const { organisation } = await requireMembership(ports, organisationId, "read");
  return viewOf(await find(ports, organisation, clientId));
}

/** Changes name, scopes or keys; what is taken away ends with the next call, in living tokens too. Problems as `registerClient`. */
export async function changeClient(
  ports: PartnerPorts,
  organisationId: string,
  clientId: string,
  change: ClientChange,
): Promise<ClientView> {
  const { organisation } = await requireManager(ports, organisationId, "manage_clients");
  const before = await find(ports, organisation, clientId);
  await requireUsableKeys(change);
  const { jwks, jwksUri } = change;
  const keys = jwks !== undefined ? [JSON.stringify(jwks), null] : jwksUri !== undefined ? [null, jwksUri] : [before.jwks, before.jwks_uri];
  const row = await ports.records
    .prepare(`update clients set name = ?3, scopes = ?4, jwks = ?5, jwks_uri = ?6, updated_at = ?7 where ${ONE} returning ${COLUMNS}`)
    .bind(
      organisation,
      before.id,
      change.name ?? before.name,
      change.scopes === undefined ? before.scopes : JSON.stringify(change.scopes),
      ...keys,
      ports.now(),
    )
    .first<Row>();
  if (row === null) throw notFound("client");
  return viewOf(row);
}

/** Revokes a client for good: neither its keys nor its tokens get any further, and its webhooks are gone. Problems of a manager, `not_found`. */
export async function revokeClient(ports: PartnerPorts, organisationId: string, clientId: string): Promise<void> {
  const { organisation } = await requireManager(ports, organisationId, "manage_clients");
  const { id } = await find(ports, organisation, clientId);
  const { records } = ports;
  await records.batch([
    records.prepare(`update clients set revoked_at = ?3, updated_at = ?3 where ${ONE}`).bind(organisation, id, ports.now()),
    records.prepare("delete from shared_with_partners where grantee_id = ?").bind(id),
    records.prepare("delete from webhook_endpoints where client_id = ?").bind(id),
  ]);
}

async function find({ records }: PartnerPorts, organisation: OrganisationId, clientId: string): Promise<Row> {
  const row = await records
    .prepare(`select ${COLUMNS} from clients where ${ONE}`)
    .bind(organisation, parseId("client", clientId) ?? "")
    .first<Row>();
  if (row === null) throw notFound("client");
  return row;
}

/** A place of keys that may be asked, or numbers that are keys. Problem `invalid`. */
async function requireUsableKeys({ jwks, jwksUri }: { jwks?: ClientKeySet | undefined; jwksUri?: string | undefined }): Promise<void> {
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

function viewOf(row: Row): ClientView {
  return {
    id: row.id,
    name: row.name,
    scopes: z.array(z.string()).parse(JSON.parse(row.scopes)),
    jwks: row.jwks === null ? null : clientKeySet.parse(JSON.parse(row.jwks)),
    jwksUri: row.jwks_uri,
    createdAt: iso(row.created_at),
    updatedAt: iso(row.updated_at),
    lastUsedAt: row.last_used_at === null ? null : iso(row.last_used_at),
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
