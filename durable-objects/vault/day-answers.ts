import { DAY_MS } from "../../shared/clock";
import { metricByCode } from "../../shared/health/catalogue";
import type { EventGroup } from "../../shared/health/event-groups";
import { type MergedWorkout, mergeWorkouts, type WorkoutAccount, type WorkoutBody } from "../../shared/health/merge-workouts";
import { readingId, tagHash } from "../../shared/health/reading-id";
import type { SleepStage } from "../../shared/health/reading";
import { summariseSleep } from "../../shared/health/sleep";
import { parseSourceId, sourceId } from "../../shared/health/source-id";
import { dayText, isoWithOffset, startOfDay } from "../../shared/health/zone";
import { headline, round } from "./answers";
import type { SourceChoice } from "./store/choose";
import { readDays } from "./store/read-buckets";
import { readRaw } from "./store/read-raw";
import { readRoute, readSleeps, readWorkouts, type StoredSleep, type StoredWorkout } from "./store/read-sessions";
import type { SleepBody } from "./store/sleeps";
import type { Sources } from "./store/sources";
import type { Seen } from "./store/store";

export interface DayAnswer {
  readonly date: string;
  readonly timeZone: string;
  readonly metrics: Readonly<
    Record<
      string,
      {
        readonly value: number | null;
        readonly unit: string;
        readonly source: string;
        readonly components?: Readonly<Record<string, number>>;
      }
    >
  >;
  readonly sleep?: SleepAnswer;
  readonly workouts: readonly WorkoutAnswer[];
  /** Words that vendors want to stand beside the metrics of their sources, by source. */
  readonly attributions?: Readonly<Record<string, string>>;
}

/** One source's account of a session that several tell of; `id` reads or deletes that account alone. */
export interface SessionSource {
  readonly source: string;
  readonly id: string;
  readonly startAt: string;
  readonly endAt: string;
  /** Words that its vendor wants to stand beside it. */
  readonly attribution?: string;
  /** Typed in, not measured. */
  readonly recording?: "manual";
}

export interface SleepAnswer {
  readonly id: string;
  readonly startAt: string;
  readonly endAt: string;
  readonly date: string;
  readonly nap: boolean;
  readonly source: string;
  /** Every source that tells of this sleep, the one that is shown first. */
  readonly sources: readonly SessionSource[];
  readonly summary: Readonly<Record<string, number | null>>;
  readonly stages: readonly { readonly stage: string; readonly startAt: string; readonly endAt: string }[];
}

export interface WorkoutAnswer {
  readonly id: string;
  readonly type: string;
  readonly vendorType?: string;
  readonly startAt: string;
  readonly endAt: string;
  readonly durationS: number;
  readonly source: string;
  /** Every source that tells of this activity, the one that leads first. */
  readonly sources: readonly SessionSource[];
  /** Which source each field comes from, totals as `totals.<key>`; only where there are several. */
  readonly origins?: Readonly<Record<string, string>>;
  readonly totals: Readonly<Record<string, number>>;
  readonly [more: string]: unknown;
}

/** The summary of local dates [from, to] (day numbers); dates without any data are left out unless `every`. */
export function dayAnswers(sql: SqlStorage, store: Seen, timeZone: string, from: number, to: number, every: boolean): DayAnswer[] {
  const dates = new Map<number, Record<string, DayAnswer["metrics"][string]>>();
  const at = (date: number) => {
    let metrics = dates.get(date);
    if (metrics === undefined) {
      metrics = {};
      dates.set(date, metrics);
    }
    return metrics;
  };
  for (const code of metricsBetween(sql, from, to)) {
    const metric = metricByCode(code);
    if (metric === undefined) continue;
    for (const bucket of readDays(sql, store.sources, metric, from, to, "best", Number.POSITIVE_INFINITY)) {
      at(bucket.key)[metric.key] = { value: headline(metric, bucket), unit: metric.unit, source: sourceId(bucket.source) };
    }
  }
  addPanels(sql, store, timeZone, from, to, at);
  const begin = (from - 1) * DAY_MS;
  const end = (to + 2) * DAY_MS;
  const sleeps = Map.groupBy(readSleeps(sql, store.sources, begin, end, "best"), ({ head }) => head.date);
  const workouts = Map.groupBy(readWorkouts(sql, store.sources, begin, end, "best"), ({ head }) => head.date);
  for (const date of [...sleeps.keys(), ...workouts.keys()]) if (date >= from && date <= to) at(date);
  if (every) for (let date = from; date <= to; date++) at(date);
  return [...dates]
    .toSorted((a, b) => a[0] - b[0])
    .map(([date, metrics]) => {
      const night = mainSleep(sleeps.get(date) ?? []);
      return {
        date: dayText(date),
        timeZone,
        metrics,
        ...(night === undefined ? {} : { sleep: sleepAnswer(night, store.sources) }),
        workouts: (workouts.get(date) ?? []).map((group) => workoutAnswer(group, store.sources)),
        ...store.sources.attributions(Object.values(metrics).map(({ source }) => parseSourceId(source) ?? 0)),
      };
    });
}

function metricsBetween(sql: SqlStorage, from: number, to: number): number[] {
  return sql
    .exec<{ metric: number }>(
      "SELECT metric FROM days WHERE date >= ?1 AND date <= ?2 UNION SELECT metric FROM daily WHERE date >= ?1 AND date <= ?2",
      from,
      to,
    )
    .toArray()
    .map((row) => row.metric);
}

/** Panels have no top value: a day shows their last reading. */
function addPanels(
  sql: SqlStorage,
  store: Seen,
  timeZone: string,
  from: number,
  to: number,
  at: (date: number) => Record<string, DayAnswer["metrics"][string]>,
): void {
  const present = sql.exec<{ metric: number }>("SELECT DISTINCT metric FROM series WHERE kind = 'sample' AND last_value IS NULL").toArray();
  for (const { metric: code } of present) {
    const metric = metricByCode(code);
    if (metric?.components === undefined) continue;
    const points = readRaw(sql, store.sources, metric, {
      from: startOfDay(timeZone, from),
      to: startOfDay(timeZone, to + 1),
      choice: "best",
      limit: Number.MAX_SAFE_INTEGER,
    });
    for (const point of points) {
      const { components } = JSON.parse(point.body ?? "{}") as { components?: Record<string, number> };
      if (components === undefined) continue;
      const date = Math.floor((point.at + point.zone * 1_000) / DAY_MS);
      if (date >= from && date <= to) at(date)[metric.key] = { value: null, unit: metric.unit, source: sourceId(point.source), components };
    }
  }
}

/** The night of a date: the longest session that is no nap, else the longest. */
function mainSleep(sleeps: readonly EventGroup<StoredSleep>[]): EventGroup<StoredSleep> | undefined {
  return sleeps.toSorted(
    ({ head: a }, { head: b }) => Number(a.nap) - Number(b.nap) || b.end - b.start - (a.end - a.start) || a.source - b.source,
  )[0];
}

/** Sleep sessions that end in [from, to). */
export function sleepAnswers(
  sql: SqlStorage,
  store: Seen,
  from: number,
  to: number,
  choice: SourceChoice,
): { position: number; source: number; answer: SleepAnswer }[] {
  return readSleeps(sql, store.sources, from, to, choice).map((group) => ({
    position: group.head.end,
    source: group.head.source,
    answer: sleepAnswer(group, store.sources),
  }));
}

/** Workouts that begin in [from, to), without their routes. */
export function workoutAnswers(
  sql: SqlStorage,
  store: Seen,
  from: number,
  to: number,
  choice: SourceChoice,
): { position: number; source: number; answer: WorkoutAnswer }[] {
  return readWorkouts(sql, store.sources, from, to, choice).map((group) => ({
    position: group.head.start,
    source: group.head.source,
    answer: workoutAnswer(group, store.sources),
  }));
}

/**
 * One workout with its route, or undefined. `tag` is the hash of its type. The id that leads an activity names all of it; the id of
 * another account of the same activity names that account alone.
 */
export function workoutWithRoute(
  sql: SqlStorage,
  store: Seen,
  source: number,
  start: number,
  tag: string,
): (WorkoutAnswer & { readonly route: readonly unknown[] }) | undefined {
  const isMeant = ({ head }: EventGroup<StoredWorkout>) => head.source === source && head.start === start && tagHash(head.type) === tag;
  const found =
    readWorkouts(sql, store.sources, start, start + 1, "best").find(isMeant) ??
    readWorkouts(sql, store.sources, start, start + 1, source).find(isMeant);
  if (found === undefined) return undefined;
  const teller = merged(found).origins["route"];
  const told = [found.head, ...found.others].find((one) => one.source === teller) ?? found.head;
  const route = readRoute(sql, told.source, told.start).flatMap(
    (part) => JSON.parse(part) as (readonly [number, number, number, number?])[],
  );
  return {
    ...workoutAnswer(found, store.sources),
    route: route.map(([at, lat, lon, altitudeM]) => ({
      at: isoWithOffset(at, found.head.zone),
      lat,
      lon,
      ...(altitudeM === undefined ? {} : { altitudeM }),
    })),
  };
}

function sleepAnswer({ head: s, others }: EventGroup<StoredSleep>, sources: Sources): SleepAnswer {
  const body = JSON.parse(s.body) as SleepBody;
  const stages = body.stages.map(([start, end, stage]) => ({ start, end, stage: stage satisfies SleepStage }));
  const sums = summariseSleep({ start: s.start, end: s.end, stages });
  return {
    id: sleepId(s),
    startAt: isoWithOffset(s.start, s.zone),
    endAt: isoWithOffset(s.end, s.zone),
    date: dayText(s.date),
    nap: s.nap,
    source: sourceId(s.source),
    sources: [s, ...others].map((one) => accountOf(one, sleepId(one), sources)),
    summary: Object.fromEntries(Object.entries(sums).map(([key, value]) => [key, value === undefined ? null : round(value)])),
    stages: stages.map(({ stage, start, end }) => ({ stage, startAt: isoWithOffset(start, s.zone), endAt: isoWithOffset(end, s.zone) })),
    ...(body.attributes === undefined ? {} : { attributes: body.attributes }),
  };
}

function sleepId({ source, start }: StoredSleep): string {
  return readingId({ kind: "sleep", metric: 0, source, start, end: start, tag: "" });
}

function workoutId({ source, start, end, type }: StoredWorkout): string {
  return readingId({ kind: "workout", metric: 0, source, start, end, tag: tagHash(type) });
}

function accountOf({ source, start, end, zone }: StoredSleep | StoredWorkout, id: string, sources: Sources): SessionSource {
  const attribution = sources.attribution(source);
  return {
    source: sourceId(source),
    id,
    startAt: isoWithOffset(start, zone),
    endAt: isoWithOffset(end, zone),
    ...(attribution !== undefined && { attribution }),
    ...(sources.recordingOf(source) === "manual" && { recording: "manual" as const }),
  };
}

function merged({ head, others }: EventGroup<StoredWorkout>): MergedWorkout {
  const accountOfOne = ({ source, start, end, type, body }: StoredWorkout): WorkoutAccount => ({
    source,
    start,
    end,
    type,
    body: JSON.parse(body) as WorkoutBody,
  });
  return mergeWorkouts([accountOfOne(head), ...others.map(accountOfOne)]);
}

function workoutAnswer(group: EventGroup<StoredWorkout>, sources: Sources): WorkoutAnswer {
  const { head: w, others } = group;
  const { type, body, origins } = merged(group);
  const { durationS, totals, events, ...rest } = body as WorkoutBody & {
    durationS?: number;
    events?: { type: string; start: number; end?: number }[];
  };
  return {
    ...rest,
    id: workoutId(w),
    type,
    startAt: isoWithOffset(w.start, w.zone),
    endAt: isoWithOffset(w.end, w.zone),
    durationS: durationS ?? (w.end - w.start) / 1_000,
    source: sourceId(w.source),
    sources: [w, ...others].map((one) => accountOf(one, workoutId(one), sources)),
    ...(others.length === 0
      ? {}
      : { origins: Object.fromEntries(Object.entries(origins).map(([field, number]) => [field, sourceId(number)])) }),
    totals,
    ...(events === undefined
      ? {}
      : {
          events: events.map((e) => ({
            type: e.type,
            at: isoWithOffset(e.start, w.zone),
            ...(e.end === undefined ? {} : { endAt: isoWithOffset(e.end, w.zone) }),
          })),
        }),
  };
}
