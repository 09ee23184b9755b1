import * as z from "zod";
import type { BatchBuilder } from "../../health/batch";
import { type Batch, type Source, type Workout, ZONE_UNKNOWN } from "../../health/reading";
import { distanceMetric, speedMetric } from "../../health/workout-metrics";
import { FIT } from "../../imports/fit/format";
import { Outlet } from "../../imports/workouts/outlet";
import { maybe, word } from "../fields";
import { known, parsed, some, VendorRecord } from "../record";
import type { Delivery } from "../vendor";
import type { Pending } from "./requests";
import { suuntoSport } from "./sports";

const LONGEST_S = 60 * 86_400;
const LAST_MS = 8.64e15;
const instantMs = z.number().int().nonnegative().max(LAST_MS);

/** What workouts are known by, in paths too. */
export const workoutKey = z.string().regex(/^[A-Za-z0-9_-]{1,100}$/);

const gearSchema = z.object({ name: word.nullish(), displayName: word.nullish() }).nullish();
const summarySchema = z.object({
  workoutKey: workoutKey.nullish(),
  workoutId: z.number().int().nonnegative().nullish(),
  activityId: z.number().int().nonnegative(),
  startTime: instantMs,
  stopTime: instantMs.nullish(),
  totalTime: z.number().positive().max(LONGEST_S),
  timeOffsetInMinutes: z.number().int().min(-1_080).max(1_080).nullish(),
  totalDistance: maybe,
  totalAscent: maybe,
  stepCount: maybe,
  energyConsumption: maybe,
  avgSpeed: maybe,
  maxSpeed: maybe,
  recoveryTime: maybe,
  hrdata: z.object({ workoutAvgHR: maybe, workoutMaxHR: maybe, min: maybe }).nullish(),
  tss: z.object({ trainingStressScore: maybe, calculationMethod: word.nullish() }).nullish(),
  isManuallyAdded: z.boolean().nullish(),
  gear: gearSchema,
});

/** The id of a workout's records. */
export const recordId = (key: string): string => `workout/${key}`;

function sourceOf(connection: string, device: string | undefined, isManual = false): Source {
  return {
    vendor: "suunto",
    connection,
    deviceManufacturer: "Suunto",
    ...some("deviceName", device),
    recordingMethod: isManual ? "manual" : "active",
  };
}

/** Zero is how Suunto writes that nothing was measured. */
const measured = (value: number | null | undefined): number | undefined => (value === 0 || value === null ? undefined : value);

/** A workout as its summary tells it, and what waits for its recording; nothing waits for one that was typed in or has no key. */
export function mapSummary(
  raw: unknown,
  into: BatchBuilder,
  { connection, syncedAt }: Delivery,
): { readonly newestAt: number | undefined; readonly pending?: Pending } {
  const v = parsed(summarySchema, raw);
  const { type, vendorName } = suuntoSport(v.activityId);
  const offset = v.timeOffsetInMinutes === undefined || v.timeOffsetInMinutes === null ? null : v.timeOffsetInMinutes * 60;
  const device = v.gear?.displayName ?? v.gear?.name ?? undefined;
  const key = v.workoutKey ?? (v.workoutId ? String(v.workoutId) : undefined);
  const start = v.startTime;
  const end = Math.max(v.stopTime ?? 0, start + Math.round(v.totalTime * 1000));
  const source = into.source(sourceOf(connection, device, v.isManuallyAdded === true));
  const record = new VendorRecord(into, source, key === undefined ? undefined : recordId(key), syncedAt);
  const totals = known({
    energy_total: measured(v.energyConsumption),
    [distanceMetric(type)]: measured(v.totalDistance),
    elevation_gain: v.totalAscent,
    steps: measured(v.stepCount),
    [`${speedMetric(type)}_mean`]: measured(v.avgSpeed),
    [`${speedMetric(type)}_max`]: measured(v.maxSpeed),
    heart_rate_mean: measured(v.hrdata?.workoutAvgHR),
    heart_rate_max: measured(v.hrdata?.workoutMaxHR),
    heart_rate_min: measured(v.hrdata?.min),
  });
  const attributes = known<unknown>({
    trainingStress: v.tss?.trainingStressScore,
    trainingStressBy: v.tss?.calculationMethod?.toLowerCase(),
    recoveryTimeS: measured(v.recoveryTime),
  });
  record.workout({
    start,
    end,
    zone: offset ?? ZONE_UNKNOWN,
    type,
    ...some("vendorType", vendorName),
    ...(end - start > Math.ceil(v.totalTime * 1000) ? { durationS: v.totalTime } : {}),
    totals,
    ...some("attributes", attributes),
    // The recording tells more, and comes later or is there already.
    summary: true,
  });
  if (v.workoutKey === undefined || v.workoutKey === null || v.isManuallyAdded === true) return { newestAt: record.newestAt };
  const pending: Pending = {
    key: v.workoutKey,
    start,
    zone: offset,
    type,
    ...some("vendorType", vendorName),
    ...some("device", device),
    totals,
    attributes,
  };
  return { newestAt: record.newestAt, pending };
}

/**
 * The recording of a workout, a FIT file, under the workout's id: what the file does not tell, its summary did. A file that cannot be
 * read leaves the summary as it is. Returns false for that.
 */
export function mapRecording(bytes: Uint8Array, pending: Pending, into: BatchBuilder, { connection, syncedAt }: Delivery): boolean {
  const batch = readFit(bytes);
  if (batch === undefined) return false;
  const source = into.source(sourceOf(connection, pending.device));
  const { key, totals, attributes } = pending;
  const id = recordId(key);
  const zoneOf = (zone: number): number => (zone === ZONE_UNKNOWN ? (pending.zone ?? ZONE_UNKNOWN) : zone);
  for (const s of batch.series) {
    for (const [i, start] of s.start.entries()) {
      const [value = Number.NaN, zone = ZONE_UNKNOWN] = [s.value[i], s.zone[i]];
      if (s.kind === "sample") into.sample(s.metric, source, start, value, zoneOf(zone), syncedAt, id);
      else into.interval(s.metric, source, start, s.end?.[i] ?? start, value, zoneOf(zone), syncedAt, id);
    }
  }
  for (const reading of batch.readings) into.reading({ ...reading, source, zone: zoneOf(reading.zone), id, version: syncedAt });
  const isOne = batch.workouts.length === 1;
  for (const [i, workout] of batch.workouts.entries()) {
    // Of a race of several sports the file tells each part; the summary speaks of them all.
    const told: Partial<Workout> = isOne
      ? {
          start: Math.abs(workout.start - pending.start) < 1_000 ? pending.start : workout.start,
          type: pending.type,
          ...some("vendorType", pending.vendorType),
          totals: { ...totals, ...workout.totals },
          ...some("attributes", { ...workout.attributes, ...attributes }),
        }
      : {};
    into.workout({ ...workout, ...told, source, zone: zoneOf(workout.zone), id: i === 0 ? id : `${id}/${i + 1}`, version: syncedAt });
  }
  return true;
}

/** Undefined for what is no FIT file. */
function readFit(bytes: Uint8Array): Batch | undefined {
  if (!FIT.looksLike(bytes)) return undefined;
  try {
    const file = FIT.open();
    file.survey?.push(bytes);
    file.survey?.end();
    const outlet = new Outlet();
    const reading = file.read(outlet);
    reading.push(bytes);
    reading.finish();
    return outlet.take();
  } catch {
    return undefined;
  }
}
