import * as z from "zod";
import type { BatchBuilder } from "../../health/batch";
import type { SleepStage } from "../../health/reading";
import { sleepStage } from "../../health/sleep-stages";
import { day, maybe, word } from "../fields";
import { known, parsed, Rejection, some, VendorRecord } from "../record";
import type { Delivery } from "../vendor";
import { byInstant, epoch } from "./fields";
import { positive } from "./map-activity";
import type { Night } from "./requests";
import { modelName, sourceOf, zoneAt } from "./sources";

const summarySchema = z.object({
  id: z.union([z.number().int(), z.string().regex(/^\d{1,20}$/)]).nullish(),
  timezone: word.nullish(),
  model: z.union([z.number(), word]).nullish(),
  model_id: maybe,
  startdate: epoch,
  enddate: epoch,
  date: day.nullish(),
  modified: epoch.nullish(),
  data: z
    .object({
      total_timeinbed: maybe,
      total_sleep_time: maybe,
      asleepduration: maybe,
      lightsleepduration: maybe,
      deepsleepduration: maybe,
      remsleepduration: maybe,
      wakeupduration: maybe,
      waso: maybe,
      sleep_latency: maybe,
      durationtosleep: maybe,
      sleep_efficiency: maybe,
      wakeupcount: maybe,
      out_of_bed_count: maybe,
      nb_rem_episodes: maybe,
      sleep_score: maybe,
      hr_average: maybe,
      hr_min: maybe,
      hr_max: maybe,
      rr_average: maybe,
      rr_min: maybe,
      rr_max: maybe,
      snoring: maybe,
      snoringepisodecount: maybe,
      breathing_disturbances_intensity: maybe,
      apnea_hypopnea_index: maybe,
    })
    .prefault({}),
});

/** Kinds of device of a summary: a tracker and a mat. */
const KINDS: Readonly<Record<number, string>> = { 16: "Withings tracker", 32: "Aura Sensor V2" };

/**
 * The figures of a night that no stages tell, and the night itself for the call that brings its stages. Its stages and the sums that
 * follow from them come with that.
 */
export function mapSummary(raw: unknown, into: BatchBuilder, { connection, syncedAt }: Delivery): { record: VendorRecord; night: Night } {
  const v = parsed(summarySchema, raw);
  if (v.enddate <= v.startdate) throw new Rejection("empty_interval");
  const model = modelName(v.model_id) ?? modelName(v.model) ?? KINDS[Number(v.model)];
  const zone = zoneAt(v.timezone, v.enddate);
  const night: Night = {
    start: v.startdate,
    end: v.enddate,
    zone,
    version: v.modified ?? syncedAt,
    ...some("date", v.date),
    ...some("id", v.id === undefined || v.id === null ? undefined : String(v.id)),
    ...some("model", model),
    figures: figuresOf(v.data),
  };
  const record = new VendorRecord(into, into.source(sourceOf(connection, model, "automatic")), idOf(night), night.version);
  const { data, date } = v;
  if (date !== undefined && date !== null) {
    record.daily("score.sleep", date, positive(data.sleep_score), { rangeMin: 0, rangeMax: 100 });
    record.daily("sleep_hr_min", date, positive(data.hr_min), { mean: positive(data.hr_average), max: positive(data.hr_max) });
    record.daily("respiratory_rate", date, positive(data.rr_average), {
      context: "sleep",
      min: positive(data.rr_min),
      max: positive(data.rr_max),
    });
    record.daily("breathing_disturbance", date, data.breathing_disturbances_intensity, { apneaHypopneaIndex: data.apnea_hypopnea_index });
  }
  if (record.newestAt === undefined) record.newestAt = v.enddate;
  return { record, night };
}

type Data = z.output<typeof summarySchema>["data"];

/** Minutes and counts by the metric that they are of; what has none keeps a name of ours. */
function figuresOf(data: Data): Readonly<Record<string, number>> {
  const asleep =
    data.total_sleep_time ?? data.asleepduration ?? sum([data.lightsleepduration, data.deepsleepduration, data.remsleepduration]);
  return known({
    time_in_bed: minutes(data.total_timeinbed),
    sleep_duration: minutes(asleep),
    sleep_light: minutes(data.lightsleepduration),
    sleep_deep: minutes(data.deepsleepduration),
    sleep_rem: minutes(data.remsleepduration),
    sleep_awake: minutes(data.waso ?? data.wakeupduration),
    sleep_latency: minutes(data.sleep_latency ?? data.durationtosleep),
    sleep_efficiency: data.sleep_efficiency === undefined || data.sleep_efficiency === null ? undefined : data.sleep_efficiency * 100,
    awakenings: data.wakeupcount,
    outOfBedCount: data.out_of_bed_count,
    remEpisodes: data.nb_rem_episodes,
    snoringMinutes: minutes(data.snoring),
    snoringEpisodes: data.snoringepisodecount,
  });
}

const FIGURES = [
  "time_in_bed",
  "sleep_duration",
  "sleep_light",
  "sleep_deep",
  "sleep_rem",
  "sleep_awake",
  "sleep_latency",
  "sleep_efficiency",
  "awakenings",
] as const;

const segmentSchema = z.object({
  startdate: epoch,
  enddate: epoch,
  state: z.number().int(),
  model: z.union([z.number(), word]).nullish(),
  model_id: maybe,
  hr: byInstant.nullish(),
  rr: byInstant.nullish(),
  sdnn_1: byInstant.nullish(),
  rmssd: byInstant.nullish(),
});
export type Segment = z.output<typeof segmentSchema>;

export const readSegment = (raw: unknown): Segment => {
  const segment = parsed(segmentSchema, raw);
  if (segment.enddate <= segment.startdate) throw new Rejection("empty_interval");
  return segment;
};

/** The values that were measured during a stretch of sleep. */
export function putValues(segment: Segment, into: BatchBuilder, { connection, syncedAt }: Delivery, nights: readonly Night[]): number {
  const night = nights.find(({ start, end }) => segment.startdate >= start && segment.startdate < end);
  const model = modelName(segment.model) ?? modelName(segment.model_id) ?? night?.model;
  const record = new VendorRecord(
    into,
    into.source(sourceOf(connection, model, "automatic")),
    night && idOf(night),
    night?.version ?? syncedAt,
  );
  const zone = night?.zone ?? zoneAt(undefined, 0);
  const rows = { heart_rate: segment.hr, respiratory_rate: segment.rr, hrv_rmssd: segment.rmssd };
  for (const [metric, values] of Object.entries(rows)) {
    for (const [at, value] of valuesOf(values)) record.partOf(metric, at, zone, value);
  }
  for (const [at, value] of valuesOf(segment.sdnn_1))
    record.reading("hrv_sdnn", "sample", { start: at, end: at, zone }, { value, attributes: { windowS: 60 } });
  return segment.enddate;
}

function valuesOf(values: Segment["hr"]): (readonly [at: number, value: number])[] {
  return Object.entries(values ?? {}).flatMap(([seconds, value]) => {
    const found = positive(value);
    return found === undefined ? [] : [[Number(seconds) * 1000, found] as const];
  });
}

/** The night with what was read of its stages. Without any, its own sums stand for what would follow from them. */
export function putNight(night: Night, segments: readonly Segment[], into: BatchBuilder, { connection }: Delivery): void {
  const source = into.source(sourceOf(connection, night.model, "automatic"));
  const record = new VendorRecord(into, source, idOf(night), night.version);
  const stages = segments
    .filter(({ startdate, enddate }) => startdate < night.end && enddate > night.start)
    .map(({ startdate, enddate, state }): { start: number; end: number; stage: SleepStage } => ({
      start: Math.max(startdate, night.start),
      end: Math.min(enddate, night.end),
      stage: sleepStage("withings", state),
    }))
    .toSorted((a, b) => a.start - b.start);
  record.sleep({
    start: night.start,
    end: night.end,
    zone: night.zone,
    ...some("date", night.date),
    stages,
    ...some("attributes", night.figures),
  });
  if (stages.length > 0 || night.date === undefined) return;
  for (const metric of FIGURES) record.daily(metric, night.date, night.figures[metric]);
}

/** Stretches of a reply that belong to no night we know: the vault puts the night together itself. */
export function putLoose(segment: Segment, into: BatchBuilder, { connection, syncedAt }: Delivery): void {
  const model = modelName(segment.model) ?? modelName(segment.model_id);
  into.sleepStretch({
    source: into.source(sourceOf(connection, model, "automatic")),
    start: segment.startdate,
    end: segment.enddate,
    stage: sleepStage("withings", segment.state),
    zone: zoneAt(undefined, 0),
    version: syncedAt,
  });
}

const idOf = (night: Night): string => `sleep/${night.id ?? Math.round(night.start / 1000)}`;

function minutes(seconds: number | null | undefined): number | undefined {
  return seconds === undefined || seconds === null ? undefined : seconds / 60;
}

function sum(parts: readonly (number | null | undefined)[]): number | undefined {
  const found = parts.filter((part) => part !== undefined && part !== null);
  return found.length === 0 ? undefined : found.reduce((total, part) => total + part, 0);
}
