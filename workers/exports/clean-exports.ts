import { DAY_MS } from "../../shared/clock";
import { REGIONS, type Region } from "../../shared/region";

/** As long as an export's own object remembers it. */
const LISTED_MS = 97 * DAY_MS;

/** Forgets exports whose objects have forgotten themselves; returns how many. `now` is epoch milliseconds. */
export async function cleanExports(records: (region: Region) => D1Database, now: number): Promise<number> {
  const counts = await Promise.all(
    REGIONS.map(async (region) => {
      const { meta } = await records(region)
        .prepare("delete from exports where created_at < ?")
        .bind(now - LISTED_MS)
        .run();
      return meta.changes;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
