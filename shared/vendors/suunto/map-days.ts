import * as z from "zod";
import { MINUTE_MS } from "../../clock";
import type { BatchBuilder } from "../../health/batch";
import { ZONE_UNKNOWN } from "../../health/reading";
import { dayText, localDay } from "../../health/zone";
import { maybe, minutes, zoned, type Zoned } from "../fields";
import { known, parsed, scoreRange, some, VendorRecord } from "../record";

const JOULES_A_KCAL = 4_184;
/** Activity is told by tens of minutes. */
const STEP_MS = 10 * MINUTE_MS;

/** Every sample: when, and what was measured. */
const sampleOf = <S extends z.ZodType>(entry: S) => z.object({ timestamp: zoned, entryData: entry });

const activitySchema = sampleOf(
  z.object({
    HR: maybe,
    HRExt: z.object({ Min: maybe, Max: maybe }).nullish(),
    StepCount: maybe,
    EnergyConsumption: maybe,
    SpO2: maybe,
    HRV: maybe,
  }),
);

/** What a watch measured in ten minutes. */
export function mapActivity(raw: unknown, into: BatchBuilder, source: number, version: number): number {
  const { timestamp, entryData: v } = parsed(activitySchema, raw);
  const { at, zone } = timestamp;
  const record = new VendorRecord(into, source, undefined, version);
  const whole = { start: at, end: at + STEP_MS, zone };
  if (isThere(v.HR) && v.HR > 0) record.oneOfMany("heart_rate", at, zone, v.HR);
  if (isThere(v.StepCount) && v.StepCount >= 0) record.interval("steps", whole, v.StepCount);
  if (isThere(v.EnergyConsumption) && v.EnergyConsumption >= 0)
    record.interval("energy_active", whole, v.EnergyConsumption / JOULES_A_KCAL);
  if (isThere(v.SpO2) && v.SpO2 > 0) record.oneOfMany("spo2", at, zone, percent(v.SpO2));
  if (isThere(v.HRV) && v.HRV > 0) record.oneOfMany("hrv_rmssd", at, zone, v.HRV);
  return record.newestAt ?? at;
}

const sleepSchema = sampleOf(
  z.object({
    SleepId: z.union([z.number().int().nonnegative(), z.string().regex(/^[A-Za-z0-9_-]{1,64}$/)]).nullish(),
    BedtimeStart: zoned,
    BedtimeEnd: zoned,
    IsNap: z.boolean().nullish(),
    Duration: maybe,
    DeepSleepDuration: maybe,
    LightSleepDuration: maybe,
    REMSleepDuration: maybe,
    SleepOnsetLatencyDuration: maybe,
    WakeAfterSleepOnsetDuration: maybe,
    SleepQualityScore: maybe,
    HRAvg: maybe,
    HRMin: maybe,
    AvgHRV: maybe,
    MaxSpo2: maybe,
    Feeling: maybe,
  }),
);

/** A night, or a nap. The watch tells a night several times while it goes on: the version is its end, so that the last one stays. */
export function mapSleep(raw: unknown, into: BatchBuilder, source: number): number | undefined {
  const { entryData: v } = parsed(sleepSchema, raw);
  const { at: end, zone } = v.BedtimeEnd;
  const start = v.BedtimeStart.at;
  const date = localDate(v.BedtimeEnd);
  const id = v.SleepId === undefined || v.SleepId === null ? undefined : `sleep/${v.SleepId}`;
  const record = new VendorRecord(into, source, id, end);
  const parts = [v.DeepSleepDuration, v.LightSleepDuration, v.REMSleepDuration];
  const asleep = parts.some(isThere) ? parts.reduce<number>((sum, seconds) => sum + (seconds ?? 0), 0) : undefined;
  const figures: Readonly<Record<string, number | undefined>> = {
    sleep_duration: minutes(asleep),
    sleep_deep: minutes(v.DeepSleepDuration),
    sleep_light: minutes(v.LightSleepDuration),
    sleep_rem: minutes(v.REMSleepDuration),
    sleep_awake: minutes(v.WakeAfterSleepOnsetDuration),
    sleep_latency: minutes(v.SleepOnsetLatencyDuration),
    time_in_bed: minutes((end - start) / 1_000),
  };
  record.sleep({
    start,
    end,
    zone,
    date,
    ...some("nap", v.IsNap),
    // Which minute was which the API does not tell.
    stages: [],
    attributes: known<unknown>({
      minutes: known(figures),
      averageHeartRate: v.HRAvg,
      spo2Max: isThere(v.MaxSpo2) && v.MaxSpo2 > 0 ? percent(v.MaxSpo2) : undefined,
      feeling: v.Feeling,
    }),
  });
  if (v.IsNap === true) return record.newestAt;
  for (const [metric, value] of Object.entries(figures)) record.daily(metric, date, value);
  record.daily("score.sleep", date, v.SleepQualityScore, scoreRange(0, 100));
  record.daily("hrv_rmssd", date, isThere(v.AvgHRV) && v.AvgHRV > 0 ? v.AvgHRV : undefined, { context: "sleep" });
  record.daily("sleep_hr_min", date, isThere(v.HRMin) && v.HRMin > 0 ? v.HRMin : undefined);
  return record.newestAt;
}

const STATES: Readonly<Record<number, string>> = { 1: "relaxing", 2: "active", 3: "passive", 4: "stressful" };
const recoverySchema = sampleOf(z.object({ Balance: z.number().min(0).max(1), StressState: z.number().int().nullish() }));

/** What is left of the body's resources: by the hour, and as the last of each day. */
export function mapRecovery(raw: unknown, into: BatchBuilder, source: number): number {
  const { timestamp, entryData: v } = parsed(recoverySchema, raw);
  const { at, zone } = timestamp;
  const record = new VendorRecord(into, source, undefined, at);
  const value = Number((v.Balance * 100).toFixed(3));
  record.oneOfMany("score.body_battery", at, zone, value);
  const state = STATES[v.StressState ?? 0];
  record.daily("score.recovery", localDate(timestamp), value, { ...scoreRange(0, 100), ...some("state", state) });
  return at;
}

/** The date on the person's clock; the one at UTC where the sample tells no zone. */
function localDate({ at, zone }: Zoned): string {
  return dayText(localDay(at, zone === ZONE_UNKNOWN ? 0 : zone));
}

const isThere = (value: number | null | undefined): value is number => value !== undefined && value !== null;
/** Shares come as fractions; some watches send percents. */
const percent = (value: number): number => (value <= 1 ? Number((value * 100).toFixed(3)) : value);
