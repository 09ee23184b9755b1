import type { PersonActor } from "../../shared/context";
import { regionOf } from "../../shared/id";
import { isProblem, problem } from "../../shared/problem";
import { LIVE_SESSION, requireSession, sessionGuard } from "../sessions";
import type { AccountPorts } from "./ports";
import { meOf, type PersonRow, SELECT_PERSON } from "./read-me";
import type { ChangeMe, Me } from "./schemas";

const UPDATE = `
update people set name = coalesce(?4, name), time_zone = coalesce(?5, time_zone), locale = coalesce(?6, locale), units = coalesce(?7, units),
  detailed = max(detailed, ?8), updated_at = ?3
where id = ?2 and ${LIVE_SESSION}`;

/**
 * Changes parts of the signed-in person's profile; what is not given stays, and birth date, sex and height are forgotten where null is
 * given. Those three lie in the vault, sealed. The vault also learns of the name, time zone and locale before this returns, since local
 * dates and the FHIR Patient hang on them: problem `unavailable` where it does not answer, and repeating the call repairs it.
 */
export async function changeMe(
  ports: AccountPorts,
  { actor, change }: { readonly actor: PersonActor; readonly change: ChangeMe },
): Promise<Me> {
  const now = ports.now();
  const { records } = ports.stores(regionOf(actor.person));
  const { name, timeZone, locale, units, birthDate, sex, height } = change;
  const detailed = birthDate !== undefined || sex !== undefined || height !== undefined;
  const [guard, , rows] = await records.batch<PersonRow>([
    sessionGuard(records, actor, now),
    records
      .prepare(UPDATE)
      .bind(actor.session, actor.person, now, name ?? null, timeZone ?? null, locale ?? null, units ?? null, detailed ? 1 : 0),
    records.prepare(SELECT_PERSON).bind(actor.person),
  ]);
  requireSession(guard);
  const row = rows?.results[0];
  if (row === undefined) throw problem("session_ended");
  const vault = ports.vault(actor.person);
  try {
    if (detailed) await vault.changeDetails(actor, { birthDate, sex, heightCm: height });
    if (timeZone !== undefined || locale !== undefined || name !== undefined) {
      await vault.setProfile({ timeZone: row.time_zone, locale: row.locale, name: row.name });
    }
  } catch (error) {
    if (isProblem(error)) throw error;
    throw problem("unavailable", "The change is stored but has not reached all places. Repeat it.", { retryAfter: 1 });
  }
  return await meOf(ports, actor, row);
}
