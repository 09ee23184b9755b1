import { z } from "zod";
import type { BatchBuilder } from "../../health/batch";
import { type Source, ZONE_UNKNOWN } from "../../health/reading";
import { cadenceMetric, distanceMetric, powerMetric, speedMetric } from "../../health/workout-metrics";
import { type WorkoutType, workoutType } from "../../health/workout-types";
import { instant, maybe, word } from "../fields";
import { known, parsed, some, VendorRecord } from "../record";
import type { Delivery } from "../vendor";
import type { Streamed } from "./requests";

/** Strava's sports that go by another name than everybody's. */
const SPORTS: Readonly<Record<string, WorkoutType>> = {
  GravelRide: "cycling",
  EMountainBikeRide: "e_biking",
  AlpineSki: "downhill_skiing",
  Crossfit: "cross_training",
  Wheelchair: "wheelchair_run_pace",
};

/** Large numbers of Strava's are ids: their digits count, not their value. */
const idSchema = z.union([z.number().int().positive(), z.string().regex(/^\d{1,20}$/)]).transform(String);

const lapSchema = z.object({
  start_date: instant,
  elapsed_time: z.number().nonnegative(),
  moving_time: maybe,
  distance: maybe,
  average_heartrate: maybe,
  max_heartrate: maybe,
  average_watts: maybe,
  total_elevation_gain: maybe,
});

export const activitySchema = z.object({
  id: idSchema,
  name: z.string().nullish(),
  sport_type: word.nullish(),
  type: word.nullish(),
  start_date: instant,
  start_date_local: z.string().max(40).nullish(),
  utc_offset: z.number().min(-86_400).max(86_400).nullish(),
  elapsed_time: z
    .number()
    .positive()
    .max(60 * 86_400),
  moving_time: maybe,
  distance: maybe,
  total_elevation_gain: maybe,
  average_speed: maybe,
  max_speed: maybe,
  average_heartrate: maybe,
  max_heartrate: maybe,
  average_watts: maybe,
  max_watts: maybe,
  weighted_average_watts: maybe,
  kilojoules: maybe,
  calories: maybe,
  average_cadence: maybe,
  average_temp: maybe,
  suffer_score: maybe,
  device_name: word.nullish(),
  device_watts: z.boolean().nullish(),
  trainer: z.boolean().nullish(),
  commute: z.boolean().nullish(),
  manual: z.boolean().nullish(),
  private: z.boolean().nullish(),
  laps: z.array(z.unknown()).max(2000).nullish(),
});
type Activity = z.output<typeof activitySchema>;

const LONGEST_TITLE = 500;

/** The id under which an activity and everything of it is stored. */
export const recordId = (id: string): string => `activity/${id}`;

function sourceOf(connection: string, device: string | null | undefined, isManual: boolean): Source {
  return { vendor: "strava", connection, ...some("deviceName", device), recordingMethod: isManual ? "manual" : "active" };
}

/**
 * An activity of a list or with its details, and what its streams need to know of it. Details alone tell the energy: their version is the
 * later one, so that a list that is read again takes nothing away.
 */
export function mapActivity(
  raw: unknown,
  into: BatchBuilder,
  { connection, syncedAt }: Delivery,
  isDetailed: boolean,
): { record: VendorRecord; streamed: Streamed | undefined } {
  const v = parsed(activitySchema, raw);
  const start = v.start_date;
  const { type, vendorName } = typeOf(v);
  const zone = v.utc_offset ?? ZONE_UNKNOWN;
  const isHidden = /T00:00:01(\.0+)?Z?$/.test(v.start_date_local ?? "");
  const source = into.source(sourceOf(connection, v.device_name, v.manual === true));
  const record = new VendorRecord(into, source, recordId(v.id), isDetailed ? syncedAt : Math.min(start, syncedAt));
  const cadence = cadenceMetric(type);
  record.workout({
    start,
    end: start + Math.round(v.elapsed_time * 1000),
    zone,
    type,
    ...some("vendorType", vendorName),
    ...(v.moving_time !== undefined && v.moving_time !== null && v.moving_time > 0 && v.moving_time < v.elapsed_time
      ? { durationS: v.moving_time }
      : {}),
    totals: known({
      energy_active: v.calories,
      [distanceMetric(type)]: v.distance,
      elevation_gain: v.total_elevation_gain,
      speed_mean: v.average_speed,
      speed_max: v.max_speed,
      heart_rate_mean: v.average_heartrate,
      heart_rate_max: v.max_heartrate,
      power_mean: v.average_watts,
      power_max: v.max_watts,
      ...(cadence === undefined ? {} : { [cadence]: perMinute(cadence, v.average_cadence) }),
    }),
    ...some("laps", lapsOf(v, type)),
    ...some(
      "attributes",
      known({
        title: v.name?.slice(0, LONGEST_TITLE),
        // Work on the pedals, which is not what the body spent.
        mechanicalWorkKj: v.kilojoules,
        weightedPowerW: v.weighted_average_watts,
        isPowerMeasured: v.device_watts,
        airTemperatureMeanC: v.average_temp,
        relativeEffort: v.suffer_score,
        trainer: v.trainer === true ? true : undefined,
        commute: v.commute === true ? true : undefined,
        // The person hides when it was: the time of day is none.
        startHidden: isHidden ? true : undefined,
      }),
    ),
  });
  const hasStreams = v.manual !== true && !isHidden;
  return { record, streamed: hasStreams ? { id: v.id, start, zone, type, ...some("device", v.device_name) } : undefined };
}

function lapsOf({ laps }: Activity, type: string): Readonly<Record<string, unknown>>[] {
  return (laps ?? []).flatMap((raw) => {
    const lap = lapSchema.safeParse(raw);
    if (!lap.success) return [];
    const { start_date: start, elapsed_time, moving_time, ...v } = lap.data;
    const totals = known({
      [distanceMetric(type)]: v.distance,
      elevation_gain: v.total_elevation_gain,
      heart_rate_mean: v.average_heartrate,
      heart_rate_max: v.max_heartrate,
      power_mean: v.average_watts,
    });
    return [{ start, end: start + Math.round(elapsed_time * 1000), ...some("durationS", moving_time), totals }];
  });
}

const row = z.object({ data: z.array(z.number().nullable()) }).nullish();
const streamsSchema = z.object({
  time: z.object({
    data: z
      .array(
        z
          .number()
          .nonnegative()
          .max(60 * 86_400),
      )
      .max(200_000),
  }),
  heartrate: row,
  watts: row,
  velocity_smooth: row,
  cadence: row,
  altitude: row,
  latlng: z.object({ data: z.array(z.tuple([z.number(), z.number()]).nullable()) }).nullish(),
});

/**
 * The rows of an activity, each sample under the activity's id, so that they go when it goes. The way stands in the batch beside the
 * workout that the details told; it is returned for that.
 */
export function mapStreams(raw: unknown, of: Streamed, into: BatchBuilder, { connection, syncedAt }: Delivery): VendorRecord {
  const v = parsed(streamsSchema, raw);
  const source = into.source(sourceOf(connection, of.device, false));
  const record = new VendorRecord(into, source, recordId(of.id), syncedAt);
  const cadence = cadenceMetric(of.type);
  const rows: readonly (readonly [metric: string | undefined, values: readonly (number | null)[] | undefined, least: number])[] = [
    ["heart_rate", v.heartrate?.data, 1],
    [powerMetric(of.type), v.watts?.data, 0],
    [speedMetric(of.type), v.velocity_smooth?.data, 0],
    [cadence, v.cadence?.data, 0],
  ];
  for (const [i, seconds] of v.time.data.entries()) {
    const at = of.start + Math.round(seconds * 1000);
    for (const [metric, values, least] of rows) {
      const value = values?.[i];
      if (metric === undefined || value === undefined || value === null || value < least) continue;
      record.sample(metric, at, of.zone, metric === "cadence_run" ? value * 2 : value);
    }
  }
  if (record.newestAt === undefined) record.newestAt = of.start;
  return record;
}

/** Strava counts the revolutions of one foot. */
function perMinute(metric: string, value: number | null | undefined): number | undefined {
  if (value === undefined || value === null) return undefined;
  return metric === "cadence_run" ? value * 2 : value;
}

function typeOf(v: Activity): ReturnType<typeof workoutType> {
  const name = v.sport_type ?? v.type ?? "Workout";
  const own = Object.hasOwn(SPORTS, name) ? SPORTS[name] : undefined;
  return own === undefined ? workoutType("strava", name) : { type: own };
}
