import { DAY_MS, HOUR_MS } from "../../../shared/clock";
import { METRICS } from "../../../shared/health/catalogue";
import type { LiveVendor, Range, VendorResource } from "../../../shared/vendors/vendor";

export type Purpose = "backfill" | "incremental" | "changed" | "asked";

/** A piece of work: one resource over one range. */
export interface PlannedWindow extends Range {
  readonly resource: string;
  readonly purpose: Purpose;
  /** The vendor's id of the one record to read. */
  readonly object?: string;
}

/** The resources that the granted areas open. */
export function openResources(vendor: LiveVendor, areas: readonly string[]): string[] {
  const granted = new Set(areas);
  return Object.entries(vendor.resources)
    .filter(([, spec]) => spec.areas.some((area) => granted.has(area)))
    .map(([name]) => name);
}

/**
 * The windows of the first import, newest first: from at least `history.maxDays` ago until now, cut at multiples of the resource's window
 * length, so that reconnecting plans the same windows again and those that are done stay done. The newest reaches into the future;
 * what happens there is for later readings. None where the past comes with another resource. `connectedAt`: when the person first connected.
 */
export function backfillWindows(vendor: LiveVendor, resource: string, now: number, connectedAt = now): PlannedWindow[] {
  const { windowDays, pastWith, operation } = specOf(vendor, resource);
  if (pastWith !== undefined || operation === "pushed") return [];
  const length = windowDays * DAY_MS;
  const { maxDays, daysBeforeConnection } = vendor.history;
  const bound = daysBeforeConnection === undefined ? -Infinity : floorDay(connectedAt) - daysBeforeConnection * DAY_MS;
  const oldest = Math.max(floorDay(now) - maxDays * DAY_MS, bound);
  const windows: PlannedWindow[] = [];
  for (let from = Math.floor(oldest / length) * length; from < now; from += length)
    windows.push({ resource, purpose: "backfill", from: Math.max(from, bound), to: from + length });
  return windows.toReversed();
}

/** Whether a resource is asked for without a notification; some vendors send everything themselves and want not to be asked. */
export function isPolled(vendor: LiveVendor, resource: string): boolean {
  return vendor.delivery !== "push_full" && !["asynchronous", "pushed"].includes(specOf(vendor, resource).operation);
}

/** The windows that catch up from where a resource has been read to, with an overlap for devices that sync late. Whole UTC days. */
export function catchUpWindows(
  vendor: LiveVendor,
  resource: string,
  syncedTo: number | undefined,
  now: number,
  purpose: "incremental" | "asked",
): PlannedWindow[] {
  if (!isPolled(vendor, resource)) return [];
  return sinceWindows(vendor, resource, syncedTo, now, purpose);
}

/**
 * The windows that a vendor which sends everything itself is asked for, after a time in which what it sent was nobody's: from where the
 * resource was last brought.
 */
export function missedWindows(vendor: LiveVendor, resource: string, broughtAt: number | undefined, now: number): PlannedWindow[] {
  const { operation, pastWith } = specOf(vendor, resource);
  return operation === "asynchronous" && pastWith === undefined ? sinceWindows(vendor, resource, broughtAt, now, "incremental") : [];
}

function sinceWindows(
  vendor: LiveVendor,
  resource: string,
  syncedTo: number | undefined,
  now: number,
  purpose: "incremental" | "asked",
): PlannedWindow[] {
  const overlap = vendor.history.overlapHours * HOUR_MS;
  const oldest = now - vendor.history.maxDays * DAY_MS;
  // Where the day that was begun has been read, the mark is at its end, which is still to come.
  const from = floorDay(Math.max(oldest, Math.min(syncedTo ?? now, now) - overlap));
  return cut(specOf(vendor, resource), { from, to: ceilDay(now) }).map((range) => ({ resource, purpose, ...range }));
}

/**
 * The windows that read a changed range again. Days are labels in the person's zone, and sessions are found by another instant than they
 * start at (a night by its end), so both are read a day beyond on either side.
 */
export function changeWindows(vendor: LiveVendor, resource: string, range: Range): PlannedWindow[] {
  const spec = specOf(vendor, resource);
  if (spec.pastWith !== undefined || spec.operation === "pushed") return [];
  const wide = byInstant(spec) ? range : { from: floorDay(range.from) - DAY_MS, to: ceilDay(range.to) + DAY_MS };
  return cut(spec, wide).map((part) => ({ resource, purpose: "changed", ...part }));
}

/** What a deletion takes away: readings that start in the range, and days that it touches. Always less than `changeWindows` reads. */
export function erasedRange(spec: VendorResource, range: Range): Range {
  return spec.granularity === "daily" ? { from: floorDay(range.from), to: ceilDay(range.to) } : range;
}

/** The resource and those that bring one of its metrics too: a deletion goes by metric, so all of them are read again. */
export function siblings(vendor: LiveVendor, resource: string): string[] {
  const metrics = new Set(specOf(vendor, resource).metrics);
  return Object.entries(vendor.resources)
    .filter(([, spec]) => spec.metrics.some((key) => metrics.has(key)))
    .map(([name]) => name);
}

/** The catalogue keys a resource may bring, with `nutrient.*` and the like written out. */
export function metricsOf(spec: VendorResource): string[] {
  return spec.metrics.flatMap((name) =>
    name.endsWith("*") ? METRICS.filter(({ key }) => key.startsWith(name.slice(0, -1))).map(({ key }) => key) : [name],
  );
}

/**
 * What of a window is asked for at the vendor: nothing beyond tomorrow, in whole days, because a page token binds the range it began with;
 * and nothing beyond now where what comes later is sent anyway.
 */
export function askedRange({ from, to }: Range, now: number, operation: VendorResource["operation"] = "list"): Range {
  return { from, to: Math.min(to, operation === "asynchronous" ? Math.max(now, from) : ceilDay(now) + DAY_MS) };
}

/** When the next incremental reading of a resource is due; with some spread, so that connections do not march in step. */
export function nextDue(spec: VendorResource, now: number, spread: number): number {
  return now + Math.round(spec.cadenceS * 1000 * (1 + spread * 0.1));
}

const byInstant = (spec: VendorResource): boolean => spec.granularity === "sample" || spec.granularity === "interval";

/** Cuts a range into windows of the resource's length, newest first. */
function cut(spec: VendorResource, { from, to }: Range): Range[] {
  const length = spec.windowDays * DAY_MS;
  const parts: Range[] = [];
  for (let end = to; end > from; end -= length) parts.push({ from: Math.max(from, end - length), to: end });
  return parts;
}

function specOf(vendor: LiveVendor, resource: string): VendorResource {
  const spec = vendor.resources[resource];
  if (spec === undefined) throw new TypeError("not a resource of this vendor");
  return spec;
}

const floorDay = (ms: number): number => Math.floor(ms / DAY_MS) * DAY_MS;
const ceilDay = (ms: number): number => Math.ceil(ms / DAY_MS) * DAY_MS;
