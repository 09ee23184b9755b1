import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { Batch } from "../../shared/health/reading.ts";
import { parsePush, type Platform, type Push } from "../../shared/ingest/push.ts";

/** The verdict on one sample file. */
export interface SampleResult {
  readonly name: string;
  readonly ok: boolean;
  readonly detail?: string;
}

const counts = z.record(z.string(), z.number());
/** What `EXPECT.json` says of one push; entries of other formats have other shapes and are not parsed. */
const expectation = z.looseObject({
  must: z.string().optional(),
  records: z.number().optional(),
  sleep: z.number().optional(),
  workouts: z.number().optional(),
  workouts_types: counts.optional(),
  data_n: z.number().optional(),
  metric_points: counts.optional(),
  numeric_leaf_stats: z.record(z.string(), z.looseObject({ n: z.number(), min: z.number(), max: z.number() })).optional(),
});
type Expectation = z.output<typeof expectation>;

/** Folders and file names that hold pushes, and the platform each belongs to. */
const PLACES: readonly { readonly folder: string; readonly pattern: RegExp; readonly platform: Platform }[] = [
  { folder: "apple", pattern: /^(ow_sdk|hae)_.*\.json$/, platform: "healthkit" },
  { folder: "apple/granola", pattern: /\.json$/, platform: "healthkit" },
  { folder: "health_connect", pattern: /\.json$/, platform: "health-connect" },
];

/** Leaves of the Health Connect bridge samples that carry a reading's value, all in canonical units. */
const VALUE_LEAF = /\.(value|count|bpm|meters|kilograms|calories)$/;

/**
 * Reads every phone push among the samples and compares what came out with what an independent reader counted: readings, sessions,
 * workouts by type, and smallest and largest values. The present is a fixed instant, so the verdict does not change with the clock.
 */
export async function pushSamples(samplesDir: string): Promise<SampleResult[]> {
  const expected = z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(join(samplesDir, "EXPECT.json"), "utf8")));
  const results: SampleResult[] = [];
  for (const { folder, pattern, platform } of PLACES) {
    const entries = await readdir(join(samplesDir, folder), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      if (!entry.isFile() || !pattern.test(entry.name)) continue;
      const path = join(entry.parentPath, entry.name);
      const name = path.slice(samplesDir.length).replace(/^\/+/, "");
      // `apple` itself is searched for its own files only.
      if (folder === "apple" && name.split("/").length > 2) continue;
      results.push(verdict(name, platform, await readFile(path), expected[name]));
    }
  }
  return results.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

const PRESENT = Date.parse("2027-01-01T00:00:00Z");

function verdict(name: string, platform: Platform, body: Uint8Array, stated: unknown): SampleResult {
  const { data: expected } = expectation.safeParse(stated);
  if (expected === undefined) return { name, ok: false, detail: "EXPECT.json says nothing about it" };
  try {
    const push = parsePush(platform, body, PRESENT);
    const faults = [...accounting(push), ...differences(push, expected)];
    return faults.length === 0 ? { name, ok: true } : { name, ok: false, detail: faults.join("; ") };
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

function accounting({ batch, rejected, total }: Push): string[] {
  const held = numbersOf(batch).length + batch.readings.length - valued(batch) + sessionsOf(batch) + batch.deleted.length;
  return held + rejected.length === total ? [] : [`${held} held and ${rejected.length} refused are not ${total}`];
}

/** Readings of the list that carry a number; `numbersOf` holds them too. */
function valued(batch: Batch): number {
  return batch.readings.filter((r) => r.value !== null).length;
}

function sessionsOf(batch: Batch): number {
  return batch.sleepStretches.length + batch.sleepSessions.length + batch.workouts.length;
}

function numbersOf(batch: Batch): number[] {
  return [...batch.series.flatMap((s) => [...s.value]), ...batch.readings.flatMap((r) => (r.value === null ? [] : [r.value]))];
}

function differences(push: Push, expected: Expectation): string[] {
  const { batch, rejected, total } = push;
  const out: string[] = [];
  const same = (what: string, is: unknown, wanted: unknown): void => {
    if (JSON.stringify(is) !== JSON.stringify(wanted)) out.push(`${what}: ${JSON.stringify(is)}, expected ${JSON.stringify(wanted)}`);
  };
  if (expected.must !== undefined) {
    // A document may be well formed and still name a type that no catalogue has any more.
    same(
      "refusals",
      [...new Set(rejected.map((r) => r.reason))].filter((reason) => reason !== "unknown_type"),
      [],
    );
    if (total === 0) out.push("nothing was read");
    return out;
  }
  same("refusals", rejected, []);
  if (expected.metric_points !== undefined) same("points", total, sum(Object.values(expected.metric_points)));
  if (expected.data_n !== undefined) same("points", total, expected.data_n);
  if (expected.workouts !== undefined) same("workouts", batch.workouts.length, expected.workouts);
  if (expected.workouts_types !== undefined)
    same("workout types", batch.workouts.map((w) => w.type).toSorted(), Object.keys(expected.workouts_types).toSorted());
  if (expected.sleep !== undefined) same("sleep", batch.sleepStretches.length + batch.sleepSessions.length, expected.sleep);
  if (expected.records !== undefined) same("records", numbersOf(batch).length, expected.records);
  const leaves = Object.entries(expected.numeric_leaf_stats ?? {}).filter(([path]) => VALUE_LEAF.test(path));
  if (leaves.length > 0) {
    const numbers = numbersOf(batch);
    same("readings", numbers.length, sum(leaves.map(([, stats]) => stats.n)));
    for (const [path, { min, max }] of leaves) {
      if (!numbers.includes(min) || !numbers.includes(max)) out.push(`${path}: its smallest or largest value is missing`);
    }
  }
  return out;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
