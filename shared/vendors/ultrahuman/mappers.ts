import * as z from "zod";
import { ZONE_UNKNOWN } from "../../health/reading";
import type { SleepStage } from "../../health/reading";
import { maybe, minutes, word } from "../fields";
import { known, parsed, Rejection, scoreRange, some, type VendorRecord } from "../record";

/** What a day's values are read for. */
export interface Day {
  /** The date that was asked for. */
  readonly date: string;
  /** Seconds east of UTC, or `ZONE_UNKNOWN`. */
  readonly zone: number;
  /** Kinds of values that the day brings. */
  readonly types: ReadonlySet<string>;
}
type Map = (raw: unknown, record: VendorRecord, day: Day) => void;

/** Epoch seconds. */
const seconds = z
  .number()
  .min(0)
  .max(8.64e12)
  .transform((s) => s * 1000);
const pointSchema = z.object({ value: z.number(), timestamp: seconds });
const listSchema = z.object({ values: z.array(z.unknown()).max(10_000).nullish(), avg: maybe, total: maybe, value: maybe });
const valueSchema = z.object({ value: maybe });

/** A row of values. One that is none is left out, not the row. */
function series(metric: string): Map {
  return (raw, record, { zone }) => {
    for (const one of parsed(listSchema, raw).values ?? []) {
      const point = pointSchema.safeParse(one);
      if (point.success) record.oneOfMany(metric, point.data.timestamp, zone, point.data.value);
    }
  };
}

/** A day's one value. */
function daily(metric: string, attributes: Readonly<Record<string, unknown>> = {}): Map {
  return (raw, record, { date }) => record.daily(metric, date, parsed(valueSchema, raw).value, attributes);
}

function mapSteps(raw: unknown, record: VendorRecord, { date }: Day): void {
  const { total, values } = parsed(listSchema, raw);
  const counted = (values ?? []).map((one) => pointSchema.safeParse(one).data?.value ?? 0).reduce((sum, n) => sum + n, 0);
  record.daily("steps", date, total ?? (values === undefined || values === null ? undefined : counted));
}

/** The average of the night's resting rate, where the day has no resting rate of its own. */
function mapNightRestingRate(raw: unknown, record: VendorRecord, { date, types }: Day): void {
  const { avg } = parsed(listSchema, raw);
  if (!types.has("sleep_rhr")) record.daily("resting_heart_rate", date, avg, { context: "sleep" });
}

const STAGES: Readonly<Record<string, SleepStage>> = {
  deep_sleep: "deep",
  light_sleep: "light",
  rem_sleep: "rem",
  awake: "awake",
  deep: "deep",
  light: "light",
  rem: "rem",
};
const DURATIONS: Readonly<Record<string, string>> = {
  deep_sleep: "sleep_deep",
  light_sleep: "sleep_light",
  rem_sleep: "sleep_rem",
  awake: "sleep_awake",
};

const stretchSchema = z.object({ start: seconds, end: seconds, type: word });
const sleepSchema = z.object({
  bedtime_start: seconds,
  bedtime_end: seconds,
  quick_metrics: z
    .array(z.object({ type: word, value: maybe }))
    .max(50)
    .catch([])
    .default([]),
  sleep_stages: z
    .array(z.object({ type: word, stage_time: maybe }))
    .max(50)
    .catch([])
    .default([]),
  sleep_graph: z
    .union([z.array(z.unknown()), z.object({ data: z.array(z.unknown()) }).transform(({ data }) => data)])
    .catch([])
    .default([]),
  sleep_score: z.object({ score: maybe }).nullish().catch(undefined),
  spo2: valueSchema.nullish().catch(undefined),
  toss_turn: valueSchema.nullish().catch(undefined),
});

/** A night. Its stages have times where the graph is sent; else their sums are the night's figures. */
function mapSleep(raw: unknown, record: VendorRecord, { date, zone }: Day): void {
  const v = parsed(sleepSchema, raw);
  const [start, end] = [v.bedtime_start, v.bedtime_end];
  const quick = new Map(v.quick_metrics.map(({ type, value }) => [type, value ?? undefined]));
  const stages = v.sleep_graph
    .slice(0, 5_000)
    .flatMap((one) => {
      const stretch = stretchSchema.safeParse(one).data;
      if (stretch === undefined || stretch.end <= stretch.start) return [];
      return [{ start: stretch.start, end: stretch.end, stage: STAGES[stretch.type] ?? ("unknown" as const) }];
    })
    .toSorted((a, b) => a.start - b.start);
  record.sleep({
    start,
    end,
    zone,
    date,
    stages,
    ...some(
      "attributes",
      known<unknown>({
        efficiencyPct: quick.get("sleep_efic"),
        averageHeartRate: quick.get("avg_hr"),
        averageRmssdMs: quick.get("avg_hrv"),
        tossesAndTurns: v.toss_turn?.value,
        minutes: known({ asleep: minutes(quick.get("total_sleep")), inBed: minutes(quick.get("time_in_bed")) }),
      }),
    ),
  });
  record.daily("spo2", date, v.spo2?.value, { context: "sleep" });
  record.daily("score.sleep", date, v.sleep_score?.score, { ...scoreRange(0, 100) });
  if (stages.length > 0) return;
  record.daily("sleep_duration", date, minutes(quick.get("total_sleep")));
  record.daily("time_in_bed", date, minutes(quick.get("time_in_bed")));
  record.daily("sleep_efficiency", date, quick.get("sleep_efic"));
  for (const { type, stage_time } of v.sleep_stages) {
    const metric = DURATIONS[type];
    if (metric !== undefined) record.daily(metric, date, minutes(stage_time ?? undefined));
  }
}

/** Of no metric of ours: sums over weeks, counts without a meaning, and what Ultrahuman alone can tell. */
const ignored: Map = (raw) => {
  parsed(z.looseObject({}), raw);
};

/** Type of a value, in lower case → what becomes of it. */
export const ULTRAHUMAN_MAPPERS: Readonly<Record<string, Map>> = {
  hr: series("heart_rate"),
  temp: series("skin_temp"),
  hrv: series("hrv_rmssd"),
  glucose: series("cgm_glucose"),
  steps: mapSteps,
  night_rhr: mapNightRestingRate,
  sleep_rhr: daily("resting_heart_rate", { context: "sleep" }),
  avg_sleep_hrv: daily("hrv_rmssd", { context: "sleep" }),
  sleep: mapSleep,
  recovery_index: daily("score.recovery", scoreRange(0, 100)),
  movement_index: daily("score.activity", scoreRange(0, 100)),
  active_minutes: daily("exercise_minutes"),
  inactive_time: daily("sedentary_minutes"),
  vo2_max: daily("vo2_max"),
  average_glucose: daily("cgm_mean"),
  glucose_variability: daily("cgm_cv"),
  time_in_target: daily("cgm_tir"),
  hba1c: ignored,
  metabolic_score: ignored,
  weekly_active_minutes: ignored,
  movements: ignored,
  morning_alertness: ignored,
};

const itemSchema = z.object({ type: word, object: z.unknown() });
const startSchema = z.object({ object: z.object({ day_start_timestamp: seconds }) });

/** The type of one value of a day. */
export function typeOf(raw: unknown): string | undefined {
  return itemSchema.safeParse(raw).data?.type.toLowerCase();
}

/** When the day began where the person was; epoch milliseconds. */
export function dayStartOf(raw: unknown): number | undefined {
  return startSchema.safeParse(raw).data?.object.day_start_timestamp;
}

/** Reads one value of a day. */
export function mapItem(raw: unknown, record: VendorRecord, day: Day): void {
  const { type, object } = parsed(itemSchema, raw);
  const map = Object.hasOwn(ULTRAHUMAN_MAPPERS, type.toLowerCase()) ? ULTRAHUMAN_MAPPERS[type.toLowerCase()] : undefined;
  if (map === undefined) throw new Rejection("unsupported_type");
  // What was not measured that day comes as nothing.
  if (object === undefined || object === null) return;
  map(object, record, day);
}

/** Zones are quarters of an hour. A day that begins elsewhere tells none, nor does one at UTC, where days begin that have no zone. */
export function zoneOf(date: string, dayStart: number | undefined): number {
  if (dayStart === undefined) return ZONE_UNKNOWN;
  const zone = (Date.parse(`${date}T00:00:00Z`) - dayStart) / 1000;
  return zone !== 0 && zone % 900 === 0 && zone >= -12 * 3600 && zone <= 14 * 3600 ? zone : ZONE_UNKNOWN;
}
