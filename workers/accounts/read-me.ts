import * as z from "zod";
import type { PersonActor } from "../../shared/context";
import { regionOf } from "../../shared/id";
import { NO_DETAILS } from "../../shared/person-details";
import { problem } from "../../shared/problem";
import { ROLE_NAMES } from "../../shared/roles";
import { requireSession, sessionGuard } from "../sessions";
import type { AccountPorts } from "./ports";
import type { Me } from "./schemas";

export interface PersonRow {
  name: string;
  time_zone: string;
  locale: string;
  units: Me["units"];
  roles: string;
  detailed: number;
}

export const SELECT_PERSON = "select name, time_zone, locale, units, roles, detailed from people where id = ?";

/** The signed-in person's own profile. The vault is asked only where it keeps something of it. */
export async function readMe(ports: AccountPorts, { actor }: { readonly actor: PersonActor }): Promise<Me> {
  const { records } = ports.stores(regionOf(actor.person));
  const [guard, rows] = await records.batch<PersonRow>([
    sessionGuard(records, actor, ports.now()),
    records.prepare(SELECT_PERSON).bind(actor.person),
  ]);
  requireSession(guard);
  return await meOf(ports, actor, rows?.results[0]);
}

const rolesSchema = z.array(z.enum(ROLE_NAMES));

/** The wire form of a person's row, with what their vault adds to it. */
export async function meOf(ports: AccountPorts, actor: PersonActor, row: PersonRow | undefined): Promise<Me> {
  if (row === undefined) throw problem("session_ended");
  const { birthDate, sex, heightCm } = row.detailed === 1 ? await ports.vault(actor.person).details(actor) : NO_DETAILS;
  return {
    id: actor.person,
    name: row.name,
    region: regionOf(actor.person),
    timeZone: row.time_zone,
    locale: row.locale,
    units: row.units,
    roles: rolesSchema.parse(JSON.parse(row.roles)),
    birthDate,
    sex,
    height: heightCm === null ? null : { value: heightCm, unit: "cm" },
  };
}
