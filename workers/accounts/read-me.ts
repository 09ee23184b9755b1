import { z } from "zod";
import type { PersonActor } from "../../shared/context";
import { type PersonId, regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import { requireSession, sessionGuard } from "../sessions";
import type { AccountPorts } from "./ports";
import type { Me } from "./schemas";

export interface PersonRow {
  name: string;
  time_zone: string;
  locale: string;
  units: Me["units"];
  roles: string;
}

export const SELECT_PERSON = "select name, time_zone, locale, units, roles from people where id = ?";

/** The signed-in person's own profile. */
export async function readMe(ports: AccountPorts, { actor }: { readonly actor: PersonActor }): Promise<Me> {
  const { records } = ports.stores(regionOf(actor.person));
  const [guard, rows] = await records.batch<PersonRow>([
    sessionGuard(records, actor, ports.now()),
    records.prepare(SELECT_PERSON).bind(actor.person),
  ]);
  requireSession(guard);
  return meOf(actor.person, rows?.results[0]);
}

const rolesSchema = z.array(z.string());

/** The wire form of a person's row. */
export function meOf(person: PersonId, row: PersonRow | undefined): Me {
  if (row === undefined) throw problem("session_ended");
  const roles = rolesSchema.parse(JSON.parse(row.roles));
  return { id: person, name: row.name, region: regionOf(person), timeZone: row.time_zone, locale: row.locale, units: row.units, roles };
}
