import type { KeyRing } from "../../shared/crypto/keys";
import type { Log } from "../../shared/log";

/** Rows of one slice. */
export const SLICE = 500;
/** Vaults that are asked at the same time. */
const AT_ONCE = 20;

/** One kind of rows that carry a key's version. */
export interface Moving<Row> {
  readonly kind: string;
  /** Where the rows lie; it keeps where the next slice goes on. */
  readonly records: D1Database;
  readonly ring: KeyRing<unknown>;
  /** What the version of rows is that nobody has noted yet, where there are such. */
  readonly unknown?: null;
  /** Rows of an older version behind a key, in its order. */
  page(version: string | null, after: string, limit: number): Promise<readonly Row[]>;
  keyOf(row: Row): string;
  /** The write that brings the row to the current version, on condition that it is still as it was read; undefined where it has to wait. */
  move(row: Row): Promise<D1PreparedStatement | undefined>;
}

/** What a slice came to. */
export interface Moved {
  readonly moved: number;
  readonly failed: number;
}

/**
 * Moves up to `limit` rows to the current version. It can be cut at every point and repeated: a row says itself whether it is done. Rows
 * that fail stay, are counted, and do not hold up those behind them: the next slice goes on after this one, and begins anew at the end.
 */
export async function moveSlice<Row>(moving: Moving<Row>, log: Log, limit = SLICE): Promise<Moved> {
  const versions = Object.keys(moving.ring.keys).filter((version) => version !== moving.ring.current);
  if (versions.length === 0) return { moved: 0, failed: 0 };
  let moved = 0;
  let failed = 0;
  let left = limit;
  for (const version of moving.unknown === null ? [null, ...versions] : versions) {
    if (left === 0) break;
    const name = `${moving.kind}:${version ?? ""}`;
    const after = (await moving.records.prepare("select after from key_moves where kind = ?").bind(name).first<string>("after")) ?? "";
    const rows = await moving.page(version, after, left);
    for (let at = 0; at < rows.length; at += AT_ONCE) {
      const outcomes = await Promise.allSettled(rows.slice(at, at + AT_ONCE).map((row) => moving.move(row)));
      const statements = outcomes.flatMap((outcome) =>
        outcome.status === "fulfilled" && outcome.value !== undefined ? [outcome.value] : [],
      );
      failed += outcomes.filter(({ status }) => status === "rejected").length;
      if (statements.length === 0) continue;
      for (const { meta } of await moving.records.batch(statements)) moved += meta.changes > 0 ? 1 : 0;
    }
    const last = rows.at(-1);
    await keepPlace(moving.records, name, last === undefined || rows.length < left ? "" : moving.keyOf(last), after);
    left -= rows.length;
  }
  if (moved > 0 || failed > 0) log({ event: "keys", kind: moving.kind, moved, failed });
  return { moved, failed };
}

async function keepPlace(records: D1Database, name: string, after: string, before: string): Promise<void> {
  if (after === before) return;
  const sql =
    after === ""
      ? "delete from key_moves where kind = ?1"
      : "insert into key_moves (kind, after) values (?1, ?2) on conflict do update set after = ?2";
  await (after === "" ? records.prepare(sql).bind(name) : records.prepare(sql).bind(name, after)).run();
}
