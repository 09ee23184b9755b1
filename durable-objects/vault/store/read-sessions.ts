import { betterSource, sourceRank } from "../../../shared/health/source-rank";
import type { SourceChoice } from "./choose";
import type { Sources } from "./sources";

export interface StoredSleep {
  readonly source: number;
  readonly start: number;
  readonly end: number;
  /** Local date it belongs to, days since 1970-01-01. */
  readonly date: number;
  readonly zone: number;
  readonly nap: boolean;
  readonly assembled: boolean;
  readonly version: number;
  readonly revision: number;
  readonly updatedAt: number;
  readonly recordId: string;
  /** JSON text of `SleepBody`. */
  readonly body: string;
}

export interface StoredWorkout {
  readonly source: number;
  readonly start: number;
  readonly end: number;
  readonly type: string;
  readonly date: number;
  readonly zone: number;
  readonly version: number;
  readonly revision: number;
  readonly updatedAt: number;
  readonly recordId: string;
  /** JSON text of the workout without its key and route. */
  readonly body: string;
}

type SleepRow = {
  source: number;
  start: number;
  end: number;
  date: number;
  zone: number;
  nap: number;
  assembled: number;
  version: number;
  revision: number;
  updated_at: number;
  record_id: string;
  body: string;
};
type WorkoutSqlRow = {
  source: number;
  start: number;
  end: number;
  type: string;
  date: number;
  zone: number;
  version: number;
  revision: number;
  updated_at: number;
  record_id: string;
  body: string;
};

/** Neighbours this far outside a window can still overlap a session inside it. */
const REACH_MS = 48 * 3_600_000;

/** Sleep sessions that end in [from, to), in order of their end. With `best`, of overlapping sessions only the best source's is shown. */
export function readSleeps(sql: SqlStorage, sources: Sources, from: number, to: number, choice: SourceChoice): StoredSleep[] {
  const rows = sql
    .exec<SleepRow>("SELECT * FROM sleeps WHERE end >= ? AND end < ? ORDER BY end, source", from - REACH_MS, to + REACH_MS)
    .toArray()
    .map((r): StoredSleep => ({ ...keyOf(r), nap: r.nap === 1, assembled: r.assembled === 1 }));
  return chosen(rows, sources, "sleep", choice).filter((s) => s.end >= from && s.end < to);
}

/** Workouts that begin in [from, to), in order of their start; overlapping ones like sleep. */
export function readWorkouts(sql: SqlStorage, sources: Sources, from: number, to: number, choice: SourceChoice): StoredWorkout[] {
  const rows = sql
    .exec<WorkoutSqlRow>("SELECT * FROM workouts WHERE start >= ? AND start < ? ORDER BY start, source", from - REACH_MS, to + REACH_MS)
    .toArray()
    .map((r): StoredWorkout => ({ ...keyOf(r), type: r.type }));
  return chosen(rows, sources, "activity", choice).filter((w) => w.start >= from && w.start < to);
}

/** The route of a workout as JSON array texts, in order. */
export function readRoute(sql: SqlStorage, source: number, start: number): string[] {
  return sql
    .exec<{ points: string }>("SELECT points FROM workout_routes WHERE source = ? AND start = ? ORDER BY part", source, start)
    .toArray()
    .map((row) => row.points);
}

function keyOf<
  R extends {
    source: number;
    start: number;
    end: number;
    date: number;
    zone: number;
    version: number;
    revision: number;
    updated_at: number;
    record_id: string;
    body: string;
  },
>(r: R) {
  return {
    source: r.source,
    start: r.start,
    end: r.end,
    date: r.date,
    zone: r.zone,
    version: r.version,
    revision: r.revision,
    updatedAt: r.updated_at,
    recordId: r.record_id,
    body: r.body,
  };
}

/** Drops sessions that a better source tells too: two sessions are the same event where they overlap by half of the shorter one. */
function chosen<S extends { source: number; start: number; end: number }>(
  rows: readonly S[],
  sources: Sources,
  sensitivity: "sleep" | "activity",
  choice: SourceChoice,
): S[] {
  if (choice === "all") return [...rows];
  if (typeof choice === "number") return rows.filter((row) => row.source === choice);
  const rankOf = (number: number) => {
    const source = sources.get(number);
    return { number, rank: source === undefined ? Number.MAX_SAFE_INTEGER : sourceRank({ sensitivity }, source) };
  };
  return rows.filter(
    (row) =>
      !rows.some((other) => other.source !== row.source && sameEvent(row, other) && betterSource(rankOf(other.source), rankOf(row.source))),
  );
}

function sameEvent(a: { start: number; end: number }, b: { start: number; end: number }): boolean {
  const overlap = Math.min(a.end, b.end) - Math.max(a.start, b.start);
  return overlap > 0 && overlap >= 0.5 * Math.min(a.end - a.start, b.end - b.start);
}
