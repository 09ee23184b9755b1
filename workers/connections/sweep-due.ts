import { parseId } from "../../shared/id";
import { HOUR_MS } from "../../shared/clock";
import { REGIONS, type Region } from "../../shared/region";
import type { SyncPointer } from "../../shared/vendors/pointer";
import { regional } from "../regional";

/** Connections of one `sendBatch`. */
const AT_ONCE = 100;
/** Connections of one region and tick; what is left is due at the next tick. */
const MOST = 10_000;
/** A connection is due again after this even if its pointer is lost: nobody stays queued for ever. The vault's answer sets the real time. */
const LEASE_MS = HOUR_MS;

export const DUE_QUERY = "select connection_id, person_id from due_connections where due_at <= ? order by due_at limit ?";

export interface SweepPorts {
  readonly records: D1Database;
  readonly queue: Queue;
}

/** Queues a pointer for every connection of a region that is due. Returns how many. Idempotent: a pointer too many changes nothing. */
export async function sweepDue({ records, queue }: SweepPorts, now: number, most = MOST): Promise<number> {
  let swept = 0;
  while (swept < most) {
    const { results } = await records.prepare(DUE_QUERY).bind(now, AT_ONCE).all<{ connection_id: string; person_id: string }>();
    const pointers = results.flatMap((row): SyncPointer[] => {
      const connection = parseId("connection", row.connection_id);
      const person = parseId("person", row.person_id);
      return connection === undefined || person === undefined ? [] : [{ kind: "due", person, connection }];
    });
    if (pointers.length > 0) await queue.sendBatch(pointers.map((body) => ({ body })));
    await records
      .prepare("update due_connections set due_at = ? where due_at <= ? and connection_id in (select value from json_each(?))")
      .bind(now + LEASE_MS, now, JSON.stringify(results.map((row) => row.connection_id)))
      .run();
    swept += results.length;
    if (results.length < AT_ONCE) break;
  }
  return swept;
}

/** The sweep of all regions, for the clock. */
export async function sweepAllDue(env: Env, now: number): Promise<number> {
  const counts = await Promise.all(
    REGIONS.map((region: Region) => {
      const { records, sync } = regional(env, region);
      return sweepDue({ records, queue: sync }, now);
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
