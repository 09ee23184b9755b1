import { metric as metricOf, type Metric } from "../../../shared/health/catalogue";
import { type EventGroup, groupSessions } from "../../../shared/health/event-groups";
import type { SourceChoice } from "./choose";
import { Handovers } from "./handovers";
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

/** Sleep that ends in [from, to), in order of its end. With `best`, a night that several sources tell is one group, led by the best of them. */
export function readSleeps(sql: SqlStorage, sources: Sources, from: number, to: number, choice: SourceChoice): EventGroup<StoredSleep>[] {
  const rows = sql
    .exec<SleepRow>("SELECT * FROM sleeps WHERE end >= ? AND end < ? ORDER BY end, source", from - REACH_MS, to + REACH_MS)
    .toArray()
    .map((r): StoredSleep => ({ ...keyOf(r), nap: r.nap === 1, assembled: r.assembled === 1 }));
  return grouped(rows, sources, metricOf("sleep")!, choice)
    .filter(({ head }) => head.end >= from && head.end < to)
    .toSorted((a, b) => a.head.end - b.head.end || a.head.source - b.head.source);
}

/** Workouts that begin in [from, to), in order of their start; grouped like sleep. */
export function readWorkouts(
  sql: SqlStorage,
  sources: Sources,
  from: number,
  to: number,
  choice: SourceChoice,
): EventGroup<StoredWorkout>[] {
  const rows = sql
    .exec<WorkoutSqlRow>("SELECT * FROM workouts WHERE start >= ? AND start < ? ORDER BY start, source", from - REACH_MS, to + REACH_MS)
    .toArray()
    .map((r): StoredWorkout => ({ ...keyOf(r), type: r.type }));
  return grouped(rows, sources, metricOf("workout")!, choice)
    .filter(({ head }) => head.start >= from && head.start < to)
    .toSorted((a, b) => a.head.start - b.head.start || a.head.source - b.head.source);
}

/** The source of the night that is shown for a date: the longest that is no nap, else the longest; undefined without any. */
export function mainSleepSource(sql: SqlStorage, sources: Sources, date: number): number | undefined {
  type Span = { source: number; start: number; end: number; date: number; nap: number };
  const rows = sql.exec<Span>("SELECT source, start, end, date, nap FROM sleeps WHERE date = ?", date).toArray();
  const heads = grouped(rows, sources, metricOf("sleep")!, "best").map(({ head }) => head);
  return heads.toSorted((a, b) => a.nap - b.nap || b.end - b.start - (a.end - a.start) || a.source - b.source)[0]?.source;
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

/** Sessions by the event that they tell of, without those of a feed that is passed over on their date. */
function grouped<S extends { source: number; start: number; end: number; date: number }>(
  all: readonly S[],
  sources: Sources,
  metric: Metric,
  choice: SourceChoice,
): EventGroup<S>[] {
  const rows = all.filter(({ source }) => sources.shows(source));
  if (choice !== "best") {
    const wanted = choice === "all" ? rows : rows.filter((row) => row.source === choice);
    return wanted.map((head) => ({ head, others: [] }));
  }
  const present = new Map<number, Set<number>>();
  for (const { date, source } of rows) {
    const known = present.get(date);
    if (known === undefined) present.set(date, new Set([source]));
    else known.add(source);
  }
  const handovers = new Handovers(sources, (date) => present.get(date) ?? new Set());
  const counted = rows.filter(({ source, date }) => !handovers.passesOver(source, date));
  const ranks = new Map<number, number>();
  return groupSessions(counted, (number) => {
    let rank = ranks.get(number);
    if (rank === undefined) {
      rank = sources.rank(metric, number)?.rank ?? Number.MAX_SAFE_INTEGER;
      ranks.set(number, rank);
    }
    return rank;
  });
}
