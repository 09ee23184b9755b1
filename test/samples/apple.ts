import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { metricByHealthKit } from "../../shared/health/catalogue.ts";
import { parseElectrocardiogram } from "../../shared/imports/apple/ecg.ts";
import { InstantReader } from "../../shared/imports/apple/instant.ts";
import { conversionOf } from "../../shared/imports/apple/record-plan.ts";
import { RouteParser } from "../../shared/imports/apple/route.ts";
import { isProblem } from "../../shared/problem.ts";
import { flat, type FlatReading, type Imported, importFile } from "../fixtures/import-file.ts";

/** The verdict on one aspect of one sample. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail?: string;
}

const counts = z.record(z.string(), z.number());
const typeExpectation = z.looseObject({
  n: z.number(),
  min: z.number().optional(),
  max: z.number().optional(),
  mean: z.number().optional(),
  units: counts,
  categories: counts.optional(),
  first_start_utc: z.string(),
  last_end_utc: z.string(),
});
const exportExpectation = z.looseObject({
  top_level: counts,
  records_by_type: z.record(z.string(), typeExpectation),
  workouts: z.array(z.looseObject({ startDate: z.string(), endDate: z.string(), routes: z.array(z.string()).optional() })),
  correlations: counts,
  activity_summary_rows: z.number(),
});
type ExportExpectation = z.output<typeof exportExpectation>;
const signalExpectation = z.looseObject({
  samples: z.looseObject({ n: z.number(), min: z.number().optional(), max: z.number().optional(), mean: z.number().optional() }),
});
const routeExpectation = z.looseObject({
  points_with_time: z.number().default(0),
  first_time: z.string().optional(),
  last_time: z.string().optional(),
  elevation: z.looseObject({ n: z.number(), min: z.number(), max: z.number() }).optional(),
});
const archiveExpectation = z.looseObject({
  export_xml: z.record(z.string(), z.unknown()),
  ecg: z.record(z.string(), z.unknown()).default({}),
  gpx: z.record(z.string(), z.unknown()).default({}),
});
const waveformShape = z.looseObject({
  samples: z.looseObject({ count: z.number(), minUv: z.number(), maxUv: z.number(), meanUv: z.number() }),
});

/**
 * Runs every Apple Health export, electrocardiogram and route among the samples through the importer, and compares counts, extremes,
 * means and instants with what an independent parser found. Files of other formats must be refused.
 */
export async function appleSamples(samplesDir: string): Promise<Check[]> {
  const expected = z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(join(samplesDir, "EXPECT.json"), "utf8")));
  const entries = await readdir(join(samplesDir, "apple"), { recursive: true, withFileTypes: true });
  const checks: Check[] = [];
  for (const entry of entries.toSorted((a, b) => `${a.parentPath}/${a.name}`.localeCompare(`${b.parentPath}/${b.name}`))) {
    if (!entry.isFile() || !/\.(?:xml|zip|csv|gpx)$/.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(samplesDir.length).replace(/^\/+/, "");
    checks.push(...(await checkFile(name, new Uint8Array(await readFile(path)), expected[name])));
  }
  return checks;
}

async function checkFile(name: string, bytes: Uint8Array, expected: unknown): Promise<Check[]> {
  if (name.endsWith(".csv")) return [checkSignal(name, parseElectrocardiogram(bytes)?.samplesUv, expected)];
  if (name.endsWith(".gpx")) return checkRoute(name, bytes, expected);
  if (name.endsWith(".zip")) return await checkArchive(name, bytes, archiveExpectation.parse(expected));
  const known = exportExpectation.safeParse(expected);
  return known.success ? checkExport(name, await importFile(bytes), known.data) : [await checkRefused(name, bytes)];
}

async function checkRefused(name: string, bytes: Uint8Array): Promise<Check> {
  try {
    await importFile(bytes);
  } catch (error) {
    return { name: `${name} is refused`, ok: isProblem(error) && error.code === "file_unreadable" };
  }
  return { name: `${name} is refused`, ok: false, detail: "it was imported" };
}

async function checkArchive(name: string, bytes: Uint8Array, expected: z.output<typeof archiveExpectation>): Promise<Check[]> {
  const imported = await importFile(bytes);
  const main = Object.values(expected.export_xml).find((value) => exportExpectation.safeParse(value).success);
  const checks = checkExport(name, imported, exportExpectation.parse(main));
  const readable = Object.values(expected.ecg).filter((value) => signalExpectation.parse(value).samples.n > 0);
  const events = imported.batches.flatMap((batch) => batch.readings).filter((reading) => reading.metric === "ecg");
  checks.push(same(`${name}: electrocardiograms`, events.length, readable.length));
  for (const [i, event] of events.entries()) {
    const { samples } = waveformShape.parse(event.attributes);
    checks.push(
      checkFigures(
        `${name}: electrocardiogram ${i}`,
        { n: samples.count, min: samples.minUv, max: samples.maxUv, mean: samples.meanUv },
        readable[i],
      ),
    );
  }
  const points = imported.batches.flatMap((batch) => batch.workouts).reduce((sum, workout) => sum + (workout.route?.length ?? 0), 0);
  const timed = Object.values(expected.gpx).reduce<number>((sum, value) => sum + routeExpectation.parse(value).points_with_time, 0);
  checks.push(same(`${name}: route points`, points, timed));
  return checks;
}

function checkExport(name: string, imported: Imported, expected: ExportExpectation): Check[] {
  const { byType } = imported.report;
  const readings = flat(
    imported.batches.map((batch) => ({ ...batch, readings: batch.readings.filter((reading) => reading.kind !== "daily") })),
  );
  const checks: Check[] = [];
  for (const [type, figures] of Object.entries(expected.records_by_type)) {
    checks.push(same(`${name}: ${type} read`, byType[type]?.read, figures.n));
    const metric = metricByHealthKit(type);
    if (metric === undefined || metric.key === "blood_pressure") continue;
    checks.push(
      ...checkType(
        `${name}: ${type}`,
        type,
        readings.filter((reading) => reading.metric === metric.key),
        figures,
      ),
    );
  }
  for (const [type, n] of Object.entries(expected.correlations)) checks.push(same(`${name}: ${type} read`, byType[type]?.read, n));
  checks.push(same(`${name}: activity summaries`, byType["ActivitySummary"]?.read ?? 0, expected.activity_summary_rows));
  const spans = (pairs: readonly (readonly [number, number])[]): string =>
    JSON.stringify(pairs.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]));
  const workouts = imported.batches.flatMap((batch) => batch.workouts).map((workout) => [workout.start, workout.end] as const);
  checks.push(
    same(
      `${name}: workouts`,
      spans(workouts),
      spans(expected.workouts.map((workout) => [instant(workout.startDate), instant(workout.endDate)])),
    ),
  );
  const rejected = Object.entries(byType).filter(([, count]) => count.rejected > 0 && count.read === count.rejected);
  const unknown = rejected.map(([type]) => type).filter((type) => type.startsWith("HK") && metricByHealthKit(type) !== undefined);
  checks.push(same(`${name}: known types that were rejected whole`, unknown.join(" "), ""));
  return checks;
}

function checkType(name: string, type: string, readings: readonly FlatReading[], expected: z.output<typeof typeExpectation>): Check[] {
  const checks = [same(`${name} stored`, readings.length, expected.n)];
  const first = Math.min(...readings.map(({ start }) => start));
  checks.push(same(`${name} first`, first, Date.parse(expected.first_start_utc)));
  const metric = metricByHealthKit(type);
  // Dense samples keep the instant they begin at.
  const isDense = metric?.storage === "segment";
  const last = Math.max(...readings.map(({ end }) => end));
  const lastExpected = Date.parse(expected.last_end_utc);
  checks.push(isDense ? { name: `${name} last`, ok: last <= lastExpected } : same(`${name} last`, last, lastExpected));
  const [unit] = Object.keys(expected.units);
  if (metric === undefined || unit === undefined || expected.min === undefined || Object.keys(expected.units).length > 1) return checks;
  const conversion = conversionOf(metric, unit);
  const numbers = readings.map(({ value }) => value ?? Number.NaN);
  const figures = {
    n: numbers.length,
    min: Math.min(...numbers),
    max: Math.max(...numbers),
    mean: numbers.reduce((a, b) => a + b, 0) / numbers.length,
  };
  const convert = (value: number | undefined): number => (value === undefined ? Number.NaN : (conversion?.(value) ?? Number.NaN));
  const canonical = { n: expected.n, min: convert(expected.min), max: convert(expected.max), mean: convert(expected.mean) };
  checks.push(checkFigures(`${name} values`, figures, { samples: canonical }));
  return checks;
}

function checkSignal(name: string, samples: readonly number[] | undefined, expected: unknown): Check {
  const { samples: figures } = signalExpectation.parse(expected);
  if (figures.n === 0) return { name: `${name} is no recording`, ok: samples === undefined };
  if (samples === undefined) return { name, ok: false, detail: "not read" };
  const mean = samples.reduce((a, b) => a + b, 0) / samples.length;
  return checkFigures(name, { n: samples.length, min: Math.min(...samples), max: Math.max(...samples), mean }, expected);
}

function checkRoute(name: string, bytes: Uint8Array, expected: unknown): Check[] {
  const figures = routeExpectation.parse(expected);
  const parser = new RouteParser();
  parser.push(bytes);
  const { points } = parser;
  const checks = [same(`${name}: points`, points.length, figures.points_with_time)];
  if (figures.first_time === undefined || figures.last_time === undefined || figures.elevation === undefined) return checks;
  checks.push(
    same(`${name}: first`, points[0]?.[0], Date.parse(figures.first_time)),
    same(`${name}: last`, points.at(-1)?.[0], Date.parse(figures.last_time)),
  );
  const heights = points.map((point) => point[3] ?? Number.NaN);
  checks.push(
    same(`${name}: lowest`, Math.min(...heights), figures.elevation.min),
    same(`${name}: highest`, Math.max(...heights), figures.elevation.max),
  );
  return checks;
}

interface Figures {
  readonly n: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
}

/** Counts exact, extremes exact up to rounding of the conversion, means within a millionth (expectations have six decimals). */
function checkFigures(name: string, found: Figures, expected: unknown): Check {
  const { samples } = signalExpectation.parse(expected);
  const near = (a: number, b: number | undefined, tolerance: number): boolean =>
    b !== undefined && Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b));
  const ok =
    found.n === samples.n &&
    near(found.min, samples.min, 1e-12) &&
    near(found.max, samples.max, 1e-12) &&
    near(found.mean, samples.mean, 1e-6);
  return ok ? { name, ok } : { name, ok, detail: `found ${JSON.stringify(found)}, expected ${JSON.stringify(samples)}` };
}

function same(name: string, found: string | number | undefined, expected: string | number): Check {
  return found === expected ? { name, ok: true } : { name, ok: false, detail: `found ${found}, expected ${expected}` };
}

function instant(text: string): number {
  const reader = new InstantReader();
  return reader.read(new TextEncoder().encode(text), 0, text.length) ? reader.at : Number.NaN;
}
