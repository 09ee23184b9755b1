import { type Metric, metric as metricOf } from "../health/catalogue";
import type { Reading } from "../health/reading";
import { dayText, localDay, parseDay } from "../health/zone";
import { codeOf, componentCode, profilesOf } from "./coding";
import { derivedComponents } from "./derived";
import { frame, type Origin } from "./frame";
import type { Place } from "./ids";
import { encodeSampledData } from "./sampled-data";
import { URN } from "./systems";
import { dateTime } from "./time";
import type { Extension, Observation, ObservationComponent, Period } from "./types";
import { quantity } from "./units";

/** A reading of a catalogue metric as an Observation. `tag` is the vault's own distinction of readings with equal times. */
export function readingToObservation(reading: Reading, origin: Origin, tag = ""): Observation {
  const metric = catalogued(reading.metric);
  const value = valueOf(reading, metric);
  const component = componentsOf(reading, metric);
  const shape = "valueQuantity" in value ? "quantity" : component.length > 0 ? "components" : "other";
  const time = effective(reading);
  return {
    ...frame(origin, {
      metric,
      place: placeOf(reading, metric, origin.number, tag),
      code: codeOf(metric, reading.kind, origin.source.vendor),
      profiles: "effectiveDateTime" in time ? profilesOf(metric, shape) : [],
      version: reading.version,
      recordId: reading.id,
      detail: { kind: otherKind(reading, metric), date: statedDate(reading), attributes: reading.attributes },
    }),
    ...time,
    ...value,
    ...(component.length > 0 && { component }),
  };
}

/** The samples of one metric and source within one hour, ascending. */
export interface HourOfSamples {
  readonly metric: string;
  /** Epoch milliseconds / 3600000. */
  readonly hour: number;
  readonly at: ArrayLike<number>;
  readonly value: ArrayLike<number>;
  /** Seconds east of UTC, one per sample. */
  readonly zone: ArrayLike<number>;
  /** The greatest common divisor of the steps between instants, where it is known. */
  readonly step?: number | undefined;
  /** The highest record version among the samples. */
  readonly version: number;
  /** What single samples carry beyond their value, by instant. */
  readonly annotations?: Readonly<Record<string, unknown>>;
}

/**
 * One hour of a dense series as one Observation: SampledData, or a plain quantity where the hour holds one sample. Throws a RangeError
 * for an hour without samples.
 */
export function hourToObservation(hour: HourOfSamples, origin: Origin): Observation {
  const metric = catalogued(hour.metric);
  const n = hour.at.length;
  const [first, value, zone] = [hour.at[0], hour.value[0], hour.zone[0]];
  if (first === undefined || value === undefined || zone === undefined) throw new RangeError("an hour without samples");
  const framed = {
    metric,
    place: { kind: "segment", metric: metric.code, source: origin.number, hour: hour.hour },
    code: codeOf(metric, "sample", origin.source.vendor),
    version: hour.version,
    detail: { annotations: hour.annotations },
  } as const;
  if (n === 1) {
    const single = frame(origin, { ...framed, profiles: profilesOf(metric, "quantity") });
    return { ...single, effectiveDateTime: dateTime(first, zone), valueQuantity: quantity(value, metric.unit, metric.key) };
  }
  const around = frame(origin, { ...framed, profiles: [] });
  const zones = zoneExtension(hour.zone);
  return {
    ...around,
    ...(zones !== undefined && { extension: [...(around.extension ?? []), zones] }),
    effectivePeriod: { start: dateTime(first, zone), end: dateTime(hour.at[n - 1] ?? first, hour.zone[n - 1] ?? zone) },
    valueSampledData: encodeSampledData(hour, quantity(0, metric.unit, metric.key)),
  };
}

/** The metric of a key that came out of the vault; an unknown one is a defect of the caller. */
export function catalogued(key: string): Metric {
  const found = metricOf(key);
  if (found === undefined) throw new TypeError(`no metric ${key} in the catalogue`);
  return found;
}

function placeOf(reading: Reading, metric: Metric, source: number, tag: string): Place {
  if (reading.kind !== "daily") return { kind: "reading", metric: metric.code, source, start: reading.start, end: reading.end, tag };
  return { kind: "daily", metric: metric.code, source, date: parseDay(reading.date ?? "") ?? localDay(reading.start, reading.zone) };
}

/** A day's value belongs to a date without a zone; everything else to instants with the reading's own zone. */
function effective(reading: Reading): { effectiveDateTime: string } | { effectivePeriod: Period } {
  if (reading.kind === "daily") return { effectiveDateTime: reading.date ?? dayText(localDay(reading.start, reading.zone)) };
  const start = dateTime(reading.start, reading.zone);
  if (reading.kind !== "interval" && reading.end === reading.start) return { effectiveDateTime: start };
  return { effectivePeriod: { start, end: dateTime(reading.end, reading.zone) } };
}

/** The vendor's day label, where it is not the local day on which the reading starts. */
function statedDate({ kind, date, start, zone }: Reading): string | undefined {
  return kind === "daily" || date === dayText(localDay(start, zone)) ? undefined : date;
}

/** The kind, where the shape of the Observation does not tell it. */
function otherKind({ kind, start, end }: Reading, metric: Metric): string | undefined {
  return kind === kindOfShape(metric, kind === "daily" ? "date" : kind === "interval" || start !== end ? "period" : "instant")
    ? undefined
    : kind;
}

/** The kind that an Observation of a metric has by its shape alone. */
export function kindOfShape(metric: Metric, shape: "date" | "period" | "instant"): Reading["kind"] {
  if (shape === "date") return "daily";
  if (metric.kind === "event") return "event";
  return shape === "period" ? "interval" : "sample";
}

function valueOf(reading: Reading, metric: Metric): Partial<Observation> {
  const { value, text } = reading;
  if (value !== null) return { valueQuantity: quantity(value, metric.unit, metric.key) };
  if (text !== undefined && text !== "") {
    if (!metric.values?.includes(text)) return { valueString: text };
    return { valueCodeableConcept: { coding: [{ system: URN.value, code: text }], text } };
  }
  // A bare event says that it happened; vital signs must not be without a value.
  return reading.components === undefined ? { valueBoolean: true } : {};
}

function componentsOf(reading: Reading, metric: Metric): ObservationComponent[] {
  const parts: ObservationComponent[] = Object.entries(reading.components ?? {}).map(([key, value]) => ({
    code: componentCode(metric, key),
    valueQuantity: quantity(value, metric.components?.find((part) => part.key === key)?.unit ?? metric.unit),
  }));
  if (reading.value !== null && reading.text !== undefined && reading.text !== "") {
    parts.push({ code: componentCode(metric, "text"), valueString: reading.text });
  }
  return [...parts, ...derivedComponents(reading)];
}

function zoneExtension(zones: ArrayLike<number>): Extension | undefined {
  const runs: [zone: number, n: number][] = [];
  for (let from = 0, to = 0; from < zones.length; from = to) {
    const zone = zones[from] ?? 0;
    while (to < zones.length && zones[to] === zone) to++;
    runs.push([zone, to - from]);
  }
  return runs.length < 2 ? undefined : { url: URN.zones, valueString: runs.map(([zone, n]) => `${zone}:${n}`).join(" ") };
}
