import * as z from "zod";
import { MINUTE_MS } from "../../clock";
import type { SleepStage } from "../../health/reading";
import { sleepStage } from "../../health/sleep-stages";
import { day, maybe, minutes, recordId, word, zoned } from "../fields";
import { parsed, some, type VendorRecord } from "../record";
import { putSeries, seriesSchema } from "./series";

const LONGEST_NIGHT_MS = 48 * 3_600_000;
const phases = z
  .string()
  .regex(/^[0-9]{0,6000}$/)
  .nullish();

const schema = z.object({
  id: recordId,
  day,
  bedtime_start: zoned,
  bedtime_end: zoned,
  type: word.nullish(),
  period: maybe,
  average_breath: maybe,
  average_heart_rate: maybe,
  average_hrv: maybe,
  lowest_heart_rate: maybe,
  awake_time: maybe,
  deep_sleep_duration: maybe,
  light_sleep_duration: maybe,
  rem_sleep_duration: maybe,
  total_sleep_duration: maybe,
  time_in_bed: maybe,
  latency: maybe,
  efficiency: maybe,
  restless_periods: maybe,
  low_battery_alert: z.boolean().nullish(),
  sleep_algorithm_version: word.nullish(),
  sleep_phase_30_sec: phases,
  sleep_phase_5_min: phases,
  heart_rate: seriesSchema,
  hrv: seriesSchema,
});
type Sleep = z.output<typeof schema>;

/**
 * A night or nap of the ring. What the person has deleted, or never was sleep, takes away what it was before, with what was measured in it;
 * what was measured in a rest stays.
 */
export function mapSleep(raw: unknown, record: VendorRecord): void {
  const v = parsed(schema, raw);
  if (v.type === "deleted") return record.remove("oura");
  const put = v.type === "rest" ? "oneOfMany" : "partOf";
  putSeries(record, "heart_rate", v.heart_rate, put);
  putSeries(record, "hrv_rmssd", v.hrv, put);
  if (v.type === "rest") return record.remove("oura");
  const isMain = v.type === undefined || v.type === null || v.type === "long_sleep";
  const [start, end] = [v.bedtime_start.at, v.bedtime_end.at];
  const isPossible = end > start && end - start <= LONGEST_NIGHT_MS;
  const stages = isPossible ? stagesOf(v, start, end) : [];
  if (isPossible) {
    record.sleep({
      start,
      end,
      // The night belongs to the day it ends on.
      zone: v.bedtime_end.zone,
      date: v.day,
      ...(v.type === undefined || v.type === null ? {} : { nap: !isMain }),
      stages,
      ...some("attributes", attributesOf(v)),
    });
  } else record.keepApart("sleep", start, "end_before_start");
  if (!isMain) return;
  record.daily("hrv_rmssd", v.day, v.average_hrv, { context: "sleep" });
  record.daily("respiratory_rate", v.day, v.average_breath, { context: "sleep" });
  // Not a resting heart rate: that would be the lowest of a calm minute, and this one may be a single beat's luck.
  record.daily("sleep_hr_min", v.day, v.lowest_heart_rate);
  if (v.average_heart_rate !== undefined && v.average_heart_rate !== null && (v.heart_rate?.items.length ?? 0) === 0)
    record.reading(
      "heart_rate",
      "sample",
      { start: end, end, zone: v.bedtime_end.zone },
      {
        value: v.average_heart_rate,
        attributes: { statistic: "mean", context: "sleep" },
      },
    );
  if (stages.length === 0) putFigures(record, v);
}

/** The ring's own sums. Where there are stages the vault counts them itself. */
function putFigures(record: VendorRecord, v: Sleep): void {
  const figures: Readonly<Record<string, number | null | undefined>> = {
    sleep_duration: v.total_sleep_duration,
    sleep_deep: v.deep_sleep_duration,
    sleep_light: v.light_sleep_duration,
    sleep_rem: v.rem_sleep_duration,
    sleep_awake: v.awake_time,
    sleep_latency: v.latency,
    time_in_bed: v.time_in_bed,
  };
  for (const [metric, seconds] of Object.entries(figures)) record.daily(metric, v.day, minutes(seconds));
  record.daily("sleep_efficiency", v.day, v.efficiency);
}

function attributesOf(v: Sleep): Readonly<Record<string, unknown>> {
  return {
    ...some("type", v.type),
    ...some("efficiencyPct", v.efficiency),
    ...some("averageHeartRate", v.average_heart_rate),
    ...some("restlessPeriods", v.restless_periods),
    ...some("algorithm", v.sleep_algorithm_version),
    ...(v.low_battery_alert === true ? { lowBattery: true } : {}),
    minutes: {
      ...some("asleep", minutes(v.total_sleep_duration)),
      ...some("deep", minutes(v.deep_sleep_duration)),
      ...some("light", minutes(v.light_sleep_duration)),
      ...some("rem", minutes(v.rem_sleep_duration)),
      ...some("awake", minutes(v.awake_time)),
      ...some("inBed", minutes(v.time_in_bed)),
      ...some("toFallAsleep", minutes(v.latency)),
    },
  };
}

/** One digit for each step, the finer list first. Equal neighbours become one stretch; the last step may be cut. */
function stagesOf(v: Sleep, start: number, end: number) {
  const fine = v.sleep_phase_30_sec ?? "";
  const [digits, stepMs] = fine === "" ? [v.sleep_phase_5_min ?? "", 5 * MINUTE_MS] : [fine, MINUTE_MS / 2];
  const stages: { start: number; end: number; stage: SleepStage }[] = [];
  for (let i = 0; i < digits.length; i++) {
    const from = start + i * stepMs;
    if (from >= end) break;
    const to = Math.min(end, from + stepMs);
    const stage = sleepStage("oura", digits.charAt(i));
    const last = stages.at(-1);
    if (last?.stage === stage) last.end = to;
    else stages.push({ start: from, end: to, stage });
  }
  return stages;
}
