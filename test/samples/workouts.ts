import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { Batch, Workout } from "../../shared/health/reading.ts";
import { FitDecoder } from "../../shared/imports/fit/decoder.ts";
import type { Field, FitMessage } from "../../shared/imports/fit/message.ts";
import { FIT_EPOCH_S, HRV, PROFILE, RECORD, SESSION, WEIGHT_SCALE } from "../../shared/imports/fit/profile.ts";
import { readWorkouts, type ReadWorkouts } from "../fixtures/read-workouts.ts";
import type { Check } from "./apple.ts";

/** Where workout files lie among the samples. */
export const WORKOUT_SAMPLES: readonly (readonly [folder: string, pattern: RegExp])[] = [
  ["garmin/fit", /\.fit$/],
  ["garmin", /^[^/]*\.gpx$/],
  ["gpx_tcx", /\.(?:gpx|tcx)$/],
];

const stats = z.looseObject({ n: z.number(), min: z.number().optional(), max: z.number().optional(), mean: z.number().optional() });
type Stats = z.output<typeof stats>;
const fitExpectation = z.object({
  garmin_fitsdk_js: z.looseObject({
    integrity: z.boolean(),
    records: z
      .looseObject({
        n: z.number(),
        first: z.string().optional(),
        last: z.string().optional(),
        heartRate: stats.optional(),
        cadence: stats.optional(),
        power: stats.optional(),
        distance: stats.optional(),
        enhancedSpeed: stats.optional(),
        enhancedAltitude: stats.optional(),
        temperature: stats.optional(),
        withPosition: z.number(),
      })
      .optional(),
    sessions: z.array(
      z.looseObject({
        startTime: z.string(),
        totalElapsedTime: z.number(),
        totalTimerTime: z.number(),
        totalDistance: z.number().optional(),
        totalCalories: z.number().optional(),
        totalAscent: z.number().optional(),
      }),
    ),
    hrv: z.looseObject({ n: z.number(), mean_s: z.number() }).optional(),
    weightScale: z.array(z.object({ timestamp: z.string(), weight: z.number(), percentFat: z.number() })).optional(),
  }),
  fitdecode_py: z.looseObject({ messages: z.record(z.string(), z.number()) }),
});
const gpxExpectation = z.looseObject({
  tracks: z.number(),
  points: z.number(),
  waypoints: z.number(),
  routes: z.number(),
  length_2d_m_haversine_R6371: z.number(),
  points_with_time: z.number().default(0),
  first_time: z.string().optional(),
  last_time: z.string().optional(),
  elevation: z.looseObject({ min: z.number(), max: z.number() }).optional(),
});
const tcxExpectation = z.looseObject({
  activities: z.array(z.string()),
  ids: z.array(z.string()),
  laps: z.number(),
  lap_time_s: z.number(),
  lap_distance_m: z.number(),
  lap_calories: z.number(),
  with_position: z.number(),
  heart_rate: stats,
  first_time: z.string(),
});

/** Numbers of messages that are counted here and mean nothing to the importer. */
const OTHERS: Readonly<Record<string, number>> = {
  device_settings: 2,
  user_profile: 3,
  hrm_profile: 4,
  zones_target: 7,
  training_settings: 13,
  device_info: 23,
  workout: 26,
  workout_step: 27,
  file_creator: 49,
  developer_data_id: 207,
  time_in_zone: 216,
};
/** Instants before satellite navigation are no instants of a track. */
const FIRST_FIX = Date.UTC(1980, 0, 6);

/** Reads every workout file among the samples and compares it with what independent parsers found in it. */
export async function workoutSamples(samplesDir: string): Promise<Check[]> {
  const expected = z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(join(samplesDir, "EXPECT.json"), "utf8")));
  const checks: Check[] = [];
  for (const [folder, pattern] of WORKOUT_SAMPLES) {
    for (const file of (await readdir(join(samplesDir, folder))).filter((name) => pattern.test(name)).toSorted()) {
      const name = `${folder}/${file}`;
      const bytes = new Uint8Array(await readFile(join(samplesDir, name)));
      const read = await readWorkouts(bytes);
      const again = await readWorkouts(bytes, { chunkSize: 997, batchSize: 100, resumeEveryBatch: true });
      checks.push(same(`${name}: read in pieces`, JSON.stringify(again.report), JSON.stringify(read.report)));
      if (file.endsWith(".fit")) checks.push(...checkFit(name, bytes, read, fitExpectation.parse(expected[name])));
      else if (file.endsWith(".tcx")) checks.push(...checkTcx(name, read, tcxExpectation.parse(expected[name])));
      else checks.push(...checkGpx(name, read, gpxExpectation.parse(expected[name])));
      const table = join(samplesDir, name.replace(/\.fit$/, ".csv"));
      if (name.endsWith("MonitoringFile.fit")) checks.push(...checkSteps(name, read, await readFile(table, "utf8")));
    }
  }
  return checks;
}

function checkFit(name: string, bytes: Uint8Array, read: ReadWorkouts, expected: z.output<typeof fitExpectation>): Check[] {
  const { garmin_fitsdk_js: sdk, fitdecode_py: decode } = expected;
  const counts = new Map<number, number>();
  const columns = new Map<string, number[]>();
  const add = (column: string, value: number): void => {
    if (Number.isNaN(value)) return;
    const values = columns.get(column) ?? [];
    columns.set(column, values);
    values.push(value);
  };
  const decoder = new FitDecoder({
    message: (message) => {
      counts.set(message.number, (counts.get(message.number) ?? 0) + 1);
      if (message.number === RECORD.number) readRecord(message, add);
      if (message.number === HRV.number) for (const seconds of message.values(HRV.fields.time)) add("hrv", seconds);
      if (message.number === WEIGHT_SCALE.number) add("weight", message.value(WEIGHT_SCALE.fields.weight));
      if (message.number === SESSION.number) add("distances", message.value(SESSION.fields.totalDistance) || 0);
    },
  });
  decoder.push(bytes);
  decoder.end();
  const checks = [same(`${name}: checksum`, !decoder.faults.has("checksum"), sdk.integrity)];
  for (const [message, n] of Object.entries(decode.messages)) {
    const number = numberOf(message);
    checks.push(same(`${name}: ${message}`, number === undefined ? undefined : counts.get(number), n));
  }
  checks.push(
    same(`${name}: kinds of messages`, counts.size, Object.keys(decode.messages).length),
    ...(["heartRate", "cadence", "power", "distance", "enhancedSpeed", "enhancedAltitude", "temperature"] as const).map((field) =>
      checkStats(`${name}: ${field}`, columns.get(field) ?? [], sdk.records?.[field] ?? { n: 0 }),
    ),
    same(`${name}: positions`, columns.get("position")?.length ?? 0, sdk.records?.withPosition ?? 0),
    same(`${name}: beats`, columns.get("hrv")?.length ?? 0, sdk.hrv?.n ?? 0),
    same(`${name}: weights`, columns.get("weight") ?? [], sdk.weightScale?.map(({ weight }) => weight) ?? []),
  );
  const times = columns.get("time") ?? [];
  if (sdk.records?.first !== undefined) checks.push(same(`${name}: first record`, Math.min(...times), Date.parse(sdk.records.first)));
  if (sdk.records?.last !== undefined) checks.push(same(`${name}: last record`, Math.max(...times), Date.parse(sdk.records.last)));
  return [...checks, ...checkSessions(name, read, sdk), ...checkStored(name, read, sdk, times.length)];
}

function readRecord(message: FitMessage, add: (column: string, value: number) => void): void {
  const { fields } = RECORD;
  const either = (enhanced: Field, plain: Field): number => {
    const value = message.value(enhanced);
    return Number.isNaN(value) ? message.value(plain) : value;
  };
  add("time", (message.time + FIT_EPOCH_S) * 1_000);
  add("heartRate", message.value(fields.heartRate));
  add("cadence", message.value(fields.cadence));
  add("power", message.value(fields.power));
  add("distance", message.value(fields.distance));
  add("enhancedSpeed", either(fields.enhancedSpeed, fields.speed));
  add("enhancedAltitude", either(fields.enhancedAltitude, fields.altitude));
  add("temperature", message.value(fields.temperature));
  add("position", message.value(fields.positionLat));
}

function checkSessions(
  name: string,
  read: ReadWorkouts,
  { sessions, records }: z.output<typeof fitExpectation>["garmin_fitsdk_js"],
): Check[] {
  const workouts = workoutsOf(read);
  const isCutOff = sessions.length === 0 && records?.first !== undefined;
  const checks = [same(`${name}: workouts`, workouts.length, isCutOff ? 1 : sessions.length)];
  for (const [i, session] of sessions.entries()) {
    const workout = workouts[i];
    const total = (key: string) => workout?.totals[key];
    const distances = Object.entries(workout?.totals ?? {}).find(([key]) => key.startsWith("distance"))?.[1];
    checks.push(
      same(`${name}: begins`, workout?.start, Date.parse(session.startTime)),
      same(`${name}: lasts`, workout === undefined ? 0 : workout.end - workout.start, Math.round(session.totalElapsedTime * 1_000)),
      same(`${name}: active`, workout?.durationS, session.totalTimerTime),
    );
    if (session.totalDistance !== undefined && session.totalDistance > 0)
      checks.push(same(`${name}: distance`, distances, session.totalDistance));
    if (session.totalCalories !== undefined) checks.push(same(`${name}: energy`, total("energy_total"), session.totalCalories));
    if (session.totalAscent !== undefined) checks.push(same(`${name}: ascent`, total("elevation_gain"), session.totalAscent));
  }
  return checks;
}

/** What goes to the vault, where records have instants at all. */
function checkStored(
  name: string,
  read: ReadWorkouts,
  { records, weightScale }: z.output<typeof fitExpectation>["garmin_fitsdk_js"],
  timed: number,
): Check[] {
  const checks = [
    same(
      `${name}: stored weights`,
      columnOf(read, "body_weight").map(([at, value]) => [at, value]),
      weightScale?.map(({ timestamp, weight }) => [Date.parse(timestamp), weight]) ?? [],
    ),
  ];
  if (records === undefined || timed === 0) return checks;
  const rates = columnOf(read, "heart_rate").map(([, value]) => value);
  const power = ["power", "power_run", "power_cycle"].flatMap((key) => columnOf(read, key).map(([, value]) => value));
  const route = workoutsOf(read).reduce((sum, workout) => sum + (workout.route?.length ?? 0), 0);
  checks.push(
    checkStats(`${name}: stored heart rates`, rates, records.heartRate ?? { n: 0 }),
    checkStats(`${name}: stored powers`, power, records.power ?? { n: 0 }),
    same(`${name}: stored way`, route, records.withPosition),
  );
  return checks;
}

/** The steps of a day, against the totals that the maker's own tool wrote beside the file. */
function checkSteps(name: string, read: ReadWorkouts, table: string): Check[] {
  const last = new Map<string, number>();
  for (const line of table.split("\n").filter((one) => /^Data,\d+,monitoring,/.test(one))) {
    const steps = /(?:^|,)steps,"(\d+)"/.exec(line)?.[1];
    const type = /(?:^|,)activity_type,"(\d+)"/.exec(line)?.[1];
    if (steps !== undefined && type !== undefined) last.set(type, Number(steps));
  }
  const wanted = [...last.values()].reduce((sum, n) => sum + n, 0);
  const found = columnOf(read, "steps").reduce((sum, [, value]) => sum + value, 0);
  return [same(`${name}: steps of the day`, found, wanted)];
}

function checkTcx(name: string, read: ReadWorkouts, expected: z.output<typeof tcxExpectation>): Check[] {
  const workouts = workoutsOf(read);
  const [workout] = workouts;
  const rates = columnOf(read, "heart_rate").map(([, value]) => value);
  return [
    same(`${name}: activities`, workouts.length, expected.activities.length),
    same(`${name}: laps`, workout?.laps?.length, expected.laps),
    near(`${name}: time of laps`, workout?.durationS, expected.lap_time_s),
    near(`${name}: distance of laps`, workout?.totals["distance_walk_run"], expected.lap_distance_m, 0.01),
    same(`${name}: energy`, workout?.totals["energy_total"], expected.lap_calories),
    same(`${name}: way`, workout?.route?.length, expected.with_position),
    same(`${name}: begins`, workout?.start, Date.parse(expected.first_time)),
    checkStats(`${name}: heart rates`, rates, expected.heart_rate),
  ];
}

function checkGpx(name: string, read: ReadWorkouts, expected: z.output<typeof gpxExpectation>): Check[] {
  const { byType, warnings } = read.report;
  const workouts = workoutsOf(read);
  const points = workouts.flatMap(({ route = [] }) => route);
  const untimed = warnings.find(({ code }) => code === "point_without_time")?.count ?? 0;
  const utc = (text: string) => Date.parse(/Z|[+-]\d\d:\d\d$/.test(text) ? text : `${text}Z`);
  const isBogus = expected.first_time !== undefined && utc(expected.first_time) < FIRST_FIX;
  const timed = isBogus ? 0 : expected.points_with_time;
  const checks = [
    same(`${name}: tracks`, byType["trk"]?.read ?? 0, expected.tracks),
    same(`${name}: way points`, byType["wpt"]?.rejected ?? 0, expected.waypoints),
    same(`${name}: routes`, byType["rte"]?.rejected ?? 0, expected.routes),
    same(`${name}: points in time`, points.length, timed),
    same(`${name}: points`, points.length + untimed, expected.points),
  ];
  if (timed === 0 || expected.first_time === undefined || expected.last_time === undefined) return checks;
  checks.push(
    same(`${name}: begins`, Math.min(...workouts.map(({ start }) => start)), utc(expected.first_time)),
    same(`${name}: ends`, Math.max(...workouts.map(({ end }) => end)), utc(expected.last_time)),
  );
  if (timed !== expected.points) return checks;
  const heights = points.map(([, , , altitudeM]) => altitudeM ?? Number.NaN);
  const length = workouts.reduce((sum, { totals }) => {
    const [, metres] = Object.entries(totals).find(([key]) => key.startsWith("distance")) ?? ["", 0];
    return sum + metres;
  }, 0);
  checks.push(
    near(`${name}: length`, length, expected.length_2d_m_haversine_R6371, 0.06),
    same(`${name}: lowest`, Math.min(...heights), expected.elevation?.min),
    same(`${name}: highest`, Math.max(...heights), expected.elevation?.max),
  );
  return checks;
}

function numberOf(message: string): number | undefined {
  const unknown = /^unknown_(\d+)$/.exec(message)?.[1];
  if (unknown !== undefined) return Number(unknown);
  const camel = message.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  const known: Readonly<Record<string, { readonly number: number }>> = PROFILE;
  return known[camel]?.number ?? OTHERS[message];
}

function workoutsOf({ batches }: ReadWorkouts): Workout[] {
  return batches.flatMap((batch) => batch.workouts);
}

function columnOf({ batches }: { readonly batches: readonly Batch[] }, metric: string): [at: number, value: number][] {
  return batches.flatMap(({ series }) =>
    series
      .filter((one) => one.metric === metric)
      .flatMap(({ start, value }) => Array.from(start, (at, i): [number, number] => [at, value[i] ?? Number.NaN])),
  );
}

/** Counts and extremes are exact; means were written with four or six decimals. */
function checkStats(name: string, values: readonly number[], expected: Stats): Check {
  if (expected.n === 0) return same(name, values.length, 0);
  const found = { n: values.length, min: Math.min(...values), max: Math.max(...values) };
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const isExact = found.n === expected.n && found.min === expected.min && found.max === expected.max;
  const isNear = expected.mean === undefined || Math.abs(mean - expected.mean) <= Math.max(6e-5, Math.abs(expected.mean) * 1e-6);
  return isExact && isNear
    ? { name, ok: true }
    : { name, ok: false, detail: `found ${JSON.stringify({ ...found, mean })}, expected ${JSON.stringify(expected)}` };
}

function near(name: string, found: number | undefined, expected: number, tolerance = 1e-6): Check {
  const ok = found !== undefined && Math.abs(found - expected) <= tolerance;
  return ok ? { name, ok } : { name, ok, detail: `found ${found}, expected ${expected}` };
}

function same(name: string, found: unknown, expected: unknown): Check {
  const [is, wanted] = [JSON.stringify(found), JSON.stringify(expected)];
  return is === wanted ? { name, ok: true } : { name, ok: false, detail: `found ${is}, expected ${wanted}` };
}
