import { DAY_MS } from "../../shared/clock";
import { REGIONS } from "../../shared/region";
import { erasurePorts } from "./ports";
import { reconcileTombstones, shardAt } from "./reconcile";
import { runDue } from "./run-erasure";

/** Runs the erasures that are due in all regions, and forgets those that were undone. Returns how many were finished. */
export async function sweepErasures(env: Env, now: number): Promise<number> {
  const ports = erasurePorts(env, () => now);
  const counts = await Promise.all(
    REGIONS.map(async (region) => {
      await ports
        .stores(region)
        .records.prepare("delete from erasures where state = 'undone' and finished_at <= ?")
        .bind(now - DAY_MS)
        .run();
      return await runDue(ports, region);
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Looks whether a restored copy has brought somebody back, a part of the tombstones at a time. Returns how many. */
export async function sweepTombstones(env: Env, now: number): Promise<number> {
  const ports = erasurePorts(env, () => now);
  const counts = await Promise.all(REGIONS.map(async (region) => await reconcileTombstones(ports, region, shardAt(now))));
  return counts.reduce((sum, count) => sum + count, 0);
}
