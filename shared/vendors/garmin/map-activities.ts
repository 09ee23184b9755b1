import * as z from "zod";
import type { BatchBuilder } from "../../health/batch";
import { cadenceMetric, distanceMetric, powerMetric, speedMetric } from "../../health/workout-metrics";
import { type WorkoutType, workoutType } from "../../health/workout-types";
import { maybe, word } from "../fields";
import { known, parsed, Rejection, some, VendorRecord } from "../record";
import type { Delivery } from "../vendor";
import { epoch, headSchema, sourceOf, zoneOf } from "./fields";

/** Garmin's sports that go by another name than everybody's. */
const SPORTS: Readonly<Record<string, WorkoutType>> = {
  LAP_SWIMMING: "pool_swimming",
  GRAVEL_CYCLING: "cycling",
  TRACK_CYCLING: "cycling",
  RECUMBENT_CYCLING: "cycling",
  DOWNHILL_BIKING: "mountain_biking",
  E_BIKE_MOUNTAIN: "e_biking",
  E_BIKE_FITNESS: "e_biking",
  INDOOR_RUNNING: "treadmill_running",
  ULTRA_RUN: "running",
  TRACK_RUNNING: "running",
  OBSTACLE_RUN: "running",
  CASUAL_WALKING: "walking",
  SPEED_WALKING: "walking",
  ROWING_V2: "rowing",
  FLOOR_CLIMBING: "stair_climbing",
  RESORT_SKIING_SNOWBOARDING: "downhill_skiing",
  RESORT_SKIING: "downhill_skiing",
  RESORT_SNOWBOARDING: "snowboarding",
  BACKCOUNTRY_SKIING_SNOWBOARDING: "backcountry_skiing",
  CROSS_COUNTRY_SKIING_WS: "cross_country_skiing",
  SKATE_SKIING_WS: "cross_country_skiing",
  SKATING_WS: "ice_skating",
  SNOW_SHOE: "snowshoeing",
};

const longId = z.union([z.string().max(60), z.number().int()]).nullish();

const summarySchema = headSchema.extend({
  activityId: longId,
  activityName: z.string().max(500).nullish(),
  activityType: word.nullish(),
  activitySubType: word.nullish(),
  startTimeInSeconds: epoch,
  durationInSeconds: z
    .number()
    .positive()
    .max(60 * 86_400),
  deviceName: word.nullish(),
  manual: z.boolean().nullish(),
  isParent: z.boolean().nullish(),
  parentSummaryId: longId,
  averageHeartRateInBeatsPerMinute: maybe,
  maxHeartRateInBeatsPerMinute: maybe,
  averageSpeedInMetersPerSecond: maybe,
  maxSpeedInMetersPerSecond: maybe,
  averageRunCadenceInStepsPerMinute: maybe,
  averageBikeCadenceInRoundsPerMinute: maybe,
  averageSwimCadenceInStrokesPerMinute: maybe,
  distanceInMeters: maybe,
  activeKilocalories: maybe,
  steps: maybe,
  pushes: maybe,
  totalElevationGainInMeters: maybe,
  totalElevationLossInMeters: maybe,
  numberOfActiveLengths: maybe,
});
type Summary = z.output<typeof summarySchema>;

/** What of a sample is read; in this order the columns of a slim one stand. */
const COLUMNS = [
  "startTimeInSeconds",
  "latitudeInDegree",
  "longitudeInDegree",
  "elevationInMeters",
  "heartRate",
  "speedMetersPerSecond",
  "stepsPerMinute",
  "bikeCadenceInRPM",
  "powerInWatts",
] as const;
const cell = z.number().nullable();
const LAST_SECOND = 8_640_000_000_000;
const rowSchema = z.tuple([z.number().nonnegative().max(LAST_SECOND), cell, cell, cell, cell, cell, cell, cell, cell]);
type Row = z.output<typeof rowSchema>;

const sampleSchema = z.looseObject({ startTimeInSeconds: z.number() });
const lapSchema = z.object({ startTimeInSeconds: epoch });
const detailsSchema = z.object({
  summaryId: word.nullish(),
  activityId: longId,
  summary: z.looseObject({}),
  samples: z.array(z.unknown()).nullish(),
  laps: z.array(z.unknown()).max(2000).nullish(),
});

/**
 * Details with each sample as a row of the columns that are read. A recording of hours has tens of thousands of samples with twenty named
 * members each: so it needs a fifth of the room on its way to the vault. `mapDetails` reads both forms.
 */
export function slimDetails(raw: unknown): unknown {
  const details = detailsSchema.safeParse(raw);
  return details.success ? { ...details.data, samples: rowsOf(details.data.samples) } : raw;
}

function rowsOf(samples: readonly unknown[] | null | undefined): Row[] {
  return (samples ?? []).flatMap((sample) => {
    const row = rowSchema.safeParse(Array.isArray(sample) ? sample : columnsOf(sample));
    return row.success ? [row.data] : [];
  });
}

function columnsOf(sample: unknown): readonly (number | null)[] | undefined {
  const found = sampleSchema.safeParse(sample);
  if (!found.success) return undefined;
  return COLUMNS.map((name) => {
    const member = found.data[name];
    return typeof member === "number" && Number.isFinite(member) ? member : null;
  });
}

/** Of one workout the details count more than the summary, and what the person changed by hand most; then the longer version. */
const RANKS: Readonly<Record<string, number>> = { activities: 0, moveIQActivities: 0, activityDetails: 1, manuallyUpdatedActivities: 2 };
const ABOVE_ANY_DURATION = 10_000_000;

function recordOf(resource: string, v: Summary, into: BatchBuilder, connection: string): VendorRecord {
  const isFound = resource === "moveIQActivities";
  const name = v.activityId ?? v.summaryId?.replace(/-detail$/, "") ?? v.startTimeInSeconds / 1000;
  const version = (RANKS[resource] ?? 0) * ABOVE_ANY_DURATION + Math.round(v.durationInSeconds);
  const recordingMethod = v.manual === true ? "manual" : isFound ? "automatic" : "active";
  const source = into.source({ ...sourceOf(connection, v.deviceName), recordingMethod });
  return new VendorRecord(into, source, `${isFound ? "moveiq" : "activities"}/${name}`, version);
}

/** An activity's summary, or one that the watch found by itself. */
export function mapActivity(resource: string, raw: unknown, into: BatchBuilder, { connection }: Delivery): number | undefined {
  const v = parsed(summarySchema, raw);
  // A triathlon repeats what its parts say.
  if (v.isParent === true) throw new Rejection("parent_of_parts");
  const record = recordOf(resource, v, into, connection);
  putWorkout(record, v, { summary: true });
  return record.newestAt;
}

/** An activity with its samples: rows of heart rate, speed, cadence and power, and the way as a route. */
export function mapDetails(raw: unknown, into: BatchBuilder, { connection }: Delivery): number | undefined {
  const { summary, activityId, summaryId, samples, laps } = parsed(detailsSchema, raw);
  const v = parsed(summarySchema, { ...summary, ...known({ activityId, summaryId }) });
  if (v.isParent === true) throw new Rejection("parent_of_parts");
  const record = recordOf("activityDetails", v, into, connection);
  const { type } = typeOf(v);
  const zone = zoneOf(v);
  const [speedKey, powerKey, cadenceKey] = [speedMetric(type), powerMetric(type), cadenceMetric(type)];
  const route: (readonly [number, number, number, number?])[] = [];
  for (const [seconds, lat, lon, altitude, heart, speed, steps, rounds, power] of rowsOf(samples).toSorted((a, b) => a[0] - b[0])) {
    const at = Math.round(seconds * 1000);
    if (lat !== null && lon !== null) route.push(altitude === null ? [at, lat, lon] : [at, lat, lon, altitude]);
    if (heart !== null && heart > 0) record.oneOfMany("heart_rate", at, zone, heart);
    if (speed !== null) record.oneOfMany(speedKey, at, zone, speed);
    if (power !== null) record.oneOfMany(powerKey, at, zone, power);
    const cadence = cadenceKey === "cadence_run" ? steps : cadenceKey === "cadence_cycle" ? rounds : null;
    if (cadence !== null && cadenceKey !== undefined) record.oneOfMany(cadenceKey, at, zone, cadence);
  }
  putWorkout(record, v, { ...some("route", route), ...some("laps", lapsOf(laps, v)) });
  return record.newestAt;
}

function lapsOf(laps: readonly unknown[] | null | undefined, v: Summary): { start: number; end: number }[] {
  const starts = (laps ?? []).flatMap((lap) => lapSchema.safeParse(lap).data?.startTimeInSeconds ?? []).toSorted((a, b) => a - b);
  const end = v.startTimeInSeconds + Math.round(v.durationInSeconds * 1000);
  return starts.map((start, i) => ({ start, end: starts[i + 1] ?? end })).filter((lap) => lap.end > lap.start);
}

function typeOf(v: Summary): ReturnType<typeof workoutType> {
  const name = v.activityType ?? "OTHER";
  const own = SPORTS[name.toUpperCase()];
  return own === undefined ? workoutType("garmin", name) : { type: own };
}

function putWorkout(record: VendorRecord, v: Summary, more: Partial<Parameters<VendorRecord["workout"]>[0]>): void {
  const { type, vendorName } = typeOf(v);
  const cadence = cadenceMetric(type);
  record.workout({
    start: v.startTimeInSeconds,
    end: v.startTimeInSeconds + Math.round(v.durationInSeconds * 1000),
    zone: zoneOf(v),
    type,
    ...some("vendorType", vendorName),
    totals: known({
      energy_active: v.activeKilocalories,
      [distanceMetric(type)]: v.distanceInMeters,
      steps: v.steps,
      wheelchair_pushes: v.pushes,
      elevation_gain: v.totalElevationGainInMeters,
      heart_rate_mean: v.averageHeartRateInBeatsPerMinute,
      heart_rate_max: v.maxHeartRateInBeatsPerMinute,
      speed_mean: v.averageSpeedInMetersPerSecond,
      speed_max: v.maxSpeedInMetersPerSecond,
      ...(cadence === "cadence_run" ? { cadence_run: v.averageRunCadenceInStepsPerMinute } : {}),
      ...(cadence === "cadence_cycle" ? { cadence_cycle: v.averageBikeCadenceInRoundsPerMinute } : {}),
    }),
    ...some(
      "attributes",
      known({
        title: v.activityName,
        subType: v.activitySubType?.toLowerCase(),
        swimCadence: v.averageSwimCadenceInStrokesPerMinute,
        swimLengths: v.numberOfActiveLengths,
        elevationLossM: v.totalElevationLossInMeters,
        parent: v.parentSummaryId,
      }),
    ),
    ...more,
  });
}
