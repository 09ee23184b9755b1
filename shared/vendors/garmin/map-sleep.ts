import * as z from "zod";
import type { BatchBuilder } from "../../health/batch";
import type { SleepStage } from "../../health/reading";
import { sleepStage } from "../../health/sleep-stages";
import { maybe, word } from "../fields";
import { known, parsed, Rejection, some, VendorRecord } from "../record";
import { byOffset, epoch, headSchema, minutes, offset, valuesOf, zoneOf } from "./fields";

const score = z.object({ value: maybe, qualifierKey: word.nullish() });
const stretch = z.object({ startTimeInSeconds: epoch, endTimeInSeconds: epoch });

const schema = headSchema.extend({
  startTimeInSeconds: epoch,
  durationInSeconds: z
    .number()
    .nonnegative()
    .max(7 * 86_400),
  deepSleepDurationInSeconds: maybe,
  lightSleepDurationInSeconds: maybe,
  remSleepInSeconds: maybe,
  awakeDurationInSeconds: maybe,
  unmeasurableSleepInSeconds: maybe,
  sleepLevelsMap: z.record(z.string(), z.array(stretch).max(5000).nullable()).nullish(),
  validation: word.nullish(),
  timeOffsetSleepRespiration: byOffset,
  timeOffsetSleepSpo2: byOffset,
  overallSleepScore: score.nullish(),
  sleepScores: z.record(z.string(), score.nullable()).nullish(),
  naps: z.array(z.unknown()).max(50).nullish(),
});
type Sleep = z.output<typeof schema>;

const napSchema = z.object({
  napStartTimeInSeconds: epoch,
  napOffsetInSeconds: offset.nullish(),
  napDurationInSeconds: z.number().positive().max(86_400),
  napValidation: word.nullish(),
});

/** How final a night is: what is more so replaces what is less. */
const FINALITY: Readonly<Record<string, number>> = {
  AUTO_TENTATIVE: 1,
  ENHANCED_TENTATIVE: 2,
  OFF_WRIST: 3,
  DEVICE: 3,
  AUTO_FINAL: 4,
  ENHANCED_FINAL: 5,
  AUTO_MANUAL: 6,
  MANUAL: 7,
};
const ABOVE_ANY_DURATION = 1_000_000;

/** Of the same night the more final version counts, then the longer one, then the later. */
function versionOf(validation: string | null | undefined, durationS: number): number {
  return (FINALITY[validation ?? ""] ?? 0) * ABOVE_ANY_DURATION + Math.round(durationS);
}

/** A night, with its naps as sessions of their own. Returns the newest instant. */
export function mapSleep(raw: unknown, into: BatchBuilder, source: number): number | undefined {
  const v = parsed(schema, raw);
  const start = v.startTimeInSeconds;
  const stages = stagesOf(v);
  const end = Math.max(endOf(v), ...stages.map((stage) => stage.end));
  const date = v.calendarDate ?? undefined;
  const naps = v.naps ?? [];
  if (end <= start && naps.length === 0) throw new Rejection("empty_interval");
  const record = new VendorRecord(into, source, `sleeps/${date ?? start / 1000}`, versionOf(v.validation, v.durationInSeconds));
  const zone = zoneOf(v);
  if (end > start) {
    record.sleep({
      start,
      end,
      zone,
      ...some("date", date),
      nap: false,
      stages,
      attributes: known({
        validation: v.validation?.toLowerCase(),
        minutes: known({
          asleep: asleepMinutes(v),
          deep: minutes(v.deepSleepDurationInSeconds),
          light: minutes(v.lightSleepDurationInSeconds),
          rem: minutes(v.remSleepInSeconds),
          awake: minutes(v.awakeDurationInSeconds),
          unmeasurable: minutes(v.unmeasurableSleepInSeconds),
        }),
      }),
    });
  }
  if (date !== undefined && end > start) putDay(record, v, date, stages.length > 0);
  for (const [at, value] of valuesOf(start, v.timeOffsetSleepRespiration))
    if (value > 0) record.partOf("respiratory_rate", at, zone, value);
  for (const [at, value] of valuesOf(start, v.timeOffsetSleepSpo2)) if (value > 0) record.partOf("spo2", at, zone, value);
  for (const nap of naps) putNap(nap, into, source);
  return record.newestAt ?? start;
}

/** The score, and the night's own sums where no stages tell them. */
function putDay(record: VendorRecord, v: Sleep, date: string, hasStages: boolean): void {
  const components = Object.entries(v.sleepScores ?? {}).map(
    ([name, part]) => [name, part?.value ?? part?.qualifierKey?.toLowerCase()] as const,
  );
  record.daily("score.sleep", date, v.overallSleepScore?.value, {
    rangeMin: 0,
    rangeMax: 100,
    qualifier: v.overallSleepScore?.qualifierKey?.toLowerCase(),
    components: components.length === 0 ? undefined : known(Object.fromEntries(components)),
  });
  if (hasStages) return;
  record.daily("sleep_duration", date, asleepMinutes(v));
  record.daily("sleep_deep", date, minutes(v.deepSleepDurationInSeconds));
  record.daily("sleep_light", date, minutes(v.lightSleepDurationInSeconds));
  record.daily("sleep_rem", date, minutes(v.remSleepInSeconds));
  record.daily("sleep_awake", date, minutes(v.awakeDurationInSeconds));
}

function putNap(raw: unknown, into: BatchBuilder, source: number): void {
  const nap = napSchema.safeParse(raw);
  if (!nap.success) return;
  const { napStartTimeInSeconds: start, napDurationInSeconds: lasts, napOffsetInSeconds, napValidation } = nap.data;
  const record = new VendorRecord(into, source, `naps/${start / 1000}`, versionOf(napValidation, lasts));
  record.sleep({
    start,
    end: start + Math.round(lasts * 1000),
    zone: zoneOf({ startTimeOffsetInSeconds: napOffsetInSeconds }),
    nap: true,
    stages: [],
    attributes: known({ validation: napValidation?.toLowerCase() }),
  });
}

function stagesOf({ sleepLevelsMap }: Sleep): { start: number; end: number; stage: SleepStage }[] {
  return Object.entries(sleepLevelsMap ?? {})
    .flatMap(([level, stretches]) =>
      (stretches ?? [])
        .filter((s) => s.endTimeInSeconds > s.startTimeInSeconds)
        .map((s) => ({ start: s.startTimeInSeconds, end: s.endTimeInSeconds, stage: sleepStage("garmin", level) })),
    )
    .toSorted((a, b) => a.start - b.start || a.end - b.end);
}

/** Garmin's duration leaves time awake out; a sender that counts it in is told by the sum of its parts. */
function countsAwake(v: Sleep): boolean {
  const parts = [v.deepSleepDurationInSeconds, v.lightSleepDurationInSeconds, v.remSleepInSeconds, v.unmeasurableSleepInSeconds];
  const asleep = parts.reduce<number>((sum, part) => sum + (part ?? 0), 0);
  return asleep > 0 && asleep + (v.awakeDurationInSeconds ?? 0) <= v.durationInSeconds;
}

const endOf = (v: Sleep): number =>
  v.startTimeInSeconds + Math.round((v.durationInSeconds + (countsAwake(v) ? 0 : (v.awakeDurationInSeconds ?? 0))) * 1000);

const asleepMinutes = (v: Sleep): number | undefined =>
  minutes(v.durationInSeconds - (countsAwake(v) ? (v.awakeDurationInSeconds ?? 0) : 0));
