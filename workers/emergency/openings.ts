import { DAY_MS, HOUR_MS, SECOND_MS } from "../../shared/clock";
import { type EmergencyAccessId, type PersonId, regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import type { RecordsOf } from "../consents";

/** How often one clinician may break the glass; tries at ids under which nobody is registered count too. */
export const MOST_AN_HOUR = 5;
export const MOST_A_DAY = 20;

/**
 * Counts one opening of a clinician, in one conditional statement: of parallel ones no more than the limit pass. Accesses last an hour, so
 * the limit of an hour is also that of those which are open at once. Problem `rate_limited`.
 */
export async function takeOpening(recordsOf: RecordsOf, clinician: PersonId, id: EmergencyAccessId, now: number): Promise<void> {
  const records = recordsOf(regionOf(clinician));
  const [, taken, recent] = await records.batch<{ opened_at: number }>([
    records.prepare("delete from emergency_openings where clinician_id = ? and opened_at <= ?").bind(clinician, now - DAY_MS),
    records
      .prepare(
        `insert into emergency_openings (clinician_id, id, opened_at) select ?1, ?2, ?3
         where (select count(*) from emergency_openings where clinician_id = ?1 and opened_at > ?4) < ?5
           and (select count(*) from emergency_openings where clinician_id = ?1) < ?6`,
      )
      .bind(clinician, id, now, now - HOUR_MS, MOST_AN_HOUR, MOST_A_DAY),
    records.prepare("select opened_at from emergency_openings where clinician_id = ? order by opened_at").bind(clinician),
  ]);
  if (taken?.meta.changes === 1) return;
  const times = (recent?.results ?? []).map((row) => row.opened_at);
  const again =
    times.length >= MOST_A_DAY ? (times[times.length - MOST_A_DAY] ?? now) + DAY_MS : (times[times.length - MOST_AN_HOUR] ?? now) + HOUR_MS;
  throw problem("rate_limited", "No more emergency accesses can be opened for now.", {
    retryAfter: Math.max(1, Math.ceil((again - now) / SECOND_MS)),
  });
}

/** Takes an opening back that came to nothing through no fault of the clinician. */
export async function returnOpening(recordsOf: RecordsOf, clinician: PersonId, id: EmergencyAccessId): Promise<void> {
  await recordsOf(regionOf(clinician))
    .prepare("delete from emergency_openings where clinician_id = ? and id = ?")
    .bind(clinician, id)
    .run();
}
