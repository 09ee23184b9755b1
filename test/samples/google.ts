import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { BatchBuilder } from "../../shared/health/batch.ts";
import type { Batch } from "../../shared/health/reading.ts";
import { GOOGLE_HEALTH_MODULE } from "../../shared/vendors/google-health/module.ts";
import { isVerification, readChanges } from "../../shared/vendors/google-health/notification.ts";
import type { Check } from "./apple.ts";

const expectation = z.looseObject({ min_time_string: z.string().nullable(), max_time_string: z.string().nullable() });

/** Instants and values that a page must hold, beyond what the independent reader states. */
const PAGES = [
  { file: "allenporter_steps_page.json", type: "steps", metric: "steps", values: [500], next: "token-xyz" },
  { file: "partymola_sleep_main.json", type: "sleep", metric: "sleep", values: [], next: undefined },
  { file: "steps_rollup.json", type: "steps", metric: "steps", values: [8_000, 10_000], next: undefined },
] as const;

/** Reads every reply and notification of Google Health among the samples through the vendor's own mapper. */
export async function googleSamples(samplesDir: string): Promise<Check[]> {
  const folder = join(samplesDir, "google_health");
  const load = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, "utf8"));
  const expected = z.record(z.string(), z.unknown()).parse(await load(join(samplesDir, "EXPECT.json")));
  const checks: Check[] = [];
  for (const page of PAGES) {
    const name = `google_health/${page.file}`;
    const { min_time_string: first, max_time_string: last } = expectation.parse(expected[name]);
    const into = new BatchBuilder();
    const delivery = { connection: "con_eu_01k00000000000000000000000", syncedAt: Date.parse("2027-01-01T00:00:00Z") };
    const outcome = GOOGLE_HEALTH_MODULE.readPage(page.type, await load(join(folder, page.file)), into, delivery);
    const spans = spansOf(into.take(), page.metric);
    checks.push(
      same(`${name}: rejected`, Object.values(outcome.rejected), []),
      same(`${name}: next page`, outcome.next, page.next),
      same(`${name}: values`, spans.flatMap(({ value }) => (value === null ? [] : [value])).toSorted(), [...page.values].toSorted()),
    );
    if (first === null || last === null) continue;
    checks.push(same(`${name}: first`, Math.min(...spans.map(({ start }) => start)), Date.parse(first)));
    checks.push(same(`${name}: last`, Math.max(...spans.map(({ end }) => end)), Date.parse(last)));
  }
  const changes = readChanges(await load(join(folder, "allenporter_webhook_data.json")));
  const [change] = changes;
  checks.push(
    same(
      "google_health/allenporter_webhook_data.json: change",
      [changes.length, change?.userId, change?.resource],
      [1, "user-uuid-456", "steps"],
    ),
    same(
      "google_health/allenporter_webhook_verification.json: verification",
      isVerification(await load(join(folder, "allenporter_webhook_verification.json"))),
      true,
    ),
  );
  return checks;
}

interface Span {
  readonly start: number;
  readonly end: number;
  readonly value: number | null;
}

function spansOf(batch: Batch, metric: string): Span[] {
  if (metric === "sleep") return [...batch.sleepSessions, ...batch.sleepStretches].map(({ start, end }) => ({ start, end, value: null }));
  return [
    ...batch.series
      .filter((series) => series.metric === metric)
      .flatMap(({ start, end, value }) => Array.from(start, (at, i) => ({ start: at, end: end?.[i] ?? at, value: value[i] ?? null }))),
    ...batch.readings.filter((reading) => reading.metric === metric),
  ];
}

function same(name: string, found: unknown, expected: unknown): Check {
  const [is, wanted] = [JSON.stringify(found), JSON.stringify(expected)];
  return is === wanted ? { name, ok: true } : { name, ok: false, detail: `found ${is}, expected ${wanted}` };
}
