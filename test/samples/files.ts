import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { isProblem } from "../../shared/problem.ts";
import { readFileAs, type ReadFile } from "../fixtures/read-import.ts";
import type { Check } from "./apple.ts";

const figures = z.looseObject({ n: z.number(), min: z.number().optional(), max: z.number().optional(), mean: z.number().optional() });

/** Folders of files that are imported as they are. */
const FOLDERS = ["cgm", "fitbit", "google_fit", "ihealth", "omh"] as const;
/** What is in those folders and holds no data of a person. */
export const NO_DATA =
  /openapi|swagger|dataSources|DataSources|devicecontent|fhirmapping|discovery|fitness\.v1|datarange|Goal|Goals|Subscription|subscription|Devices|webhook|GetHeartRate\.json|BodyMeasurements|Water|GetHeartRate\.json/;

/**
 * Reads every table and stored document among the samples by whatever kind recognises it, and compares counts, extremes, means and instants
 * with what an independent parser found. Files that must be refused are refused.
 */
export async function fileSamples(samplesDir: string): Promise<Check[]> {
  const expected = z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(join(samplesDir, "EXPECT.json"), "utf8")));
  const checks: Check[] = [];
  for (const folder of FOLDERS) {
    for (const name of (await readdir(join(samplesDir, folder), { recursive: true })).toSorted()) {
      const path = `${folder}/${name}`;
      if (!/\.(?:csv|json|txt|npy)$/.test(name) || NO_DATA.test(name)) continue;
      checks.push(...(await checkFile(path, new Uint8Array(await readFile(join(samplesDir, path))), expected[path])));
    }
  }
  return checks;
}

/** A table or document of the samples that is to be sent, and what an independent parser found of each metric in it. */
export interface StoredFile {
  readonly path: string;
  readonly mustFail: boolean;
  readonly series: readonly WantedSeries[];
}

export interface WantedSeries {
  readonly metric: string;
  readonly kind: string;
  readonly n: number;
  /** Lowest, highest and mean value in the catalogue's unit, where they are stated. */
  readonly values: readonly (number | undefined)[];
}

/** The files that `fileSamples` reads, with what must come out of them. */
export async function storedFiles(samplesDir: string): Promise<StoredFile[]> {
  const expected = z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(join(samplesDir, "EXPECT.json"), "utf8")));
  const files: StoredFile[] = [];
  for (const folder of FOLDERS) {
    for (const name of (await readdir(join(samplesDir, folder), { recursive: true })).toSorted()) {
      const path = `${folder}/${name}`;
      if (!/\.(?:csv|json|txt|npy)$/.test(name) || NO_DATA.test(name)) continue;
      files.push({ path, mustFail: isToFail(expected[path]), series: wantedSeries(path, expected[path]) });
    }
  }
  return files;
}

function wantedSeries(path: string, expected: unknown): WantedSeries[] {
  const wanted: WantedSeries[] = [];
  const add = (metric: string, kind: string, stated: unknown, factor: number): void => {
    const found = figures.safeParse(stated);
    if (!found.success) return;
    const { n, min, max, mean } = found.data;
    wanted.push({ metric, kind, n, values: [min, max, mean].map((value) => (value === undefined ? undefined : value * factor)) });
  };
  if (/^cgm\/(?:oref0|simglucose)/.test(path)) add("cgm_glucose", "sample", expected, 1);
  else if (path.startsWith("cgm/dexcom_v3_egvs")) add("cgm_glucose", "sample", leafOf(expected, "numeric"), 1);
  else for (const [names, metric, kind, factor] of FIGURES) add(metric, kind, leafOf(expected, names), factor);
  return wanted;
}

function isToFail(expected: unknown): boolean {
  const wanted = z
    .looseObject({ must: z.string().optional(), json_error: z.string().optional(), errors: z.unknown().optional() })
    .safeParse(expected).data;
  return wanted?.must === "reject" || wanted?.json_error !== undefined || wanted?.errors !== undefined;
}

/** What stands at a path of names in what the independent parser wrote. */
function leafOf(expected: unknown, names: string): unknown {
  let found: unknown = expected;
  const [first = "", ...rest] = names.split(/\.(?![^[]*\])/);
  const steps = first === "numeric_leaf_stats" ? [first, rest.join(".")] : [first, ...rest];
  for (const step of steps)
    found = z.looseObject({}).safeParse(found).data?.[step] ?? (Array.isArray(found) ? found[Number(step)] : undefined);
  return found;
}

async function checkFile(path: string, bytes: Uint8Array, expected: unknown): Promise<Check[]> {
  const mustFail = isToFail(expected);
  const fileName = path.split("/").at(-1) ?? "";
  let read: ReadFile;
  try {
    read = await readFileAs(bytes, { fileName });
  } catch (error) {
    const isRefusal = error instanceof RangeError || (isProblem(error) && error.status < 500);
    return [
      { name: `${path} is ${mustFail ? "refused" : "read"}`, ok: mustFail && isRefusal, ...(!mustFail && { detail: String(error) }) },
    ];
  }
  if (mustFail) return [{ name: `${path} is refused`, ok: false, detail: "it was imported" }];
  const again = await readFileAs(bytes, { fileName, resumes: true, chunkSize: 997 });
  const checks: Check[] = [
    same(`${path} is read alike in pieces`, JSON.stringify([again.values, again.report]), JSON.stringify([read.values, read.report])),
    { name: `${path} is read`, ok: read.values.length + read.sleeps.length + read.workouts.length > 0 },
  ];
  const judge = JUDGES.find(([pattern]) => pattern.test(path))?.[1];
  return [...checks, ...(judge?.(path, read, expected) ?? [])];
}

type Judge = (path: string, read: ReadFile, expected: unknown) => readonly Check[];

const JUDGES: readonly (readonly [RegExp, Judge])[] = [
  [
    /^cgm\/(?:oref0|simglucose)/,
    (path, read, expected) => [...compare(path, valuesOf(read, "cgm_glucose"), expected), ...ends(path, read, "cgm_glucose", expected)],
  ],
  [
    /^cgm\/dexcom_v3_egvs/,
    (path, read, expected) => compare(path, valuesOf(read, "cgm_glucose"), z.looseObject({ numeric: z.unknown() }).parse(expected).numeric),
  ],
  [/^cgm\/clarity/, clarity],
  [/^cgm\/libreview/, libreview],
  [/^(?:fitbit|google_fit|ihealth)\//, stated],
];

/** Where a figure of the independent parser is found: metric and kind, and what the values were multiplied with. */
const FIGURES: readonly (readonly [path: string, metric: string, kind: string, factor: number])[] = [
  ["activities-heart-intraday", "heart_rate", "sample", 1],
  ["bpm", "heart_rate", "sample", 1],
  ["activities-steps-intraday", "steps", "interval", 1],
  ["value", "steps", "interval", 1],
  ["activities-calories-intraday", "energy_total", "interval", 1],
  ["activities-steps", "steps", "daily", 1],
  ["activities-distance", "distance_walk_run", "daily", 1_000],
  ["spo2_minutes", "spo2", "sample", 1],
  ["columns.StepTotal", "steps", "daily", 1],
  ["hrv.0.minutes", "hrv_rmssd", "sample", 1],
  ["numeric_leaf_stats.ARDataList[].Steps", "steps", "daily", 1],
  ["numeric_leaf_stats.ARDataList[].Calories", "energy_total", "daily", 1],
  ["numeric_leaf_stats.ARDataList[].DistanceTraveled", "distance_walk_run", "daily", 1_000],
  ["numeric_leaf_stats.BGDataList[].BG", "blood_glucose", "sample", 1],
  ["numeric_leaf_stats.BODataList[].BO", "spo2", "sample", 1],
  ["numeric_leaf_stats.BODataList[].HR", "heart_rate", "sample", 1],
  ["numeric_leaf_stats.BPDataList[].HR", "heart_rate", "sample", 1],
  ["numeric_leaf_stats.WeightDataList[].BMI", "bmi", "sample", 1],
];
/** The number of a point of Google Fit is of whatever metric the file has. */
const POINT = "numeric_leaf_stats.point[].value[].fpVal";
const POINT_FACTORS: Readonly<Record<string, number>> = { body_height: 100 };

function stated(path: string, read: ReadFile, expected: unknown): Check[] {
  const at = (names: string): unknown => leafOf(expected, names);
  const checks = FIGURES.flatMap(([names, metric, kind, factor]) => {
    const wanted = figures.safeParse(at(names));
    if (!wanted.success) return [];
    const values = read.values.filter((one) => one.metric === metric && one.kind === kind).map(({ value }) => value ?? Number.NaN);
    return compare(`${path}: ${names}`, values, wanted.data, (value) => value * factor);
  });
  for (const names of [POINT, POINT.replace("fpVal", "intVal")]) {
    const wanted = figures.safeParse(at(names));
    if (!wanted.success || read.workouts.length > 0) continue;
    const factor = POINT_FACTORS[read.values[0]?.metric ?? ""] ?? 1;
    checks.push(
      ...compare(
        `${path}: points`,
        read.values.map(({ value }) => value ?? Number.NaN),
        wanted.data,
        (value) => value * factor,
      ),
    );
  }
  const sessions = z
    .looseObject({
      activities_n: z.number().optional(),
      sleep: z.array(z.looseObject({ start: z.string(), duration_ms: z.number() })).optional(),
      weight: z.array(z.looseObject({ kg_or_unit: z.number() })).optional(),
    })
    .safeParse(expected).data;
  if (sessions?.activities_n !== undefined) checks.push(same(`${path}: workouts`, read.workouts.length, sessions.activities_n));
  if (sessions?.sleep !== undefined) {
    const wanted = sessions.sleep.map(({ start, duration_ms: length }) => [Date.parse(`${start}Z`), length]);
    checks.push(same(`${path}: nights`, JSON.stringify(read.sleeps.map(({ start, end }) => [start, end - start])), JSON.stringify(wanted)));
  }
  if (sessions?.weight !== undefined) {
    const found = read.values.filter(({ metric }) => metric === "body_weight").map(({ value }) => value);
    checks.push(same(`${path}: weights`, JSON.stringify(found), JSON.stringify(sessions.weight.map((one) => one.kg_or_unit))));
  }
  const times = z
    .looseObject({ min_time_string: z.string().nullish(), top_level: z.looseObject({ minStartTimeNs: z.string().optional() }).optional() })
    .safeParse(expected).data;
  if (path.startsWith("google_fit/") && times?.top_level?.minStartTimeNs !== undefined)
    checks.push({
      name: `${path}: nothing begins before the set`,
      ok: read.values.every((one) => one.at >= Number(times.top_level?.minStartTimeNs) / 1e6),
    });
  return checks;
}

function clarity(path: string, read: ReadFile, expected: unknown): Check[] {
  const { egv, low_high_clamp: clamp } = z
    .looseObject({ egv: z.array(z.tuple([z.string(), z.string()])), low_high_clamp: z.record(z.string(), z.number()) })
    .parse(expected);
  const wanted = egv.map(([at, value]) => [Date.parse(`${at}Z`), clamp[value] ?? Number(value)]).toSorted((a, b) => a[0]! - b[0]!);
  return [same(`${path}: values`, JSON.stringify(pairsOf(read, "cgm_glucose")), JSON.stringify(wanted))];
}

function libreview(path: string, read: ReadFile, expected: unknown): Check[] {
  const pairs = z.array(z.tuple([z.string(), z.string()]));
  const { historic, scan } = z.looseObject({ historic: pairs, scan: pairs }).parse(expected);
  const values = pairsOf(read, "cgm_glucose").map(([, value]) => value);
  return [same(`${path}: values`, JSON.stringify(values), JSON.stringify([...historic, ...scan].map(([, value]) => Number(value))))];
}

function ends(path: string, read: ReadFile, metric: string, expected: unknown): Check[] {
  const { first, last } = z
    .looseObject({ first: z.union([z.string(), z.number()]), last: z.union([z.string(), z.number()]) })
    .parse(expected);
  const at = pairsOf(read, metric).map(([instant]) => instant);
  const instant = (told: string | number): number => (typeof told === "number" ? told : Date.parse(`${told.replace(" ", "T")}Z`));
  return [same(`${path}: first`, at[0], instant(first)), same(`${path}: last`, at.at(-1), instant(last))];
}

function pairsOf(read: ReadFile, metric: string): [number, number | null][] {
  return read.values
    .filter((one) => one.metric === metric)
    .map(({ at, value }): [number, number | null] => [at, value])
    .toSorted((a, b) => a[0] - b[0]);
}

function valuesOf(read: ReadFile, metric: string): number[] {
  return pairsOf(read, metric).map(([, value]) => value ?? Number.NaN);
}

/** Counts exact, extremes exact up to rounding of the conversion, means within a millionth. */
function compare(
  name: string,
  values: readonly number[],
  expected: unknown,
  convert: (value: number) => number = (value) => value,
): Check[] {
  const wanted = figures.parse(expected);
  const checks = [same(`${name}: count`, values.length, wanted.n)];
  if (wanted.n === 0) return checks;
  const found = [Math.min(...values), Math.max(...values), values.reduce((sum, value) => sum + value, 0) / values.length];
  for (const [i, [key, tolerance]] of (
    [
      ["min", 1e-6],
      ["max", 1e-6],
      ["mean", 1e-6],
    ] as const
  ).entries()) {
    const stated = wanted[key];
    if (stated === undefined) continue;
    const target = convert(stated);
    const ok = Math.abs(found[i]! - target) <= tolerance * Math.max(1, Math.abs(target));
    checks.push(ok ? { name: `${name}: ${key}`, ok } : { name: `${name}: ${key}`, ok, detail: `found ${found[i]}, expected ${target}` });
  }
  return checks;
}

function same(name: string, found: string | number | undefined, expected: string | number): Check {
  return found === expected
    ? { name, ok: true }
    : { name, ok: false, detail: `found ${String(found).slice(0, 300)}, expected ${String(expected).slice(0, 300)}` };
}
