import type { Batch, Source } from "../health/reading";
import { parsePush, type Platform, type Push } from "./push";

/** The present of the tests. */
export const NOW = Date.parse("2026-11-21T12:00:00Z");

/** One numeric reading of a batch, out of its columns or its list. */
export interface Flat {
  readonly metric: string;
  readonly kind: string;
  readonly start: number;
  readonly end: number;
  readonly value: number | null;
  readonly zone: number;
  readonly version: number;
  readonly id: string;
  readonly source: Source | undefined;
  readonly text?: string;
  readonly components?: Readonly<Record<string, number>>;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/** Every reading of a batch as an object, in no promised order. */
export function flatten(batch: Batch): Flat[] {
  const out: Flat[] = [];
  for (const s of batch.series) {
    for (let i = 0; i < s.start.length; i++) {
      const start = s.start[i] ?? Number.NaN;
      out.push({
        metric: s.metric,
        kind: s.kind,
        start,
        end: s.end?.[i] ?? start,
        value: s.value[i] ?? Number.NaN,
        zone: s.zone[i] ?? Number.NaN,
        version: s.version[i] ?? Number.NaN,
        id: s.ids?.[i] ?? "",
        source: batch.sources[s.source],
      });
    }
  }
  for (const r of batch.readings) out.push({ ...r, id: r.id ?? "", source: batch.sources[r.source] });
  return out;
}

/** How many things a batch holds. */
export function sizeOf(batch: Batch): number {
  const { readings, sleepStretches, sleepSessions, workouts, deleted } = batch;
  const samples = batch.series.reduce((n, s) => n + s.start.length, 0);
  return samples + readings.length + sleepStretches.length + sleepSessions.length + workouts.length + deleted.length;
}

/** Pushes lists as a phone would. */
export function push(platform: Platform, data: unknown, rest: Record<string, unknown> = {}): Push {
  return parsePush(platform, JSON.stringify({ ...rest, data }), NOW);
}

/** Pushes one record and returns its readings. */
export function one(platform: Platform, record: Record<string, unknown>): Flat[] {
  return flatten(push(platform, { records: [record] }).batch);
}

/** Pushes one record and returns why it was refused, or undefined. */
export function refusal(platform: Platform, record: unknown): string | undefined {
  return push(platform, { records: [record] }).rejected[0]?.reason;
}
