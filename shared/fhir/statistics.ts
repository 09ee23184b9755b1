import { problem } from "../problem";
import { dateRange } from "./r4/date-range";

/** Codes of R4's set of statistics (observation-statistics). Of a regression over time it is the slope: the change in a day. */
export const STATISTICS = {
  average: "Average",
  maximum: "Maximum",
  minimum: "Minimum",
  count: "Count",
  "total-count": "Total Count",
  median: "Median",
  "std-dev": "Standard Deviation",
  sum: "Sum",
  variance: "Variance",
  "20-percent": "20th Percentile",
  "80-percent": "80th Percentile",
  "4-lower": "Lower Quartile",
  "4-upper": "Upper Quartile",
  "4-dev": "Quartile Deviation",
  "5-1": "1st Quintile",
  "5-2": "2nd Quintile",
  "5-3": "3rd Quintile",
  "5-4": "4th Quintile",
  skew: "Skew",
  kurtosis: "Kurtosis",
  regression: "Regression",
} as const;
export type Statistic = keyof typeof STATISTICS;

/** What a summary of readings tells without their values. */
const OF_SUMMARIES: ReadonlySet<Statistic> = new Set(["average", "maximum", "minimum", "count", "total-count", "sum"]);

export interface StatsQuery {
  /** `system|code`, or a code of any system. */
  readonly codes: readonly string[];
  readonly statistics: readonly Statistic[];
  /** Epoch milliseconds, `to` exclusive; all time where undefined. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  /** Whose they are, where it says so: an id of a Patient. */
  readonly subject: string | undefined;
  readonly include: boolean;
  readonly limit: number;
}

const PARAMETERS = new Set([
  "subject",
  "code",
  "system",
  "coding",
  "duration",
  "period",
  "period.start",
  "period.end",
  "statistic",
  "include",
  "limit",
]);
const MOST_CODES = 10;
const MOST_SOURCES = 200;
const HOUR_MS = 3_600_000;

/** Reads the parameters of `Observation/$stats` (R4 observation-operation-stats.html). Problem `malformed`. */
export function readStats(
  params: readonly (readonly [string, string])[],
  { now, timeZone }: { readonly now: number; readonly timeZone: string },
): StatsQuery {
  for (const [name] of params)
    if (!PARAMETERS.has(name))
      throw problem("malformed", "Parameters of $stats are subject, code, system, coding, duration, period, statistic, include and limit.");
  const all = (name: string) => params.flatMap(([one, value]) => (one === name && value !== "" ? value.split(",") : []));
  const last = (name: string) => params.findLast(([one, value]) => one === name && value !== "")?.[1];
  const system = last("system");
  const codes = [...all("code").map((code) => (system === undefined ? code : `${system}|${code}`)), ...all("coding")];
  if (codes.length === 0) throw problem("malformed", "Name what the statistics are of: code, with a system, or coding.");
  if (codes.length > MOST_CODES) throw problem("malformed", `$stats takes at most ${MOST_CODES} codes.`);
  const statistics = [...new Set(all("statistic"))].map((one) => {
    if (!Object.hasOwn(STATISTICS, one)) throw problem("malformed", `statistic is one of ${Object.keys(STATISTICS).join(", ")}.`);
    return one as Statistic;
  });
  if (statistics.length === 0) throw problem("malformed", "Name at least one statistic.");
  const limit = last("limit") ?? String(MOST_SOURCES);
  if (!/^[1-9]\d{0,8}$/.test(limit)) throw problem("malformed", "limit is a positive number.");
  const include = last("include") ?? "false";
  if (include !== "true" && include !== "false") throw problem("malformed", "include is true or false.");
  const subject = last("subject");
  return {
    codes,
    statistics,
    subject: subject === undefined ? undefined : subject.slice(subject.lastIndexOf("/") + 1),
    include: include === "true",
    limit: Math.min(Number(limit), MOST_SOURCES),
    ...timesOf({ duration: last("duration"), period: last("period"), start: last("period.start"), end: last("period.end") }, now, timeZone),
  };
}

interface Times {
  readonly duration: string | undefined;
  readonly period: string | undefined;
  readonly start: string | undefined;
  readonly end: string | undefined;
}

function timesOf({ duration, period, start, end }: Times, now: number, timeZone: string): Pick<StatsQuery, "from" | "to"> {
  if (duration !== undefined) {
    if (period !== undefined || start !== undefined || end !== undefined) throw problem("malformed", "Give duration or period, not both.");
    const hours = Number(duration);
    if (!/^\d{1,9}(?:\.\d{1,9})?$/.test(duration) || hours <= 0) throw problem("malformed", "duration is a number of hours.");
    return { from: now - Math.round(hours * HOUR_MS), to: now + 1 };
  }
  const rangeOf = (text: string) => {
    const range = dateRange(text.replace(/ (?=\d{2}:\d{2}$)/, "+"), timeZone);
    if (range === undefined) throw problem("malformed", "The period has no date and time that can be read.");
    return range;
  };
  // A period of one word, as a query can have it: the day, month or year itself.
  const whole = period === undefined ? undefined : rangeOf(period);
  const [from, to] = [start === undefined ? whole?.[0] : rangeOf(start)[0], end === undefined ? whole?.[1] : rangeOf(end)[1]];
  if (from !== undefined && to !== undefined && to < from) throw problem("malformed", "The period ends before it begins.");
  return { from, to: to === undefined ? undefined : to + 1 };
}

/** Whether statistics need the values themselves. */
export function needsValues(statistics: readonly Statistic[]): boolean {
  return statistics.some((one) => !OF_SUMMARIES.has(one));
}

/** What is known of values: counts and bounds always, the values themselves where they were read. */
export interface Sample {
  readonly n: number;
  /** With those that have no value. */
  readonly total: number;
  readonly min: number;
  readonly max: number;
  /** The mean as the measure has it: of levels that of their energies. */
  readonly mean: number;
  /** Undefined where adding up means nothing. */
  readonly sum: number | undefined;
  readonly values?: Float64Array;
  /** How much they change in a day, along the nearest straight line. */
  readonly perDay?: number | undefined;
}

/**
 * One statistic; undefined where it cannot be told of so few. Percentiles lie between the two nearest values (linear, as spreadsheets have
 * them), deviations are those of a sample (n − 1), skew and kurtosis those of the sample's moments, the kurtosis above that of a normal
 * distribution.
 */
export function statisticOf(name: Statistic, sample: Sample): number | undefined {
  const { n, values } = sample;
  if (name === "count") return n;
  if (name === "total-count") return sample.total;
  if (n === 0) return undefined;
  switch (name) {
    case "average":
      return sample.mean;
    case "maximum":
      return sample.max;
    case "minimum":
      return sample.min;
    case "sum":
      return sample.sum;
    case "regression":
      return sample.perDay;
    default:
      return values === undefined ? undefined : ofValues(name, values);
  }
}

function ofValues(name: Statistic, values: Float64Array): number | undefined {
  switch (name) {
    case "median":
      return quantile(values, 0.5);
    case "20-percent":
    case "5-1":
      return quantile(values, 0.2);
    case "80-percent":
    case "5-4":
      return quantile(values, 0.8);
    case "5-2":
      return quantile(values, 0.4);
    case "5-3":
      return quantile(values, 0.6);
    case "4-lower":
      return quantile(values, 0.25);
    case "4-upper":
      return quantile(values, 0.75);
    case "4-dev":
      return (quantile(values, 0.75) - quantile(values, 0.25)) / 2;
    case "variance":
      return variance(values);
    case "std-dev": {
      const found = variance(values);
      return found === undefined ? undefined : Math.sqrt(found);
    }
    case "skew":
      return standardMoment(values, 3);
    case "kurtosis": {
      const found = standardMoment(values, 4);
      return found === undefined ? undefined : found - 3;
    }
    default:
      return undefined;
  }
}

/** `values` in ascending order, at least one. */
function quantile(values: Float64Array, share: number): number {
  const at = (values.length - 1) * share;
  const [low, high] = [values[Math.floor(at)] ?? 0, values[Math.ceil(at)] ?? 0];
  return low + (high - low) * (at - Math.floor(at));
}

function meanOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function moment(values: Float64Array, power: number): number {
  const mean = meanOf(values);
  let sum = 0;
  for (const value of values) sum += (value - mean) ** power;
  return sum / values.length;
}

function variance(values: Float64Array): number | undefined {
  return values.length < 2 ? undefined : (moment(values, 2) * values.length) / (values.length - 1);
}

function standardMoment(values: Float64Array, power: number): number | undefined {
  const spread = moment(values, 2);
  return values.length < 2 || spread === 0 ? undefined : moment(values, power) / spread ** (power / 2);
}
