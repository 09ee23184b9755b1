import { HOUR_MS } from "../../shared/clock";
import { putTombstone, SHARDS, tombstonesOf } from "../../shared/erasure/tombstones";
import type { Region } from "../../shared/region";
import type { KeyPorts } from "./ports";
import type { Moved } from "./slice";

/** A part of the marks is gone through again after so long: an object with the last deployment's secrets may have put one since. */
const AGAIN_MS = 12 * HOUR_MS;
/**
 * For so long it counts as gone through. A retired key has not been used for 26 hours; so whatever counts then was gone through when nobody
 * made marks under it any more.
 */
const GOOD_MS = 24 * HOUR_MS;

/** Marks that are put at the same time. */
const PAGE = 50;

type Place = Pick<KeyPorts["regions"][Region], "records" | "files" | "keys" | "region">;

/**
 * Puts a mark under the current index key beside every one under an older key, a part of them at a time and up to `limit` marks. What was
 * there stays: a lock keeps it. Nothing is counted by rows of D1 that a restored copy could bring back: a part is done when it has been
 * gone through, and that lapses.
 */
export async function moveTombstones(ports: KeyPorts, { records, files, keys, region }: Place, limit: number): Promise<Moved> {
  if (Object.keys(keys.index.keys).length === 1) return { moved: 0, failed: 0 };
  const done = new Set(await partsDone(records, keys.index.current, ports.now() - AGAIN_MS));
  let [moved, left] = [0, limit];
  for (const shard of SHARDS) {
    const note = noteOf(keys.index.current, shard);
    if (left <= 0 || done.has(note)) continue;
    const place = `index ${note}`;
    let after: string | undefined = (await records.prepare("select after from key_moves where kind = ?").bind(place).first("after")) ?? "";
    while (left > 0 && after !== undefined) {
      const page = await tombstonesOf(files, keys, shard, after, Math.min(left, PAGE));
      left -= page.marks.length;
      // A mark whose key is gone was moved before that key went.
      const older = page.marks.flatMap(({ version, person }) => (version === keys.index.current ? [] : (person ?? [])));
      const written = await Promise.all(older.map(async (person) => await putTombstone(files, keys, person)));
      moved += written.filter(Boolean).length;
      after = page.last;
      await records.batch(
        after === undefined
          ? [
              records
                .prepare("insert into key_notes (note, noted_at) values (?1, ?2) on conflict do update set noted_at = ?2")
                .bind(note, ports.now()),
              records.prepare("delete from key_moves where kind = ?").bind(place),
            ]
          : [
              records
                .prepare("insert into key_moves (kind, after) values (?1, ?2) on conflict do update set after = ?2")
                .bind(place, after),
            ],
      );
    }
  }
  if (moved > 0) ports.log({ event: "keys", kind: "index tombstones", region, moved, failed: 0 });
  return { moved, failed: 0 };
}

/** How many parts of the marks may still hold one under an older key alone. `current` is the index key's current version. */
export async function tombstonePartsLeft(records: D1Database, current: string, now: number): Promise<number> {
  return SHARDS.length - (await partsDone(records, current, now - GOOD_MS)).length;
}

async function partsDone(records: D1Database, version: string, since: number): Promise<string[]> {
  const { results } = await records
    .prepare("select note from key_notes where note in (select value from json_each(?)) and noted_at > ?")
    .bind(JSON.stringify(SHARDS.map((shard) => noteOf(version, shard))), since)
    .all<{ note: string }>();
  return results.map(({ note }) => note);
}

function noteOf(version: string, shard: string): string {
  return `tombstones ${version} ${shard}`;
}
