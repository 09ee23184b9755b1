/** What tests of vendor modules share: batches as comparable facts, and the rules that every module keeps. */
import fc from "fast-check";
import { BatchBuilder } from "../health/batch";
import { metric } from "../health/catalogue";
import type { Batch } from "../health/reading";
import type { Delivery, HookCall, HookSecrets, PageOutcome, Range, VendorModule } from "./vendor";

export const DELIVERY: Delivery = { connection: "con_eu_1", syncedAt: Date.parse("2026-11-20T06:00:00Z"), timeZone: "Europe/Berlin" };

/** Everything a batch says, as rows that do not depend on the order of its parts. */
export function facts(batch: Batch) {
  const numbers = batch.series.flatMap((s) =>
    Array.from(s.start, (start, i) => ({
      metric: s.metric,
      kind: s.kind,
      start,
      end: s.end?.[i] ?? start,
      value: s.value[i],
      zone: s.zone[i],
      version: s.version[i],
      id: s.ids?.[i] ?? "",
    })),
  );
  return {
    numbers: sorted(numbers),
    readings: sorted(batch.readings),
    sleeps: sorted(batch.sleepSessions),
    workouts: sorted(batch.workouts),
    deleted: sorted(batch.deleted),
    quarantined: sorted(batch.quarantined),
  };
}

/** Daily values as `metric → value`, where each metric is there once. */
export function dailyValues(batch: Batch): Readonly<Record<string, number | null>> {
  return Object.fromEntries(batch.readings.filter(({ kind }) => kind === "daily").map(({ metric: key, value }) => [key, round(value)]));
}

export function readPages(
  module: VendorModule,
  resource: string,
  replies: readonly unknown[],
  asked?: Range,
): { outcomes: PageOutcome[]; batch: Batch } {
  const into = new BatchBuilder();
  const outcomes = replies.map((reply) => module.readPage(resource, reply, into, DELIVERY, asked));
  return { outcomes, batch: into.take() };
}

export function readOne(module: VendorModule, resource: string, reply: unknown, asked?: Range): { outcome: PageOutcome; batch: Batch } {
  const { outcomes, batch } = readPages(module, resource, [reply], asked);
  return { outcome: outcomes[0]!, batch };
}

/** What a page brings that its resource does not announce, the catalogue does not know, or in a kind that it does not allow. */
export function unannounced(module: VendorModule, resource: string, batch: Batch): string[] {
  const announced = module.vendor.resources[resource]?.metrics ?? [];
  const isAnnounced = (key: string) => announced.some((name) => name === key || (name.endsWith("*") && key.startsWith(name.slice(0, -1))));
  const brought = [
    ...[...batch.series, ...batch.readings].map(({ metric: key, kind }) => ({ key, kind })),
    ...batch.sleepSessions.map(() => ({ key: "sleep", kind: "event" as const })),
    ...batch.workouts.map(() => ({ key: "workout", kind: "event" as const })),
  ];
  return brought
    .filter(({ key, kind }) => !isAnnounced(key) || metric(key)?.kinds.includes(kind) !== true)
    .map(({ key, kind }) => `${key} as ${kind}`);
}

/** Pages of one resource say the same in whatever order they come, and however often. */
export function assertAnyOrder(module: VendorModule, resource: string, replies: readonly unknown[], asked?: Range): void {
  const once = JSON.stringify(facts(readPages(module, resource, replies, asked).batch));
  fc.assert(
    fc.property(fc.shuffledSubarray([...replies], { minLength: replies.length }), (shuffled) => {
      const again = JSON.stringify(facts(readPages(module, resource, shuffled, asked).batch));
      if (again !== once) throw new Error(`the order of pages matters: ${again} is not ${once}`);
    }),
    { numRuns: 20 },
  );
}

/**
 * Whatever a record holds, in whatever member, it is counted and never thrown over. `wrap` puts records into a page; `records` are good
 * ones, of which one member at a time is replaced.
 */
export function assertNeverThrows(
  module: VendorModule,
  resource: string,
  records: readonly object[],
  wrap: (records: readonly unknown[]) => unknown,
  asked?: Range,
): void {
  const spoilt = fc.tuple(fc.constantFrom(...records), fc.nat(), fc.anything()).map(([record, n, value]): unknown => {
    const names = Object.keys(record);
    return { ...record, [names[n % names.length] ?? "id"]: value };
  });
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.anything(), spoilt), { maxLength: 6 }), (raws) => {
      const { outcome } = readOne(module, resource, wrap(raws), asked);
      const rejected = Object.values(outcome.rejected).reduce((sum, n) => sum + n, 0);
      if (outcome.read !== raws.length || rejected > raws.length) throw new Error("the records are miscounted");
    }),
    { numRuns: 300 },
  );
}

const encoder = new TextEncoder();
export const VECTOR_NOW = 1_763_618_400_000;

/** A webhook call with the vectors' time. */
export function hookCall(
  body: string,
  headers: Readonly<Record<string, string>>,
  rest: { readonly method?: string; readonly now?: number; readonly query?: string } = {},
): HookCall {
  return {
    method: rest.method ?? "POST",
    headers: new Headers(headers),
    query: new URLSearchParams(rest.query ?? ""),
    body: new Uint8Array(encoder.encode(body)),
    now: rest.now ?? VECTOR_NOW,
  };
}

export function hookSecrets(rest: Partial<HookSecrets> = {}): HookSecrets {
  return {
    credentials: { clientId: "test-client", clientSecret: "test-client-secret", more: {} },
    pathSecret: "a-path-secret-of-ours",
    subscriptionSecrets: [],
    subscriptionIds: [],
    verifyTink: async () => false,
    ...rest,
  };
}

function sorted<T>(rows: readonly T[]): readonly T[] {
  return rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

const round = (value: number | null): number | null => (value === null ? null : Number(value.toFixed(6)));
