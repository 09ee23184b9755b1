import * as z from "zod";
import { DAY_MS } from "../../clock";
import type { SleepStage } from "../../health/reading";
import { sleepStage } from "../../health/sleep-stages";
import { day, fromWallClock, maybe, minutes, word, zoned } from "../fields";
import { known, parsed, scoreRange, some, type VendorRecord } from "../record";
import { clockTimes, nightTimes } from "./clock-times";

const sleepSchema = z.object({
  date: day,
  sleep_start_time: zoned,
  sleep_end_time: zoned,
  device_id: word.nullish(),
  continuity: maybe,
  continuity_class: maybe,
  light_sleep: maybe,
  deep_sleep: maybe,
  rem_sleep: maybe,
  unrecognized_sleep_stage: maybe,
  total_interruption_duration: maybe,
  short_interruption_duration: maybe,
  long_interruption_duration: maybe,
  sleep_score: maybe,
  sleep_charge: maybe,
  sleep_goal: maybe,
  sleep_rating: maybe,
  sleep_cycles: maybe,
  hypnogram: clockTimes,
  heart_rate_samples: clockTimes,
});
type Sleep = z.output<typeof sleepSchema>;

/** A night under the date of its morning. Its stages and heart rates are told by the clock, which goes past midnight. */
export function mapSleep(raw: unknown, record: VendorRecord): void {
  const v = parsed(sleepSchema, raw);
  const [start, end] = [v.sleep_start_time.at, v.sleep_end_time.at];
  const zone = v.sleep_end_time.zone;
  // The clock that wrote the keys kept the offset of the evening.
  const clockZone = v.sleep_start_time.zone;
  const isPossible = end > start && end - start < DAY_MS;
  const stages = isPossible ? stagesOf(v, start, end, clockZone) : [];
  if (isPossible) record.sleep({ start, end, zone, date: v.date, stages, ...some("attributes", attributesOf(v)) });
  else record.keepApart("sleep", start, "end_before_start");
  record.daily("score.sleep", v.date, v.sleep_score, { ...scoreRange(1, 100), charge: v.sleep_charge });
  if (isPossible)
    for (const { at, value } of nightTimes(v.heart_rate_samples, start, clockZone)) record.partOf("heart_rate", at, zone, value);
  if (stages.length > 0) return;
  const sums = [v.light_sleep, v.deep_sleep, v.rem_sleep].filter((seconds) => seconds !== undefined && seconds !== null);
  record.daily("sleep_duration", v.date, sums.length === 0 ? undefined : minutes(sums.reduce((all, seconds) => all + seconds, 0)));
  record.daily("sleep_light", v.date, minutes(v.light_sleep));
  record.daily("sleep_deep", v.date, minutes(v.deep_sleep));
  record.daily("sleep_rem", v.date, minutes(v.rem_sleep));
  record.daily("sleep_awake", v.date, minutes(v.total_interruption_duration));
}

/** Each key begins a stage that lasts until the next one, the last until the end of the night. */
function stagesOf(v: Sleep, start: number, end: number, zone: number) {
  const marks = nightTimes(v.hypnogram, start, zone);
  const stages: { start: number; end: number; stage: SleepStage }[] = [];
  for (const [i, { at, value }] of marks.entries()) {
    // The keys have no seconds: the first one means the start itself.
    const from = i === 0 ? start : Math.max(start, at);
    const to = Math.min(end, marks[i + 1]?.at ?? end);
    if (to <= from) continue;
    const stage = sleepStage("polar", value);
    const last = stages.at(-1);
    if (last?.stage === stage) last.end = to;
    else stages.push({ start: from, end: to, stage });
  }
  return stages;
}

function attributesOf(v: Sleep): Readonly<Record<string, unknown>> {
  return known<unknown>({
    continuity: v.continuity,
    continuityClass: v.continuity_class,
    rating: v.sleep_rating,
    cycles: v.sleep_cycles,
    goalMinutes: minutes(v.sleep_goal),
    minutes: known({
      light: minutes(v.light_sleep),
      deep: minutes(v.deep_sleep),
      rem: minutes(v.rem_sleep),
      unrecognised: minutes(v.unrecognized_sleep_stage),
      interruptions: minutes(v.total_interruption_duration),
      shortInterruptions: minutes(v.short_interruption_duration),
      longInterruptions: minutes(v.long_interruption_duration),
    }),
  });
}

const rechargeSchema = z.object({
  date: day,
  heart_rate_avg: maybe,
  beat_to_beat_avg: maybe,
  heart_rate_variability_avg: maybe,
  breathing_rate_avg: maybe,
  nightly_recharge_status: maybe,
  ans_charge: maybe,
  ans_charge_status: maybe,
  hrv_samples: clockTimes,
  breathing_samples: clockTimes,
});

/** The person sleeps between these: 18:00 of the evening before, and 18:00 of the date. */
const EVENING_MS = 18 * 3_600_000;

/**
 * How the night's first hours restored the person; its variability is RMSSD. Its samples are told by the clock alone: they lie in the
 * night that ends on the date, in the person's zone.
 */
export function mapRecharge(raw: unknown, record: VendorRecord, timeZone: string | undefined): void {
  const v = parsed(rechargeSchema, raw);
  record.daily("hrv_rmssd", v.date, v.heart_rate_variability_avg, { context: "sleep" });
  record.daily("respiratory_rate", v.date, v.breathing_rate_avg, { context: "sleep" });
  record.daily("score.recovery", v.date, v.nightly_recharge_status, {
    ...scoreRange(1, 6),
    ansCharge: v.ans_charge,
    ansChargeStatus: v.ans_charge_status,
    heartRate: v.heart_rate_avg,
    beatToBeatMs: v.beat_to_beat_avg,
  });
  const evening = Date.parse(`${v.date}T00:00:00Z`) - DAY_MS + EVENING_MS;
  const put = (metric: string, times: z.output<typeof clockTimes>): void => {
    for (const { at, value } of nightTimes(times, evening, 0)) {
      const when = fromWallClock(at, timeZone);
      record.partOf(metric, when.at, when.zone, value);
    }
  };
  put("hrv_rmssd", v.hrv_samples);
  put("respiratory_rate", v.breathing_samples);
}

const loadSchema = z.object({
  date: day,
  cardio_load: maybe,
  cardio_load_status: word.nullish(),
  cardio_load_ratio: maybe,
  strain: maybe,
  tolerance: maybe,
});

/** The training impulse of a day; its scale has no upper end. */
export function mapCardioLoad(raw: unknown, record: VendorRecord): void {
  const v = parsed(loadSchema, raw);
  // Negative where there is nothing to say yet.
  const value = v.cardio_load !== undefined && v.cardio_load !== null && v.cardio_load >= 0 ? v.cardio_load : undefined;
  record.daily("score.strain", v.date, value, {
    ...scoreRange(0),
    status: v.cardio_load_status?.toLowerCase(),
    ratio: v.cardio_load_ratio,
    strain: v.strain,
    tolerance: v.tolerance,
  });
}
