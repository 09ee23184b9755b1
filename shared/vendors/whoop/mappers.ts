import * as z from "zod";
import { distanceMetric } from "../../health/workout-metrics";
import { workoutType } from "../../health/workout-types";
import { instant, maybe, offsetSeconds, recordId, utcDay, word } from "../fields";
import { known, parsed, Rejection, scoreRange, some, type VendorRecord } from "../record";

export const KCAL_PER_KJ = 1 / 4.184;

const offset = z.string().transform((text, context): number => {
  const seconds = offsetSeconds(text);
  if (seconds !== undefined) return seconds;
  context.addIssue({ code: "custom", message: "not an offset" });
  return z.NEVER;
});

/** Only SCORED records carry a score; the others will come again, or never be scored. */
const state = { score_state: word, score: z.unknown() };
const times = { start: instant, timezone_offset: offset, updated_at: instant };

/** The score of a record, or why it has none. */
function scoreOf<S extends z.ZodType>(schema: S, { score_state, score }: { score_state: string; score?: unknown }): z.output<S> {
  if (score_state === "SCORED") return parsed(schema, score);
  throw new Rejection(score_state === "PENDING_SCORE" ? "pending_score" : "unscorable");
}

/** The local date of an instant. */
const dateOf = (at: number, zone: number): string => utcDay(at + zone * 1000);

const recoverySchema = z.object({ sleep_id: recordId, cycle_id: z.number(), created_at: instant, updated_at: instant, ...state });
const recoveryScore = z.object({
  user_calibrating: z.boolean().nullish(),
  recovery_score: maybe,
  resting_heart_rate: maybe,
  hrv_rmssd_milli: maybe,
  spo2_percentage: maybe,
  skin_temp_celsius: maybe,
});

/**
 * A recovery belongs to the morning it was made on. It tells no offset, so the caller says in which zone that is. While WHOOP still learns
 * the person, its score is marked.
 */
export function mapRecovery(raw: unknown, record: VendorRecord, dateAt: (at: number) => string): void {
  const v = parsed(recoverySchema, raw);
  const score = scoreOf(recoveryScore, v);
  const date = dateAt(v.created_at);
  record.daily("score.recovery", date, score.recovery_score, {
    ...scoreRange(0, 100),
    calibrating: score.user_calibrating === true ? true : undefined,
  });
  record.daily("resting_heart_rate", date, score.resting_heart_rate);
  record.daily("hrv_rmssd", date, score.hrv_rmssd_milli, { context: "sleep" });
  record.daily("spo2", date, score.spo2_percentage, { context: "sleep" });
  record.daily("skin_temp", date, score.skin_temp_celsius, { context: "sleep" });
}

const sleepSchema = z.object({ id: recordId, end: instant, nap: z.boolean().nullish(), ...times, ...state });
const sleepScore = z.object({
  stage_summary: z.object({
    total_in_bed_time_milli: maybe,
    total_awake_time_milli: maybe,
    total_no_data_time_milli: maybe,
    total_light_sleep_time_milli: maybe,
    total_slow_wave_sleep_time_milli: maybe,
    total_rem_sleep_time_milli: maybe,
    sleep_cycle_count: maybe,
    disturbance_count: maybe,
  }),
  sleep_needed: z
    .object({
      baseline_milli: maybe,
      need_from_sleep_debt_milli: maybe,
      need_from_recent_strain_milli: maybe,
      need_from_recent_nap_milli: maybe,
    })
    .nullish(),
  respiratory_rate: maybe,
  sleep_performance_percentage: maybe,
  sleep_consistency_percentage: maybe,
  sleep_efficiency_percentage: maybe,
});
type SleepScore = z.output<typeof sleepScore>;

/** A night or nap. WHOOP tells how long each stage was, not when: the sums are the night's figures. */
export function mapSleep(raw: unknown, record: VendorRecord): void {
  const v = parsed(sleepSchema, raw);
  const score = v.score_state === "SCORED" ? parsed(sleepScore, v.score) : undefined;
  const zone = v.timezone_offset;
  const date = dateOf(v.end, zone);
  record.sleep({
    start: v.start,
    end: v.end,
    zone,
    date,
    ...some("nap", v.nap),
    stages: [],
    ...some("attributes", score === undefined ? { scoreState: v.score_state.toLowerCase() } : attributesOf(score)),
  });
  if (score === undefined || v.nap === true) return;
  const sums = score.stage_summary;
  const asleep = [sums.total_light_sleep_time_milli, sums.total_slow_wave_sleep_time_milli, sums.total_rem_sleep_time_milli];
  const sum = asleep.reduce<number>((all, ms) => all + (ms ?? 0), 0);
  record.daily("sleep_duration", date, asleep.every((ms) => ms === undefined || ms === null) ? undefined : minutes(sum));
  record.daily("sleep_light", date, minutes(sums.total_light_sleep_time_milli));
  record.daily("sleep_deep", date, minutes(sums.total_slow_wave_sleep_time_milli));
  record.daily("sleep_rem", date, minutes(sums.total_rem_sleep_time_milli));
  record.daily("sleep_awake", date, minutes(sums.total_awake_time_milli));
  record.daily("time_in_bed", date, minutes(sums.total_in_bed_time_milli));
  record.daily("sleep_efficiency", date, score.sleep_efficiency_percentage);
  record.daily("respiratory_rate", date, score.respiratory_rate, { context: "sleep" });
  record.daily("score.sleep", date, score.sleep_performance_percentage, {
    ...scoreRange(0, 100),
    consistency: score.sleep_consistency_percentage,
  });
}

function attributesOf({ stage_summary: sums, sleep_needed: needed, ...score }: SleepScore): Readonly<Record<string, unknown>> {
  return known<unknown>({
    efficiencyPct: score.sleep_efficiency_percentage,
    cycles: sums.sleep_cycle_count,
    disturbances: sums.disturbance_count,
    minutes: known({
      inBed: minutes(sums.total_in_bed_time_milli),
      awake: minutes(sums.total_awake_time_milli),
      noData: minutes(sums.total_no_data_time_milli),
      light: minutes(sums.total_light_sleep_time_milli),
      deep: minutes(sums.total_slow_wave_sleep_time_milli),
      rem: minutes(sums.total_rem_sleep_time_milli),
    }),
    neededMinutes:
      needed === undefined || needed === null
        ? undefined
        : known({
            baseline: minutes(needed.baseline_milli),
            fromDebt: minutes(needed.need_from_sleep_debt_milli),
            fromStrain: minutes(needed.need_from_recent_strain_milli),
            fromNaps: minutes(needed.need_from_recent_nap_milli),
          }),
  });
}

const cycleSchema = z.object({ id: z.number(), end: instant.nullish(), ...times, ...state });
const cycleScore = z.object({ strain: maybe, kilojoule: maybe, average_heart_rate: maybe, max_heart_rate: maybe });

/** A day from one night to the next, named by the date on which it starts its waking part. A running one has no end and goes on growing. */
export function mapCycle(raw: unknown, record: VendorRecord): void {
  const v = parsed(cycleSchema, raw);
  const score = scoreOf(cycleScore, v);
  // It starts when the person falls asleep: half a day later it is the date that people would call it by.
  const date = dateOf(v.start + 12 * 3_600_000, v.timezone_offset);
  const open = v.end === undefined || v.end === null ? true : undefined;
  record.daily("score.strain", date, score.strain, { ...scoreRange(0, 21), open });
  record.daily("energy_total", date, kcal(score.kilojoule), { open });
  record.daily("heart_rate", date, score.average_heart_rate, { statistic: "mean", max: score.max_heart_rate, open });
}

const workoutSchema = z.object({ id: recordId, end: instant, sport_name: word.nullish(), sport_id: maybe, ...times, ...state });
const workoutScore = z.object({
  strain: maybe,
  average_heart_rate: maybe,
  max_heart_rate: maybe,
  kilojoule: maybe,
  percent_recorded: maybe,
  distance_meter: maybe,
  altitude_gain_meter: maybe,
  altitude_change_meter: maybe,
  zone_durations: z.record(z.string().regex(/^zone_[a-z]{1,12}_milli$/), z.number().nullable()).nullish(),
});

/** A workout; one that is not scored yet is there without its totals. */
export function mapWorkout(raw: unknown, record: VendorRecord): void {
  const v = parsed(workoutSchema, raw);
  const score = v.score_state === "SCORED" ? parsed(workoutScore, v.score) : undefined;
  const { type, vendorName } = workoutType("whoop", v.sport_name ?? `sport_${v.sport_id ?? "unknown"}`);
  const zones = Object.entries(score?.zone_durations ?? {}).map(([name, ms]): [string, number | null] => [
    name.replace(/^zone_|_milli$/g, ""),
    ms === null ? null : ms / 1000,
  ]);
  record.workout({
    start: v.start,
    end: v.end,
    zone: v.timezone_offset,
    type,
    ...some("vendorType", vendorName),
    totals: known({
      energy_total: kcal(score?.kilojoule),
      heart_rate_mean: score?.average_heart_rate,
      heart_rate_max: score?.max_heart_rate,
      [distanceMetric(type)]: score?.distance_meter,
      elevation_gain: score?.altitude_gain_meter,
      "score.strain": score?.strain,
    }),
    ...some(
      "attributes",
      known<unknown>({
        scoreState: score === undefined ? v.score_state.toLowerCase() : undefined,
        percentRecorded: score?.percent_recorded,
        altitudeChangeM: score?.altitude_change_meter,
        zonesS: zones.length === 0 ? undefined : known(Object.fromEntries(zones)),
      }),
    ),
  });
}

const bodySchema = z.object({ height_meter: maybe, weight_kilogram: maybe, max_heart_rate: maybe });

/** What the profile says on the day it is read: WHOOP does not tell when it was measured. */
export function mapBody(raw: unknown, record: VendorRecord, date: string): void {
  const v = parsed(bodySchema, raw);
  record.daily("body_weight", date, v.weight_kilogram, { from: "profile" });
  record.daily("body_height", date, v.height_meter === undefined || v.height_meter === null ? undefined : round(v.height_meter * 100), {
    from: "profile",
  });
}

const minutes = (ms: number | null | undefined): number | undefined => (ms === undefined || ms === null ? undefined : ms / 60_000);
const kcal = (kj: number | null | undefined): number | undefined => (kj === undefined || kj === null ? undefined : kj * KCAL_PER_KJ);
/** A height in metres has two or three decimals: what the multiplication adds is no part of it. */
const round = (cm: number): number => Math.round(cm * 1e6) / 1e6;
