import { DAY_MS } from "../../../shared/clock";
import { BatchBuilder, sourceKey } from "../../../shared/health/batch";
import { metric as metricOf, type Metric } from "../../../shared/health/catalogue";
import type { Batch, Receipt, Source } from "../../../shared/health/reading";
import { converter } from "../../../shared/health/units";
import { InstantReader, WALL_CLOCK } from "../../../shared/ingest/instant";
import type { Ack, Device, ItemFault, PublishItem, PublishMessage } from "./protocol";

/** The bounds of believable time, as the vault screens them: 1900 to a day ahead. */
const EARLIEST = Date.UTC(1900, 0, 1);
/** Live readings bring no versions: at the same instant, another value is a correction and the same one a repetition. */
const VERSION = 0;
/** Metrics whose amount of substance converts to mass. */
const GLUCOSE = /glucose|^cgm_/;

interface Item {
  readonly metric: Metric;
  readonly start: number;
  /** Present for intervals. */
  readonly end: number | undefined;
  /** In the metric's canonical unit. */
  readonly value: number;
  readonly zone: number;
}

/** A checked `publish`, waiting for the next commit. */
export interface Publish {
  readonly ref: string;
  readonly source: Source;
  readonly items: readonly Item[];
  /** What was refused right away. */
  readonly rejected: readonly ItemFault[];
  /** What the vault will set apart as implausible. */
  readonly quarantined: readonly ItemFault[];
}

/** Checks the items of a message against the catalogue and converts them to canonical units. */
export function readPublish(message: PublishMessage, now: number): Publish {
  const items: Item[] = [];
  const rejected: ItemFault[] = [];
  const quarantined: ItemFault[] = [];
  const reader = new InstantReader();
  for (const [index, raw] of message.items.entries()) {
    const item = readItem(raw, reader, now);
    if (typeof item === "string") {
      rejected.push({ index, reason: item });
      continue;
    }
    items.push(item);
    if (!isPlausible(item)) quarantined.push({ index, reason: "implausible_value" });
  }
  return { ref: message.ref, source: sourceOf(message.device), items, rejected, quarantined };
}

function sourceOf(device: Device | undefined): Source {
  return {
    vendor: "live",
    ...(device?.name === undefined ? {} : { deviceName: device.name }),
    ...(device?.type === undefined ? {} : { deviceType: device.type }),
    ...(device?.manufacturer === undefined ? {} : { deviceManufacturer: device.manufacturer }),
    ...(device?.model === undefined ? {} : { deviceModel: device.model }),
    recordingMethod: "automatic",
  };
}

function readItem(raw: PublishItem, reader: InstantReader, now: number): Item | string {
  const metric = metricOf(raw.metric);
  if (metric === undefined) return "unknown_metric";
  const isInterval = metric.kinds.includes("interval") && (raw.endAt !== undefined || !metric.kinds.includes("sample"));
  // A panel has several values at once, and an event none.
  const isNumber = metric.unit !== "" && metric.components === undefined;
  if (!isNumber || (!isInterval && !metric.kinds.includes("sample"))) return "not_a_live_metric";
  if (isInterval && raw.endAt === undefined) return "missing_end";
  if (!isInterval && raw.endAt !== undefined) return "unexpected_end";
  const convert = converter(raw.unit ?? metric.unit, metric.unit, GLUCOSE.test(metric.key) ? "glucose" : undefined);
  if (convert === undefined) return "unit_mismatch";
  const value = convert(raw.value);
  if (!Number.isFinite(value)) return "not_a_number";
  if (!reader.read(raw.at) || reader.zone === WALL_CLOCK) return "bad_time";
  const start = Math.round(reader.ms);
  const { zone } = reader;
  if (!isInterval) return isTimely(start, start, now) ? { metric, start, end: undefined, value, zone } : "implausible_time";
  if (!reader.read(raw.endAt) || reader.zone === WALL_CLOCK) return "bad_time";
  const end = Math.round(reader.ms);
  return isTimely(start, end, now) ? { metric, start, end, value, zone } : "implausible_time";
}

function isTimely(start: number, end: number, now: number): boolean {
  return start >= EARLIEST && start <= now + DAY_MS && end >= start && end - start <= DAY_MS;
}

function isPlausible({ metric, value }: Item): boolean {
  return metric.bounds === undefined || (value >= metric.bounds[0] && value <= metric.bounds[1]);
}

/** The items of some publishes as one batch. */
export function batchOf(publishes: readonly Publish[]): Batch {
  const builder = new BatchBuilder();
  for (const { source, items } of publishes) {
    const index = builder.source(source);
    for (const { metric, start, end, value, zone } of items) {
      if (end === undefined) builder.sample(metric.key, index, start, value, zone, VERSION);
      else builder.interval(metric.key, index, start, end, value, zone, VERSION);
    }
  }
  return builder.take();
}

/** The answer to a publish that was stored by itself. */
export function ackOf(
  { ref, rejected, quarantined }: Publish,
  receipt: Pick<Receipt, "accepted" | "updated" | "duplicate" | "rejected">,
): Ack {
  return {
    ref,
    accepted: receipt.accepted + receipt.updated,
    duplicate: receipt.duplicate,
    quarantined,
    rejected: [...rejected, ...receipt.rejected.map(({ reason }) => ({ reason }))],
  };
}

/** The answer to a publish whose every item is known to have been new. */
export function plainAckOf(publish: Publish): Ack {
  return ackOf(publish, { accepted: publish.items.length, updated: 0, duplicate: 0, rejected: [] });
}

/**
 * Whether every item is sure to be new and plausible, so that one batch can hold them all and each publish still learns exactly what
 * became of it: per source and metric the instants rise, begin after the last stored one, and touch nothing the person deleted.
 */
export function isPlain(sql: SqlStorage, publishes: readonly Publish[]): boolean {
  const latest = new Map<string, number>();
  let earliest = Number.POSITIVE_INFINITY;
  for (const { source, items, quarantined } of publishes) {
    if (quarantined.length > 0) return false;
    const from = sourceKey(source);
    for (const { metric, start, end } of items) {
      const key = `${metric.code} ${from}`;
      const before = latest.get(key) ?? lastStored(sql, metric.code, from);
      if (start <= before) return false;
      latest.set(key, end ?? start);
      earliest = Math.min(earliest, start);
    }
  }
  if (latest.size === 0) return true;
  return sql.exec("SELECT 1 FROM erasures WHERE to_at > ? LIMIT 1", earliest).toArray().length === 0;
}

function lastStored(sql: SqlStorage, metric: number, source: string): number {
  return sql
    .exec<{ last: number }>(
      `SELECT coalesce(max(series.last_at), -9e15) AS last FROM sources JOIN series ON series.source = sources.id
       WHERE sources.key = ? AND series.metric = ?`,
      source,
      metric,
    )
    .one().last;
}
