import * as z from "zod";
import type { ClientActor } from "../../shared/context";
import { isCoveredBy } from "../../shared/fhir/client-scopes";
import { parseId } from "../../shared/id";
import { meaningOf } from "../../shared/policy/scopes";
import { problem } from "../../shared/problem";
import { ROLE_NAMES, type Role } from "../../shared/roles";

/** SQL condition: the organisation was neither closed nor left without an owner. */
const LIVING_ORGANISATION = `organisations.closed_at is null and exists (
    select 1 from organisation_members where organisation_members.organisation_id = organisations.id
    and organisation_members.role = 'owner' and organisation_members.joined_at is not null)`;

/** SQL after `select`: the organisation ?1, where it lives. */
export const FROM_LIVING_ORGANISATION = `from organisations where organisations.id = ?1 and ${LIVING_ORGANISATION}`;

/** SQL after `select`: the client ?1 and its organisation, where both live. The one place that says when a client counts. */
export const FROM_LIVING_CLIENT = `from clients join organisations on organisations.id = clients.organisation_id
  where clients.id = ?1 and clients.revoked_at is null and ${LIVING_ORGANISATION}`;

/** SQL after `select`: the clients of the organisation ?1 that count. */
export const FROM_LIVING_CLIENTS_OF = `from clients join organisations on organisations.id = clients.organisation_id
  where clients.organisation_id = ?1 and clients.revoked_at is null and ${LIVING_ORGANISATION}`;

/** What the guard finds. */
export interface GuardRow {
  readonly organisation_id: string;
  readonly roles: string;
  readonly scopes: string;
}

/**
 * The check that an actor's client and token still count, to be a statement of a route's own D1 batch, as the session guard is for people:
 * revoking a client, closing its organisation and revoking a token take effect with the next call.
 *
 *     const [guard, rows] = await records.batch([clientGuard(records, actor), query]);
 *     const acting = requireClient(actor, guard);
 */
export function clientGuard(records: D1Database, { client, token }: ClientActor): D1PreparedStatement {
  return records
    .prepare(
      `select clients.organisation_id, organisations.roles, clients.scopes ${FROM_LIVING_CLIENT}
       and not exists (select 1 from revoked_client_tokens where jti = ?2)`,
    )
    .bind(client, token);
}

/**
 * The actor as vaults know it: whose client it is, in which roles it may be given consents, and of its token's scopes those that are still
 * registered. Throws `session_ended` where the guard found no living client; nothing of the batch may be answered before this.
 */
export function requireClient(actor: ClientActor, guard: D1Result<GuardRow> | undefined): ClientActor {
  const row = guard?.results[0];
  const organisation = row === undefined ? undefined : parseId("organisation", row.organisation_id);
  if (row === undefined || organisation === undefined) {
    throw problem("session_ended", "The client or its token was revoked, or its organisation was closed.");
  }
  const registered = registeredScopes(row.scopes);
  const meanings = meaningOf(registered);
  return {
    ...actor,
    organisation,
    roles: rolesIn(row.roles),
    scopes: actor.scopes.filter((scope) => meanings.includes(scope)),
    names: (actor.names ?? []).filter((name) => isCoveredBy(registered, name)),
  };
}

/** The actor, checked by itself, for routes whose own query comes later. */
export async function actingClient(records: D1Database, actor: ClientActor): Promise<ClientActor> {
  return requireClient(actor, await clientGuard(records, actor).all<GuardRow>());
}

const scopesSchema = z.array(z.string()).catch([]);
const rolesSchema = z.array(z.enum(ROLE_NAMES)).catch([]);

/** Scopes as they are stored; a text that is no list of them gives none. */
export function registeredScopes(text: string): string[] {
  return scopesSchema.parse(JSON.parse(text));
}

/** Roles as they are stored. */
export function rolesIn(text: string): readonly Role[] {
  return rolesSchema.parse(JSON.parse(text));
}
