import { DAY_MS, HOUR_MS } from "../../../shared/clock";
import { evaluate, type Formula, metricsOf } from "../../../shared/challenges/formula";
import { formulaOf, type WorkoutFigure } from "../../../shared/challenges/measures";
import type { Period } from "../../../shared/challenges/periods";
import { doubtOf, mostOfDay, mostOfHour } from "../../../shared/challenges/plausibility";
import type { Terms } from "../../../shared/challenges/terms";
import { unfitness } from "../../../shared/challenges/trust";
import { metric as metricOf, type Metric } from "../../../shared/health/catalogue";
import type { EventGroup } from "../../../shared/health/event-groups";
import { mergeWorkouts, type WorkoutBody } from "../../../shared/health/merge-workouts";
import { dayText, localDay, offsetAt, startOfDay } from "../../../shared/health/zone";
import { headline } from "../answers";
import { type Bucket, readDays, readHours, readMinutes } from "../store/read-buckets";
import { readRaw } from "../store/read-raw";
import { readWorkouts, type StoredWorkout } from "../store/read-sessions";
import type { Sources } from "../store/sources";

/** A date or a workout of a round, and what of it counts. */
export interface FoundEffort {
  readonly key: string;
  /** Days since 1970-01-01 in the challenge's zone. */
  readonly day: number;
  /** Epoch milliseconds of the last reading in it. */
  readonly at: number;
  /** Null where nothing of it counts. */
  readonly value: number | null;
  /** What would have counted beside that. */
  readonly leftOut: number;
  readonly reason: string | null;
}

/** What is read of a round. */
export interface Asked {
  readonly terms: Terms;
  readonly period: Pick<Period, "opensAt" | "endsAt">;
  /** Local dates of the challenge's zone, both inclusive. */
  readonly from: number;
  readonly to: number;
  /** Keys of efforts that count as a whole. */
  readonly allowed: ReadonlySet<string>;
}

/** The local dates of a round in its challenge's zone, both inclusive. */
export function datesOf({ terms: { schedule }, period: { opensAt, endsAt } }: Pick<Asked, "terms" | "period">): readonly [number, number] {
  const dayAt = (at: number): number => localDay(at, offsetAt(schedule.zone, at));
  return [dayAt(opensAt), dayAt(endsAt - 1)];
}

/**
 * The efforts of some dates of a round, as the vault's data stand: of each hour the best source that is believed speaks, and values of two are
 * never added. What others may not see of a vendor's data does not count.
 */
export function readEfforts(sql: SqlStorage, sources: Sources, asked: Asked): FoundEffort[] {
  const { measure } = asked.terms;
  if (measure.kind === "workouts") return workoutEfforts(sql, sources, asked, measure.figure, measure.types);
  const formula = formulaOf(measure);
  return formula === undefined ? [] : dateEfforts(sql, sources, asked, formula);
}

/** A metric's value on a date. */
interface DayValue {
  readonly value: number;
  readonly at: number;
}

function dateEfforts(sql: SqlStorage, sources: Sources, asked: Asked, formula: Formula): FoundEffort[] {
  const { terms, allowed } = asked;
  const metrics = metricsOf(formula).flatMap((key) => metricOf(key) ?? []);
  const others = sources.forOthers();
  const believed = valued(sql, others.believed(terms.trust), metrics, asked);
  // Without a source that does not count there is nothing else to compare with.
  const unfit = sources.all().filter(({ source }) => unfitness(source, terms.trust) !== undefined);
  const all = unfit.length === 0 ? believed : valued(sql, others, metrics, asked);
  const own = unfit.length === 0 ? believed : valued(sql, sources, metrics, asked);
  const found: FoundEffort[] = [];
  for (let day = asked.from; day <= asked.to; day++) {
    const key = dayText(day);
    const [plausible, trusted, whole, everything] = [believed(day, true), believed(day, false), all(day, false), own(day, false)];
    const shown = allowed.has(key) ? whole : plausible;
    if (shown.values.size === 0 && everything.values.size === 0) continue;
    const value = shown.values.size === 0 ? undefined : evaluate(formula, shown.values);
    const most = evaluate(formula, everything.values);
    const leftOut = most === undefined ? 0 : Math.max(most - (value ?? 0), 0);
    let reason: string | null = null;
    if (value === undefined && shown.values.size > 0) reason = "no_value";
    else if (!allowed.has(key) && differs(trusted, plausible)) reason = plausible.isDayBeyond ? "implausible_day" : "implausible_hour";
    else if (leftOut > 0) {
      // Whichever source of that date tells what does not count.
      if (!allowed.has(key) && differs(whole, trusted)) reason = unfitReason(unfit.map(({ source }) => unfitness(source, terms.trust)));
      else if (differs(everything, whole)) reason = "kept_for_its_person";
    }
    const at = Math.max(shown.at, value === undefined ? everything.at : 0);
    found.push({ key, day, at, value: value ?? null, leftOut: reason === null ? 0 : leftOut, reason });
  }
  return found;
}

function differs(one: DayValues, other: DayValues): boolean {
  return [...one.values].some(([key, value]) => other.values.get(key) !== value);
}

function unfitReason(reasons: readonly (string | undefined)[]): string {
  return reasons.includes("manual_excluded") ? "manual_excluded" : "file_excluded";
}

/** Values of some metrics on one date. */
interface DayValues {
  readonly values: ReadonlyMap<string, number>;
  readonly at: number;
  readonly isDayBeyond: boolean;
}

/** What some sources tell on each date of a challenge's zone. */
type Valued = (day: number, plausiblyOnly: boolean) => DayValues;

function valued(sql: SqlStorage, sources: Sources, metrics: readonly Metric[], asked: Asked): Valued {
  const read = metrics.map((metric) => [metric.key, valuesOf(sql, sources, metric, asked)] as const);
  return (day, plausiblyOnly) => {
    const values = new Map<string, number>();
    let [at, isDayBeyond] = [0, false];
    for (const [key, { plausible, all }] of read) {
      const found = (plausiblyOnly ? plausible : all).get(day);
      if (found === undefined) continue;
      if (plausiblyOnly && found.value > (mostOfDay(key) ?? Number.POSITIVE_INFINITY)) isDayBeyond = true;
      else values.set(key, found.value);
      at = Math.max(at, found.at);
    }
    return { values, at, isDayBeyond };
  };
}

interface MetricValues {
  /** Without hours that are beyond what somebody can do. */
  readonly plausible: ReadonlyMap<number, DayValue>;
  readonly all: ReadonlyMap<number, DayValue>;
}

/**
 * A metric on the dates of a challenge. Where all that counts in the round is told by the hour, the dates are the challenge's own. Where a
 * vendor tells totals of dates alone, all dates are the person's, so that nothing counts twice at their edges.
 */
function valuesOf(sql: SqlStorage, sources: Sources, metric: Metric, asked: Asked): MetricValues {
  if (metric.kind === "event") return { plausible: eventsOf(sql, sources, metric, asked), all: eventsOf(sql, sources, metric, asked) };
  const [first, last] = datesOf(asked);
  const days = readDays(sql, sources, metric, first, last, "best", Number.POSITIVE_INFINITY);
  return days.some(({ daily }) => daily === true) || metric.kind === "daily"
    ? valuesByDate(sql, sources, metric, asked, days)
    : valuesByHour(sql, sources, metric, asked);
}

function valuesByDate(sql: SqlStorage, sources: Sources, metric: Metric, asked: Asked, days: readonly Bucket[]): MetricValues {
  const { zone } = asked.terms.schedule;
  const { opensAt, endsAt } = asked.period;
  const found = new Map<number, DayValue>();
  for (const bucket of days) {
    const [begin, end] = [startOfDay(zone, bucket.key), startOfDay(zone, bucket.key + 1)];
    if (bucket.key < asked.from || bucket.key > asked.to) continue;
    if (begin >= opensAt && end <= endsAt) {
      found.set(bucket.key, { value: headline(metric, bucket), at: Math.min(bucket.daily === true ? end - 1 : bucket.lastAt, endsAt - 1) });
    } else if (bucket.daily !== true) {
      // Of a date that lies in the round in part, only the hours inside count; a total cannot be parted.
      const part = addUp(hoursWithin(sql, sources, metric, Math.max(begin, opensAt), Math.min(end, endsAt)));
      if (part !== undefined) found.set(bucket.key, part);
    }
  }
  return { plausible: found, all: found };
}

function valuesByHour(sql: SqlStorage, sources: Sources, metric: Metric, asked: Asked): MetricValues {
  const { zone } = asked.terms.schedule;
  const { opensAt, endsAt } = asked.period;
  const most = mostOfHour(metric.key) ?? Number.POSITIVE_INFINITY;
  const [plausible, all] = [new Map<number, DayValue>(), new Map<number, DayValue>()];
  const from = Math.max(startOfDay(zone, asked.from), opensAt);
  const to = Math.min(startOfDay(zone, asked.to + 1), endsAt);
  if (from >= to) return { plausible, all };
  const add = (days: Map<number, DayValue>, day: number, { value, at }: DayValue): void => {
    const known = days.get(day);
    days.set(day, known === undefined ? { value, at } : { value: known.value + value, at: Math.max(known.at, at) });
  };
  for (const part of piecesOf(zone, asked.from, asked.to, from, to)) {
    for (const hour of hoursWithin(sql, sources, metric, part.from, part.to)) {
      const day = part.day ?? localDay(hour.key, offsetAt(zone, hour.key));
      const one = { value: hour.sum, at: Math.min(hour.lastAt, part.to - 1) };
      add(all, day, one);
      if (hour.sum <= most) add(plausible, day, one);
    }
  }
  return { plausible, all };
}

/** A stretch of a round: all of one date, or of many whose midnights lie on whole hours. */
interface Piece {
  readonly from: number;
  readonly to: number;
  readonly day?: number;
}

/** Where midnights and both ends lie on whole hours, all at once; else date by date. */
function piecesOf(zone: string, firstDay: number, lastDay: number, from: number, to: number): Piece[] {
  const midnights: number[] = [];
  for (let day = firstDay; day <= lastDay + 1; day++) midnights.push(startOfDay(zone, day));
  if ([from, to, ...midnights].every((at) => at % HOUR_MS === 0)) return [{ from, to }];
  const pieces: Piece[] = [];
  for (let i = 0; i + 1 < midnights.length; i++) {
    const [begin, end] = [Math.max(midnights[i]!, from), Math.min(midnights[i + 1]!, to)];
    if (begin < end) pieces.push({ from: begin, to: end, day: firstDay + i });
  }
  return pieces;
}

/** Hours in [from, to); of those that the ends cut, the minutes inside. */
function hoursWithin(sql: SqlStorage, sources: Sources, metric: Metric, from: number, to: number): Bucket[] {
  const [firstWhole, lastWhole] = [Math.ceil(from / HOUR_MS) * HOUR_MS, Math.floor(to / HOUR_MS) * HOUR_MS];
  const minutes = (begin: number, end: number): Bucket[] =>
    begin < end ? joined(readMinutes(sql, sources, metric, begin, end, "best", Number.POSITIVE_INFINITY), begin) : [];
  if (firstWhole > lastWhole) return minutes(from, to);
  const whole = firstWhole < lastWhole ? readHours(sql, sources, metric, firstWhole, lastWhole, "best", Number.POSITIVE_INFINITY) : [];
  return [...minutes(from, firstWhole), ...whole, ...minutes(lastWhole, to)];
}

/** Minutes of one piece of an hour as one bucket. */
function joined(minutes: readonly Bucket[], key: number): Bucket[] {
  const [first] = minutes;
  if (first === undefined) return [];
  const sum = minutes.reduce((total, bucket) => total + bucket.sum, 0);
  return [{ ...first, key, sum, lastAt: Math.max(...minutes.map(({ lastAt }) => lastAt)) }];
}

function addUp(buckets: readonly Bucket[]): DayValue | undefined {
  if (buckets.length === 0) return undefined;
  return { value: buckets.reduce((sum, bucket) => sum + bucket.sum, 0), at: Math.max(...buckets.map(({ lastAt }) => lastAt)) };
}

/** How many events of a metric begin on each date; of several sources that tell of a date, the best one's. */
function eventsOf(sql: SqlStorage, sources: Sources, metric: Metric, asked: Asked): Map<number, DayValue> {
  const { zone } = asked.terms.schedule;
  const from = Math.max(startOfDay(zone, asked.from), asked.period.opensAt);
  const to = Math.min(startOfDay(zone, asked.to + 1), asked.period.endsAt);
  if (from >= to) return new Map();
  const points = readRaw(sql, sources, metric, { from, to, choice: "best", limit: MOST_EVENTS });
  const byDay = Map.groupBy(points, ({ at }) => localDay(at, offsetAt(zone, at)));
  const rank = (source: number): number => sources.rank(metric, source)?.rank ?? Number.MAX_SAFE_INTEGER;
  return new Map(
    [...byDay].map(([day, all]) => {
      const best = all.reduce((a, b) => (rank(b.source) < rank(a.source) ? b : a)).source;
      const counted = all.filter(({ source }) => source === best);
      return [day, { value: counted.length, at: Math.max(...counted.map(({ at }) => at)) }];
    }),
  );
}

const MOST_EVENTS = 20_000;

function workoutEfforts(
  sql: SqlStorage,
  sources: Sources,
  asked: Asked,
  figure: WorkoutFigure,
  types: readonly string[] | undefined,
): FoundEffort[] {
  const { terms, period, allowed } = asked;
  const { zone } = terms.schedule;
  const others = sources.forOthers();
  const believed = readWorkouts(sql, others.believed(terms.trust), period.opensAt, period.endsAt, "best");
  const seen = new Set(believed.flatMap(({ head, others: more }) => [head, ...more].map(accountKey)));
  const overlaps = (one: StoredWorkout): boolean => believed.some(({ head }) => head.start < one.end && one.start < head.end);
  // What only a source that does not count tells of; where one that counts tells of the same time, nothing was left out.
  const rest = readWorkouts(sql, sources, period.opensAt, period.endsAt, "best").filter(
    ({ head }) => !seen.has(accountKey(head)) && !overlaps(head),
  );
  const found: FoundEffort[] = [];
  const add = (group: EventGroup<StoredWorkout>, unfit: string | undefined): void => {
    const figures = figuresOf(group);
    if (types !== undefined && !types.includes(figures.type)) return;
    const { start, end } = group.head;
    const day = localDay(start, offsetAt(zone, start));
    if (day < asked.from || day > asked.to) return;
    const key = `${dayText(day)}T${new Date(start).toISOString().slice(11, 19)}Z-${group.head.source}`;
    const doubt = unfit ?? doubtOf({ ...figures, start, end });
    const counts = doubt === undefined || (allowed.has(key) && doubt !== "kept_for_its_person");
    const value = figures[figure];
    found.push({ key, day, at: end, value: counts ? value : null, leftOut: counts ? 0 : value, reason: counts ? null : doubt });
  };
  for (const group of believed) add(group, undefined);
  for (const group of rest) {
    const source = sources.get(group.head.source);
    add(group, source === undefined ? "manual_excluded" : (unfitness(source, terms.trust) ?? undefined));
  }
  return found;
}

function accountKey({ source, start, type }: StoredWorkout): string {
  return `${source} ${start} ${type}`;
}

type Figures = Record<WorkoutFigure, number> & {
  readonly type: string;
  readonly activeS: number;
  readonly distanceM: number;
  readonly energyKcal: number;
};

function figuresOf({ head, others }: EventGroup<StoredWorkout>): Figures {
  const account = ({ source, start, end, type, body }: StoredWorkout) => ({
    source,
    start,
    end,
    type,
    body: JSON.parse(body) as WorkoutBody,
  });
  const { type, body } = mergeWorkouts([account(head), ...others.map(account)]);
  const { durationS, totals } = body as { durationS?: number; totals?: Readonly<Record<string, number>> };
  const activeS = Math.min(durationS ?? Number.POSITIVE_INFINITY, (head.end - head.start) / 1_000);
  const distanceM = Math.max(0, ...Object.entries(totals ?? {}).flatMap(([key, value]) => (key.startsWith("distance") ? [value] : [])));
  const energyKcal = totals?.["energy_active"] ?? totals?.["energy_total"] ?? 0;
  return { type, activeS, distanceM, energyKcal, sessions: 1, minutes: activeS / 60, distance: distanceM, energy: energyKcal };
}

/** The dates that a change between two instants can touch: readings lie up to a day away from their challenge's date. */
export function datesTouched(zone: string, from: number, to: number): readonly [number, number] {
  return [localDay(from - DAY_MS, offsetAt(zone, from)), localDay(to + DAY_MS, offsetAt(zone, to))];
}
