import type { PersonActor } from "../../shared/context";
import { regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import { LIVE_SESSION, requireSession, sessionGuard } from "../sessions";
import type { AccountPorts } from "./ports";
import { meOf, type PersonRow, SELECT_PERSON } from "./read-me";
import type { ChangeMe, Me } from "./schemas";

const UPDATE = `
update people set name = coalesce(?4, name), time_zone = coalesce(?5, time_zone), locale = coalesce(?6, locale), units = coalesce(?7, units), updated_at = ?3
where id = ?2 and ${LIVE_SESSION}`;

/**
 * Changes parts of the signed-in person's profile; what is not given stays. The vault learns of the name, time zone and locale before
 * this returns, since local dates and the FHIR Patient hang on them: problem `unavailable` where it does not answer, and repeating the call repairs it.
 */
export async function changeMe(
  ports: AccountPorts,
  { actor, change }: { readonly actor: PersonActor; readonly change: ChangeMe },
): Promise<Me> {
  const now = ports.now();
  const { records } = ports.stores(regionOf(actor.person));
  const [guard, , rows] = await records.batch<PersonRow>([
    sessionGuard(records, actor, now),
    records
      .prepare(UPDATE)
      .bind(actor.session, actor.person, now, change.name ?? null, change.timeZone ?? null, change.locale ?? null, change.units ?? null),
    records.prepare(SELECT_PERSON).bind(actor.person),
  ]);
  requireSession(guard);
  const me = meOf(actor.person, rows?.results[0]);
  if (change.timeZone !== undefined || change.locale !== undefined || change.name !== undefined) {
    try {
      await ports.vault(actor.person).setProfile({ timeZone: me.timeZone, locale: me.locale, name: me.name });
    } catch {
      throw problem("unavailable", "The change is stored but has not reached all places. Repeat it.", { retryAfter: 1 });
    }
  }
  return me;
}
