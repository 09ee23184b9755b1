import { type ClientId, type OrganisationId, parseId } from "../../shared/id";
import { meaningOf } from "../../shared/policy/scopes";
import type { Scope } from "../../shared/policy/vocabulary";
import type { Role } from "../../shared/roles";
import { FROM_LIVING_CLIENT, FROM_LIVING_CLIENTS_OF, registeredScopes, rolesIn } from "./client-guard";

/** What an organisation, or one of its clients alone, could do with consents at this moment. */
export interface Standing {
  readonly organisation: OrganisationId;
  readonly roles: readonly Role[];
  /** What tokens can be good for. */
  readonly scopes: readonly Scope[];
}

interface Row {
  organisation_id: string;
  roles: string;
  scopes: string;
}

/** Of an organisation: all its living clients together. Undefined where none lives. */
export async function standingOfOrganisation(records: D1Database, id: OrganisationId): Promise<Standing | undefined> {
  const { results } = await records
    .prepare(`select clients.organisation_id, organisations.roles, clients.scopes ${FROM_LIVING_CLIENTS_OF}`)
    .bind(id)
    .all<Row>();
  return standingIn(results);
}

/** Of one client. Undefined where it does not live. */
export async function standingOfClient(records: D1Database, id: ClientId): Promise<Standing | undefined> {
  const { results } = await records
    .prepare(`select clients.organisation_id, organisations.roles, clients.scopes ${FROM_LIVING_CLIENT}`)
    .bind(id)
    .all<Row>();
  return standingIn(results);
}

function standingIn(rows: readonly Row[]): Standing | undefined {
  const [first] = rows;
  const organisation = first === undefined ? undefined : parseId("organisation", first.organisation_id);
  if (first === undefined || organisation === undefined) return undefined;
  return { organisation, roles: rolesIn(first.roles), scopes: meaningOf(rows.flatMap(({ scopes }) => registeredScopes(scopes))) };
}
