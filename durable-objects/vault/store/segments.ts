import { HOUR_MS } from "../../../shared/clock";
import { type IdentifiedSamples, mergeSamples, type Merged } from "../../../shared/health/merge";
import { decodeIds, encodeIds } from "../../../shared/health/record-ids";
import { decodeSegment, encodeSegment, type Samples } from "../../../shared/health/segment";

/** Parts beyond this are merged into one with the next write. */
const MOST_PARTS = 32;

export interface HourKey {
  readonly metric: number;
  readonly source: number;
  /** Hours since the epoch. */
  readonly hour: number;
}

type DataRow = { part: number; n: number; data: ArrayBuffer; ids: ArrayBuffer | null };

/** How an hour is stored. */
export interface HourExtent {
  readonly parts: number;
  readonly nextPart: number;
  /** Instant of the latest sample; negative infinity where there is none. */
  readonly latest: number;
}

/** What writing an hour did; `appended` is true when only later samples were added and the hour's old content was not read. */
export interface HourWrite extends Omit<Merged, "samples"> {
  readonly appended: boolean;
  /** The hour's parts after the write; valid where something changed. */
  readonly hour: HourExtent;
  /** The whole hour after the write, or only the new samples when they were appended. */
  readonly samples: IdentifiedSamples;
}

/**
 * Writes samples of one hour, sorted and without repeats, into its segment. `known` is what the caller remembers of the hour; without
 * it, that is read.
 */
export function writeHour(
  sql: SqlStorage,
  key: HourKey,
  incoming: IdentifiedSamples,
  energy: (value: number) => number,
  now: number,
  known: HourExtent | undefined,
): HourWrite {
  const before = known ?? readExtent(sql, key);
  const last = incoming.at.at(-1)!;
  if (incoming.at[0]! > before.latest && before.parts < MOST_PARTS) {
    putPart(sql, key, before.nextPart, incoming, energy, now);
    const hour = { parts: before.parts + 1, nextPart: before.nextPart + 1, latest: last };
    return { samples: incoming, accepted: incoming.at.length, duplicate: 0, updated: 0, changed: true, appended: before.parts > 0, hour };
  }
  const merged = mergeSamples(readHour(sql, key), incoming);
  if (merged.changed) replaceHour(sql, key, merged.samples, energy, now);
  return { ...merged, appended: false, hour: { parts: 1, nextPart: 1, latest: Math.max(before.latest, last) } };
}

function readExtent(sql: SqlStorage, { metric, hour, source }: HourKey): HourExtent {
  return sql
    .exec<{ parts: number; nextPart: number; latest: number | null }>(
      `SELECT count(*) AS parts, coalesce(max(part) + 1, 0) AS nextPart, max(last_at) AS latest
       FROM segments WHERE metric = ? AND hour = ? AND source = ?`,
      metric,
      hour,
      source,
    )
    .toArray()
    .map(({ parts, nextPart, latest }) => ({ parts, nextPart, latest: latest ?? Number.NEGATIVE_INFINITY }))[0]!;
}

/** All samples of an hour, sorted; empty where there is none. */
export function readHour(sql: SqlStorage, key: HourKey): IdentifiedSamples {
  const rows = sql
    .exec<DataRow>(
      `SELECT s.part, s.n, s.data, i.ids FROM segments s LEFT JOIN segment_ids i ON i.hour = s.hour AND i.metric = s.metric AND i.source = s.source AND i.part = s.part
       WHERE s.metric = +? AND s.hour = +? AND s.source = +? ORDER BY s.part`,
      key.metric,
      key.hour,
      key.source,
    )
    .toArray();
  return joinParts(
    rows.map((row) => {
      const samples = decodeSegment(new Uint8Array(row.data));
      return row.ids === null ? samples : { ...samples, ids: decodeIds(new Uint8Array(row.ids), row.n) };
    }),
  );
}

/** Replaces an hour's content; an empty one disappears. */
export function replaceHour(
  sql: SqlStorage,
  key: HourKey,
  samples: IdentifiedSamples,
  energy: (value: number) => number,
  now: number,
): void {
  sql.exec("DELETE FROM segments WHERE metric = ? AND hour = ? AND source = ?", key.metric, key.hour, key.source);
  sql.exec("DELETE FROM segment_ids WHERE hour = ? AND metric = ? AND source = ?", key.hour, key.metric, key.source);
  if (samples.at.length > 0) putPart(sql, key, 0, samples, energy, now);
}

/** Where each hour begins in sorted samples: pairs of indexes [from, to). */
export function hourRuns(at: Float64Array): { hour: number; from: number; to: number }[] {
  const runs: { hour: number; from: number; to: number }[] = [];
  for (let from = 0; from < at.length;) {
    const hour = Math.floor(at[from]! / HOUR_MS);
    const until = (hour + 1) * HOUR_MS;
    let to = from + 1;
    while (to < at.length && at[to]! < until) to++;
    runs.push({ hour, from, to });
    from = to;
  }
  return runs;
}

/** A stretch of samples, without copying. */
export function sliceSamples(samples: IdentifiedSamples, from: number, to: number): IdentifiedSamples {
  const columns = {
    at: samples.at.subarray(from, to),
    value: samples.value.subarray(from, to),
    zone: samples.zone.subarray(from, to),
    version: samples.version.subarray(from, to),
  };
  return samples.ids === undefined ? columns : { ...columns, ids: samples.ids.slice(from, to) };
}

/** Puts sorted, non-overlapping parts together. */
export function joinParts(parts: readonly IdentifiedSamples[]): IdentifiedSamples {
  if (parts.length === 1) return parts[0]!;
  const n = parts.reduce((sum, part) => sum + part.at.length, 0);
  const joined = { at: new Float64Array(n), value: new Float64Array(n), zone: new Int32Array(n), version: new Float64Array(n) };
  const withIds = parts.some((part) => part.ids !== undefined);
  const ids: string[] = [];
  let at = 0;
  for (const part of parts) {
    joined.at.set(part.at, at);
    joined.value.set(part.value, at);
    joined.zone.set(part.zone, at);
    joined.version.set(part.version, at);
    if (withIds) for (let i = 0; i < part.at.length; i++) ids.push(part.ids?.[i] ?? "");
    at += part.at.length;
  }
  return withIds ? { ...joined, ids } : joined;
}

function putPart(
  sql: SqlStorage,
  key: HourKey,
  part: number,
  samples: IdentifiedSamples,
  energy: (value: number) => number,
  now: number,
): void {
  const { n, min, max, sum, version } = summary(samples, energy);
  sql.exec(
    "INSERT INTO segments (metric, hour, source, part, n, min, max, sum, first_at, last_at, version, updated_at, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    key.metric,
    key.hour,
    key.source,
    part,
    n,
    min,
    max,
    sum,
    samples.at[0]!,
    samples.at[n - 1]!,
    version,
    now,
    encodeSegment(samples),
  );
  const ids = samples.ids === undefined ? null : encodeIds(samples.ids);
  if (ids === null) return;
  sql.exec(
    "INSERT INTO segment_ids (hour, metric, source, part, n, ids) VALUES (?, ?, ?, ?, ?, ?)",
    key.hour,
    key.metric,
    key.source,
    part,
    n,
    ids,
  );
}

function summary(samples: Samples, energy: (value: number) => number) {
  const n = samples.at.length;
  let [min, max, sum, version] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let i = 0; i < n; i++) {
    const value = samples.value[i]!;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += energy(value);
    if (samples.version[i]! > version) version = samples.version[i]!;
  }
  return { n, min, max, sum, version };
}
