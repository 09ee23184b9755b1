import { DAY_MS } from "../../shared/clock";
import { REGIONS, type Region } from "../../shared/region";

/** How long an ended session can still be looked at. */
const REMEMBERED_MS = 90 * DAY_MS;
/** A statement ends within the platform's time for one; what is left waits for the next run. */
const AT_ONCE = 2_000;

/** Ended for so long, by the expression that `sessions_by_end` is an index of. */
export const ENDED_SESSIONS =
  "select id from sessions where coalesce(revoked_at, min(idle_expiry, absolute_expiry)) < ?1 order by coalesce(revoked_at, min(idle_expiry, absolute_expiry)) limit ?2";

/** Forgets sessions that ended or expired ninety days ago; returns how many. `now` is epoch milliseconds. */
export async function cleanSessions(records: (region: Region) => D1Database, now: number): Promise<number> {
  const counts = await Promise.all(
    REGIONS.map(async (region) => {
      const { meta } = await records(region)
        .prepare(`delete from sessions where id in (${ENDED_SESSIONS})`)
        .bind(now - REMEMBERED_MS, AT_ONCE)
        .run();
      return meta.changes;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
