import * as z from "zod";
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
  AlpineSki: "downhill_skiing",
  Crossfit: "cross_training",
  EMountainBikeRide: "e_biking",
  GravelRide: "cycling",
  Wheelchair: "wheelchair_run_pace",
};

const LONGEST_S = 60 * 86_400;
/** A row a second of a whole day, with room. */
const MOST_ROWS = 200_000;
const LONGEST_TITLE = 500;

/** Ids are numbers; of one beyond 2^53 the last digits are lost before anybody could read it. */
export const stravaId = z.union([z.number().positive().refine(Number.isInteger), z.string().regex(/^\d{1,20}$/)]).transform(String);

const lapSchema = z.object({
  start_date: instant,
  elapsed_time: z.number().nonnegative().max(LONGEST_S),
  moving_time: maybe,
  distance: maybe,
  average_heartrate: maybe,
  max_heartrate: maybe,
  average_watts: maybe,
  total_elevation_gain: maybe,
});

const activitySchema = z.object({
  id: stravaId,
  name: z.string().nullish(),
  sport_type: word.nullish(),
  type: word.nullish(),
  start_date: instant,
  start_date_local: z.string().max(40).nullish(),
  utc_offset: z.number().min(-86_400).max(86_400).nullish(),
  elapsed_time: z.number().positive().max(LONGEST_S),
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
  laps: z.array(z.unknown()).max(2000).nullish(),
});
type Activity = z.output<typeof activitySchema>;

/** The id under which an activity and everything of it is stored. */
export const recordId = (id: string): string => `activity/${id}`;

/**
 * How much of an activity is known: as a list tells it, with the details that its streams follow, or everything there will be. What
 * tells less has the older version, so that reading it again takes nothing away.
 */
export type Stage = "listed" | "detailed" | "whole";

/** An activity, with what its streams say where they are there. Its samples are the activity's and go when it goes. */
export function mapActivity(
  raw: unknown,
  into: BatchBuilder,
  { connection, syncedAt }: Delivery,
  stage: Stage,
  streams?: unknown,
): VendorRecord {
  const v = parsed(activitySchema, raw);
  const start = v.start_date;
  const { type, vendorName } = typeOf(v);
  const zone = v.utc_offset === undefined || v.utc_offset === null ? ZONE_UNKNOWN : Math.round(v.utc_offset);
  const source = into.source(sourceOf(connection, v.device_name, v.manual === true));
  const version = stage === "whole" ? syncedAt : Math.min(start, syncedAt) + (stage === "detailed" ? 1 : 0);
  const record = new VendorRecord(into, source, recordId(v.id), version);
  const rows = streams === undefined ? undefined : streamsSchema.safeParse(streams).data;
  const cadence = cadenceMetric(type);
  record.workout({
    start,
    end: start + Math.round(v.elapsed_time * 1000),
    zone,
    type,
    ...some("vendorType", vendorName),
    ...some("durationS", activeTime(v)),
    totals: known({
      energy_active: v.calories,
      [distanceMetric(type)]: v.distance,
      elevation_gain: v.total_elevation_gain,
      [`${speedMetric(type)}_mean`]: v.average_speed,
      [`${speedMetric(type)}_max`]: v.max_speed,
      heart_rate_mean: v.average_heartrate,
      heart_rate_max: v.max_heartrate,
      [`${powerMetric(type)}_mean`]: v.average_watts,
      [`${powerMetric(type)}_max`]: v.max_watts,
      ...(cadence === undefined ? {} : { [`${cadence}_mean`]: perMinute(cadence, v.average_cadence) }),
    }),
    ...some("laps", lapsOf(v, type)),
    ...some("route", rows === undefined ? undefined : routeOf(rows, start)),
    ...some(
      "attributes",
      known<unknown>({
        title: v.name?.slice(0, LONGEST_TITLE),
        // Where Strava wants its users to be able to see it.
        viewUrl: `https://www.strava.com/activities/${v.id}`,
        // Work on the pedals, which is not what the body spent.
        mechanicalWorkKj: v.kilojoules,
        weightedPowerW: v.weighted_average_watts,
        isPowerMeasured: v.device_watts,
        airTemperatureMeanC: v.average_temp,
        relativeEffort: v.suffer_score,
        trainer: v.trainer === true ? true : undefined,
        commute: v.commute === true ? true : undefined,
        startHidden: isHidden(v) ? true : undefined,
      }),
    ),
  });
  if (rows !== undefined) recordSamples(record, rows, start, zone, type);
  return record;
}

/** Whether an activity has recordings that can be placed: it was not typed in, and its person does not hide when it was. */
export function hasStreams(raw: unknown): boolean {
  const { data } = activitySchema.safeParse(raw);
  return data !== undefined && data.manual !== true && !isHidden(data);
}

/** What of an activity is mapped, and nothing else of what Strava sends: it waits for the streams. */
export function slim(raw: unknown): Streamed {
  const { id, laps, ...fields } = parsed(rawSchema, raw);
  return {
    ...picked(fields, activitySchema.shape),
    id,
    ...some(
      "laps",
      laps?.map((lap) => picked(lap, lapSchema.shape)),
    ),
  };
}

const rawSchema = z.looseObject({
  id: z.union([z.string(), z.number()]),
  laps: z.array(z.looseObject({}).catch({})).max(2000).nullish(),
});

function picked(from: Readonly<Record<string, unknown>>, shape: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => Object.hasOwn(shape, name)));
}

/** A time of day that the person hides is told as one second after midnight. */
function isHidden({ start_date_local }: Activity): boolean {
  return /T00:00:01(\.0+)?Z?$/.test(start_date_local ?? "");
}

function activeTime({ moving_time: moving, elapsed_time: elapsed }: Activity): number | undefined {
  return moving !== undefined && moving !== null && moving > 0 && moving < elapsed ? moving : undefined;
}

function sourceOf(connection: string, device: string | null | undefined, isManual: boolean): Source {
  return { vendor: "strava", connection, ...some("deviceName", device), recordingMethod: isManual ? "manual" : "active" };
}

function typeOf(v: Activity): ReturnType<typeof workoutType> {
  const name = v.sport_type ?? v.type ?? "Workout";
  const own = Object.hasOwn(SPORTS, name) ? SPORTS[name] : undefined;
  return own === undefined ? workoutType("strava", name) : { type: own };
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
      [`${powerMetric(type)}_mean`]: v.average_watts,
    });
    return [{ start, end: start + Math.round(elapsed_time * 1000), ...some("durationS", moving_time), totals }];
  });
}

const row = z.object({ data: z.array(z.number().nullable()).max(MOST_ROWS) }).nullish();
const streamsSchema = z.object({
  time: z.object({ data: z.array(z.number().nonnegative().max(LONGEST_S)).max(MOST_ROWS) }),
  heartrate: row,
  watts: row,
  velocity_smooth: row,
  cadence: row,
  altitude: row,
  latlng: z
    .object({ data: z.array(z.tuple([z.number().min(-90).max(90), z.number().min(-180).max(180)]).nullable()).max(MOST_ROWS) })
    .nullish(),
});
type Streams = z.output<typeof streamsSchema>;

function recordSamples(record: VendorRecord, v: Streams, start: number, zone: number, type: string): void {
  const cadence = cadenceMetric(type);
  const rows: readonly (readonly [metric: string | undefined, values: readonly (number | null)[] | undefined, least: number])[] = [
    // A strap that has lost contact tells 0.
    ["heart_rate", v.heartrate?.data, 1],
    [powerMetric(type), v.watts?.data, 0],
    [speedMetric(type), v.velocity_smooth?.data, 0],
    [cadence, v.cadence?.data, 0],
  ];
  for (const [i, seconds] of v.time.data.entries()) {
    const at = start + Math.round(seconds * 1000);
    for (const [metric, values, least] of rows) {
      const value = values?.[i];
      if (metric === undefined || value === undefined || value === null || value < least) continue;
      record.sample(metric, at, zone, metric === "cadence_run" ? value * 2 : value);
    }
  }
}

function routeOf({ time, latlng, altitude }: Streams, start: number): [at: number, lat: number, lon: number, altitudeM?: number][] {
  return time.data
    .flatMap((seconds, i): [number, number, number, number?][] => {
      const point = latlng?.data[i];
      if (point === undefined || point === null) return [];
      const height = altitude?.data[i];
      const at = start + Math.round(seconds * 1000);
      return [height === undefined || height === null ? [at, ...point] : [at, ...point, height]];
    })
    .toSorted((a, b) => a[0] - b[0]);
}

/** Strava counts the revolutions of one foot. */
function perMinute(metric: string, value: number | null | undefined): number | undefined {
  if (value === undefined || value === null) return undefined;
  return metric === "cadence_run" ? value * 2 : value;
}
