import * as z from "zod";
import type { BatchBuilder } from "../../health/batch";
import { type WorkoutType, workoutType } from "../../health/workout-types";
import { distanceMetric } from "../../health/workout-metrics";
import { day, maybe, word } from "../fields";
import { known, parsed, Rejection, type Span, VendorRecord } from "../record";
import type { Delivery } from "../vendor";
import { epoch } from "./fields";
import { attribution, modelName, sourceOf, zoneAt } from "./sources";

/** Brand of trackers that Withings reads from others. */
const FOREIGN = 18;

const zones = { hr_zone_0: maybe, hr_zone_1: maybe, hr_zone_2: maybe, hr_zone_3: maybe };

const activitySchema = z.object({
  date: day,
  modified: epoch.nullish(),
  model: word.nullish(),
  modelid: maybe,
  brand: maybe,
  steps: maybe,
  distance: maybe,
  elevation: maybe,
  soft: maybe,
  moderate: maybe,
  intense: maybe,
  calories: maybe,
  totalcalories: maybe,
  hr_average: maybe,
  hr_min: maybe,
  hr_max: maybe,
  ...zones,
});

/** A day's sums of one tracker. */
export function mapActivity(raw: unknown, into: BatchBuilder, { connection, syncedAt }: Delivery): VendorRecord {
  const v = parsed(activitySchema, raw);
  const source = sourceOf(connection, modelName(v.model ?? v.modelid), "automatic", v.brand === FOREIGN);
  const record = new VendorRecord(into, into.source(source), `activity/${v.date}`, v.modified ?? syncedAt);
  record.daily("steps", v.date, v.steps);
  record.daily("distance_walk_run", v.date, v.distance);
  // Counts floors, whatever its name says.
  record.daily("floors", v.date, v.elevation);
  record.daily("energy_active", v.date, v.calories);
  record.daily("energy_total", v.date, v.totalcalories);
  record.daily("moderate_minutes", v.date, minutes(v.moderate), { lightMinutes: minutes(v.soft) });
  record.daily("vigorous_minutes", v.date, minutes(v.intense));
  record.daily("heart_rate", v.date, positive(v.hr_average), { min: positive(v.hr_min), max: positive(v.hr_max), zonesS: zonesOf(v) });
  return record;
}

const intradaySchema = z.object({
  model: word.nullish(),
  model_id: maybe,
  duration: maybe,
  steps: maybe,
  elevation: maybe,
  calories: maybe,
  distance: maybe,
  stroke: maybe,
  heart_rate: maybe,
  spo2_auto: maybe,
  rmssd: maybe,
  sdnn1: maybe,
  core_body_temperature: maybe,
  rr: maybe,
});
const secondsSchema = z.string().regex(/^\d{1,12}$/);

/** One stretch of a day, named by the second it begins. */
export function mapIntraday(raw: unknown, into: BatchBuilder, { connection, syncedAt }: Delivery): VendorRecord {
  const [seconds, value] = parsed(z.tuple([secondsSchema, intradaySchema]), raw);
  const start = parsed(epoch, Number(seconds));
  const source = sourceOf(connection, modelName(value.model ?? value.model_id), "automatic");
  const record = new VendorRecord(into, into.source(source), undefined, syncedAt);
  const zone = zoneAt(undefined, start);
  const sums = {
    steps: value.steps,
    distance_walk_run: value.distance,
    floors: value.elevation,
    energy_active: value.calories,
    swim_strokes: value.stroke,
  };
  const lasts = value.duration ?? 0;
  const found = Object.entries(known(sums));
  if (found.length > 0 && lasts <= 0) throw new Rejection("no_duration");
  const span: Span = { start, end: start + Math.round(lasts * 1000), zone };
  for (const [metric, sum] of found) record.interval(metric, span, sum);
  const samples = {
    heart_rate: positive(value.heart_rate),
    spo2: positive(value.spo2_auto),
    hrv_rmssd: positive(value.rmssd),
    body_temperature: value.core_body_temperature,
    respiratory_rate: positive(value.rr),
  };
  for (const [metric, sample] of Object.entries(known(samples))) record.sample(metric, start, zone, sample);
  const sdnn = positive(value.sdnn1);
  // Over one minute: not the same as the usual five.
  if (sdnn !== undefined) record.reading("hrv_sdnn", "sample", { start, end: start, zone }, { value: sdnn, attributes: { windowS: 60 } });
  return record;
}

/** Categories of workouts → names in `workout-types.ts`, or Withings' own. */
const CATEGORIES: Readonly<Record<number, WorkoutType | (string & {})>> = {
  1: "walking",
  2: "running",
  3: "hiking",
  4: "skating",
  5: "bmx",
  6: "cycling",
  7: "swimming",
  8: "surfing",
  9: "kitesurfing",
  10: "windsurfing",
  11: "bodyboard",
  12: "tennis",
  13: "table_tennis",
  14: "squash",
  15: "badminton",
  16: "weightlifting",
  17: "fitness",
  18: "elliptical",
  19: "pilates",
  20: "basketball",
  21: "soccer",
  22: "american_football",
  23: "rugby",
  24: "volleyball",
  25: "water_polo",
  26: "horse_riding",
  27: "golf",
  28: "yoga",
  29: "dancing",
  30: "boxing",
  31: "fencing",
  32: "wrestling",
  33: "martial_arts",
  34: "skiing",
  35: "snowboarding",
  36: "other",
  128: "no_activity",
  187: "rowing",
  188: "zumba",
  191: "baseball",
  192: "handball",
  193: "hockey",
  194: "ice_hockey",
  195: "climbing",
  196: "ice_skating",
  272: "multi_sport",
  306: "indoor_walk",
  307: "indoor_run",
  308: "indoor_cycling",
  455: "stand_up_paddling",
  456: "padel",
  457: "gaming",
  490: "beach_volleyball",
  491: "stair_stepper",
  492: "skateboarding",
  493: "parkour",
  494: "kayaking",
  495: "canoeing",
  496: "sailing",
  497: "fishing",
  498: "trail_running",
  499: "snowshoeing",
  500: "paintball",
  501: "archery",
  502: "scuba_diving",
  503: "baseball",
  504: "biathlon",
  505: "bocce",
  506: "petanque",
  507: "paragliding",
  508: "frisbee",
  509: "skydiving",
  510: "pickleball",
  511: "cornhole",
  512: "dodgeball",
  513: "ultimate_frisbee",
  514: "teqball",
  515: "wheelchair_run_pace",
  516: "wheelchair_walk_pace",
  517: "athletics",
  518: "cycling",
  519: "pentathlon",
  520: "shooting",
  521: "triathlon",
  522: "diving",
  523: "mountain_biking",
  524: "cycling",
  525: "e_biking",
  526: "e_biking",
  527: "handcycling",
  528: "velomobile",
  529: "backcountry_skiing",
  530: "nordic_ski",
  531: "roller_skiing",
  532: "racquetball",
  534: "hip_hop",
  535: "muay_thai",
  536: "taekwondo",
  537: "judo",
  538: "trampoline",
  539: "standing_frame",
  540: "strength",
  541: "cardio",
  542: "walking",
  543: "walking",
  544: "breakdancing",
  545: "chores",
  546: "crossfit",
  547: "spin",
  548: "cricket",
  549: "dancing",
  550: "hiit",
  551: "meditation",
  552: "stretching",
  553: "yard_work",
  554: "cleaning",
  555: "public_speaking",
  556: "spikeball",
  557: "lacrosse",
  558: "baby_wearing",
  559: "walking",
  560: "breathing",
  561: "balance_drills",
  562: "stroller_walk",
  563: "toddler_wearing",
  564: "bowling",
  565: "lasertag",
  566: "nordic_walking",
  567: "sumo_wrestling",
  568: "cooking",
};

const workoutSchema = z.object({
  id: z.union([z.number().int(), z.string().regex(/^\d{1,20}$/)]).nullish(),
  category: z.number().int(),
  timezone: word.nullish(),
  model: z.union([z.number(), word]).nullish(),
  attrib: maybe,
  startdate: epoch,
  enddate: epoch,
  modified: epoch.nullish(),
  data: z
    .object({
      calories: maybe,
      intensity: maybe,
      manual_distance: maybe,
      manual_calories: maybe,
      hr_average: maybe,
      hr_min: maybe,
      hr_max: maybe,
      ...zones,
      pause_duration: maybe,
      algo_pause_duration: maybe,
      spo2_average: maybe,
      steps: maybe,
      distance: maybe,
      elevation: maybe,
      pool_laps: maybe,
      strokes: maybe,
      pool_length: maybe,
    })
    .prefault({}),
});

/** A workout with its sums. */
export function mapWorkout(raw: unknown, into: BatchBuilder, { connection, syncedAt }: Delivery): VendorRecord {
  const v = parsed(workoutSchema, raw);
  const name = CATEGORIES[v.category] ?? `withings_${v.category}`;
  if (name === "no_activity") throw new Rejection("no_activity");
  const { type, vendorName } = workoutType("withings", name);
  const { method, isAmbiguous, note } = attribution(v.attrib);
  if (isAmbiguous) throw new Rejection("ambiguous_person");
  const { data } = v;
  const source = into.source(sourceOf(connection, modelName(v.model), method));
  const id = `workouts/${v.id ?? Math.round(v.startdate / 1000)}`;
  const record = new VendorRecord(into, source, id, v.modified ?? syncedAt);
  const pauseS = data.pause_duration ?? data.algo_pause_duration ?? 0;
  const lastsS = (v.enddate - v.startdate) / 1000;
  const distance = data.distance ?? data.manual_distance;
  record.workout({
    start: v.startdate,
    end: v.enddate,
    zone: zoneAt(v.timezone, v.startdate),
    type,
    ...(vendorName === undefined ? {} : { vendorType: vendorName }),
    ...(pauseS > 0 && pauseS < lastsS ? { durationS: lastsS - pauseS } : {}),
    totals: known({
      energy_active: data.calories ?? data.manual_calories,
      [distanceMetric(type)]: distance,
      steps: data.steps,
      floors: data.elevation,
      swim_strokes: data.strokes,
      heart_rate_mean: positive(data.hr_average),
      heart_rate_min: positive(data.hr_min),
      heart_rate_max: positive(data.hr_max),
    }),
    attributes: known({
      attribution: note,
      intensity: data.intensity,
      poolLaps: data.pool_laps,
      poolLengthM: data.pool_length,
      spo2Mean: positive(data.spo2_average),
      zonesS: zonesOf(data),
    }),
  });
  return record;
}

function minutes(seconds: number | null | undefined): number | undefined {
  return seconds === undefined || seconds === null ? undefined : seconds / 60;
}

/** Zero stands for "not measured" where a living person has none. */
export function positive(value: number | null | undefined): number | undefined {
  return value === undefined || value === null || value <= 0 ? undefined : value;
}

function zonesOf(v: { readonly [zone in keyof typeof zones]?: number | null | undefined }): Readonly<Record<string, number>> | undefined {
  const found = known({ light: v.hr_zone_0, moderate: v.hr_zone_1, intense: v.hr_zone_2, maximal: v.hr_zone_3 });
  return Object.keys(found).length === 0 ? undefined : found;
}
