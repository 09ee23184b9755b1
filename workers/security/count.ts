import { DAY_MS } from "../../shared/clock";
import { REGIONS } from "../../shared/region";
import { appendSecurityEvent } from "./append-event";
import { type SecurityPorts, securityPorts } from "./events";

/** What is counted by day instead of being an event each time. */
export type CountedKind = "sign_ins_unknown";

/** Counts one more for today (UTC). `now` is epoch milliseconds. */
export async function countSecurity(records: D1Database, kind: CountedKind, now: number): Promise<void> {
  await records
    .prepare("insert into security_counts (kind, day, n) values (?, ?, 1) on conflict (kind, day) do update set n = n + 1")
    .bind(kind, Math.floor(now / DAY_MS))
    .run();
}

/**
 * Writes the counts of the days that are over down as one event each; returns how many. A cut between event and deletion writes the same
 * count down twice, never not at all.
 */
export async function settleCounts(ports: SecurityPorts): Promise<number> {
  const { results } = await ports.records
    .prepare("select kind, day, n from security_counts where day < ? order by day limit 31")
    .bind(Math.floor(ports.now() / DAY_MS))
    .all<{ kind: CountedKind; day: number; n: number }>();
  for (const { kind, day, n } of results) {
    await appendSecurityEvent(ports, { kind, actor: "system", detail: { day, n } });
    await ports.records.prepare("delete from security_counts where kind = ? and day = ?").bind(kind, day).run();
  }
  return results.length;
}

/** The counts of all regions, for the clock. */
export async function settleAllCounts(env: Env, now: number): Promise<number> {
  const counts = await Promise.all(REGIONS.map((region) => settleCounts(securityPorts(env, region, () => now))));
  return counts.reduce((sum, count) => sum + count, 0);
}
