import * as z from "zod";
import { DAY_MS } from "../../clock";
import { workoutType } from "../../health/workout-types";
import { distanceMetric } from "../../health/workout-metrics";
import { day, fromWallClock, isoDuration, maybe, minutes, recordId, utcDay, wallClock, word } from "../fields";
import { known, parsed, Rejection, some, type VendorRecord } from "../record";
import { sinceMidnight } from "./clock-times";

/** A day has 1,440 minutes, a long ride some ten thousand points. */
const MOST_STEPS = 3_000;
const MOST_POINTS = 50_000;
const MAX_OFFSET_MIN = 18 * 60;

const zoneSchema = z.object({ index: z.number().int(), "lower-limit": maybe, "upper-limit": maybe, "in-zone": isoDuration.nullish() });
const exerciseSchema = z.object({
  id: recordId,
  start_time: wallClock,
  start_time_utc_offset: z.number().int().min(-MAX_OFFSET_MIN).max(MAX_OFFSET_MIN).nullish(),
  duration: isoDuration,
  device: word.nullish(),
  sport: word.nullish(),
  detailed_sport_info: word.nullish(),
  calories: maybe,
  distance: maybe,
  heart_rate: z.object({ average: maybe, maximum: maybe }).nullish(),
  training_load: maybe,
  "running-index": maybe,
  running_index: maybe,
  fat_percentage: maybe,
  carbohydrate_percentage: maybe,
  protein_percentage: maybe,
  heart_rate_zones: z.array(zoneSchema).max(50).nullish(),
  route: z
    .array(z.object({ latitude: z.number().min(-90).max(90), longitude: z.number().min(-180).max(180), time: isoDuration }))
    .max(MOST_POINTS)
    .nullish(),
  training_load_pro: z
    .object({ "cardio-load": maybe, "muscle-load": maybe, "perceived-load": maybe, "user-rpe": word.nullish() })
    .nullish(),
});

/** Families of sports that Polar puts before the sport, e.g. `WATERSPORTS_WATERSKI`. */
const FAMILY = /^(WATERSPORTS|RACKET_SPORTS|TEAM_SPORTS)_/;
const SPORTS: Readonly<Record<string, string>> = { waterski: "water_skiing", kitesurfing: "kitesurfing", aerobics: "aerobics" };

function typeOf(sport: string, detail: string | null | undefined): ReturnType<typeof workoutType> {
  // The detail is the finer name; where it is unknown the sport may still be known.
  const bare = (detail ?? "").replace(FAMILY, "");
  const fine = detail === undefined || detail === null ? undefined : workoutType("polar", SPORTS[bare.toLowerCase()] ?? bare);
  if (fine !== undefined && fine.vendorName === undefined && fine.type !== "other") return fine;
  const coarse = workoutType("polar", sport);
  return coarse.type === "other" ? { type: "other", vendorName: detail ?? sport } : coarse;
}

/** An exercise. Its start is local, with the offset in minutes beside it. */
export function mapExercise(raw: unknown, record: VendorRecord, timeZone: string | undefined): void {
  const v = parsed(exerciseSchema, raw);
  const offsetS = v.start_time_utc_offset === undefined || v.start_time_utc_offset === null ? undefined : v.start_time_utc_offset * 60;
  const { at: start, zone } =
    offsetS === undefined ? fromWallClock(v.start_time, timeZone) : { at: v.start_time - offsetS * 1000, zone: offsetS };
  const { type, vendorName } = typeOf(v.sport ?? "OTHER", v.detailed_sport_info);
  const zones = (v.heart_rate_zones ?? []).map((one): [string, number | null | undefined] => [String(one.index), one["in-zone"]]);
  const load = v.training_load_pro;
  record.workout({
    start,
    end: start + Math.round(v.duration * 1000),
    zone,
    type,
    ...some("vendorType", vendorName),
    totals: known({
      energy_total: v.calories,
      [distanceMetric(type)]: v.distance,
      heart_rate_mean: v.heart_rate?.average,
      heart_rate_max: v.heart_rate?.maximum,
    }),
    ...some(
      "route",
      (v.route ?? [])
        .map((point) => [start + Math.round(point.time * 1000), point.latitude, point.longitude] as const)
        .toSorted((a, b) => a[0] - b[0]),
    ),
    ...some(
      "attributes",
      known<unknown>({
        device: v.device,
        trainingLoad: v.training_load,
        runningIndex: v["running-index"] ?? v.running_index,
        fatPct: v.fat_percentage,
        carbohydratePct: v.carbohydrate_percentage,
        proteinPct: v.protein_percentage,
        zonesS: zones.length === 0 ? undefined : known(Object.fromEntries(zones)),
        load:
          load === undefined || load === null
            ? undefined
            : known<unknown>({
                cardio: load["cardio-load"],
                muscle: load["muscle-load"],
                perceived: load["perceived-load"],
                rpe: load["user-rpe"]?.toLowerCase(),
              }),
      }),
    ),
  });
}

const stepsSchema = z
  .object({
    interval_ms: maybe,
    total_steps: maybe,
    samples: z
      .array(z.object({ steps: z.number(), timestamp: wallClock }))
      .max(MOST_STEPS)
      .nullish(),
  })
  .nullish();
const activitySchema = z.object({
  start_time: wallClock,
  end_time: wallClock,
  active_duration: isoDuration.nullish(),
  inactive_duration: isoDuration.nullish(),
  daily_activity: maybe,
  calories: maybe,
  active_calories: maybe,
  steps: maybe,
  inactivity_alert_count: maybe,
  distance_from_steps: maybe,
  samples: z.object({ date: day.nullish(), steps: stepsSchema }).nullish(),
});

/** A day's activity by the person's clock, under the date that its samples name, else the one on which it starts. */
export function mapActivity(raw: unknown, record: VendorRecord, timeZone: string | undefined): void {
  const v = parsed(activitySchema, raw);
  const date = dateOf(v.start_time, v.samples?.date);
  record.daily("steps", date, v.steps);
  record.daily("distance_walk_run", date, v.distance_from_steps, { from: "steps" });
  record.daily("energy_total", date, v.calories);
  // Percent of the goal: a long day exceeds it, so it is no score.
  record.daily("energy_active", date, v.active_calories, {
    goalPct: v.daily_activity,
    activeMinutes: minutes(v.active_duration),
    inactiveMinutes: minutes(v.inactive_duration),
    inactivityAlerts: v.inactivity_alert_count,
  });
  const steps = v.samples?.steps;
  const lastsMs = steps?.interval_ms ?? 0;
  if (!(lastsMs > 0 && lastsMs <= DAY_MS)) return;
  for (const sample of steps?.samples ?? []) {
    if (sample.steps <= 0) continue;
    const { at, zone } = fromWallClock(sample.timestamp, timeZone);
    record.into.interval("steps", record.source, at, at + lastsMs, sample.steps, zone, record.version);
  }
}

/** The samples' own date, where it is about the same day. */
function dateOf(startWall: number, named: string | null | undefined): string {
  const isNear = named !== undefined && named !== null && Math.abs(Date.parse(`${named}T12:00:00Z`) - startWall) <= 1.5 * DAY_MS;
  return isNear ? named : utcDay(startWall);
}

const heartSchema = z.object({
  date: day,
  heart_rate_samples: z.array(z.unknown()).max(20_000).nullish(),
});
const beatSchema = z.object({ heart_rate: z.number(), sample_time: z.string().regex(/^\d{1,2}:\d{2}(:\d{2})?$/) });

/** A day of heart rates, mostly every five minutes, by the device's clock. A value that is none is left out, not its day. */
export function mapContinuousHeartRate(raw: unknown, record: VendorRecord, timeZone: string | undefined): void {
  const v = parsed(heartSchema, raw);
  const midnight = Date.parse(`${v.date}T00:00:00Z`);
  for (const one of v.heart_rate_samples ?? []) {
    const beat = beatSchema.safeParse(one);
    const since = beat.success ? sinceMidnight(beat.data.sample_time) : undefined;
    if (!beat.success || since === undefined || beat.data.heart_rate <= 0) continue;
    const { at, zone } = fromWallClock(midnight + since, timeZone);
    record.oneOfMany("heart_rate", at, zone, beat.data.heart_rate);
  }
  if (record.newestAt === undefined) throw new Rejection("no_value");
}
