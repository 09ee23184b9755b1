import type { Metric } from "../health/catalogue";
import { type Reading, SLEEP_STAGES, type SleepSession, type SleepStage, type Workout, ZONE_UNKNOWN } from "../health/reading";
import { dayText, localDay, parseDay } from "../health/zone";
import { DAY_MS } from "../clock";
import { ownCodeIn } from "./coding";
import { detailIn, isRecord, recordIdIn, versionsIn } from "./frame";
import { type HourOfSamples, kindOfShape, catalogued } from "./observation";
import { decodeSampledData } from "./sampled-data";
import { URN } from "./systems";
import { parseDateTime } from "./time";
import type { Observation, ObservationComponent } from "./types";

/** What an Observation written by Meridian says in canonical terms. */
export type Canonical =
  | { readonly kind: "reading"; readonly reading: Reading }
  | { readonly kind: "hour"; readonly hour: HourOfSamples }
  | { readonly kind: "sleep"; readonly session: SleepSession }
  | { readonly kind: "workout"; readonly workout: Workout };

interface Span {
  readonly start: number;
  readonly end: number;
  readonly zone: number;
}

/**
 * The way back from the view, without loss but for a workout's route. `source` numbers the source in the result. Undefined for an
 * Observation that does not have the form this server writes.
 */
export function fromObservation(observation: Observation, source: number): Canonical | undefined {
  const key = ownCodeIn(observation.code);
  if (key === undefined) return undefined;
  if (key === "sleep" && observation.effectivePeriod !== undefined) return sleepFrom(observation, source);
  if (key === "workout" && observation.effectivePeriod !== undefined) return workoutFrom(observation, source);
  const metric = catalogued(key);
  if (observation.valueSampledData !== undefined) return hourFrom(observation, metric);
  return readingFrom(observation, metric, source);
}

function readingFrom(observation: Observation, metric: Metric, source: number): Canonical | undefined {
  const span = spanOf(observation);
  if (span === undefined) return undefined;
  const detail = detailIn(observation.extension);
  const shape =
    observation.effectivePeriod !== undefined ? "period" : observation.effectiveDateTime?.includes("T") === true ? "instant" : "date";
  const kind = kindIn(detail["kind"]) ?? kindOfShape(metric, shape);
  const text =
    observation.valueString ??
    observation.valueCodeableConcept?.coding?.[0]?.code ??
    partsOf(observation, metric).find(({ key }) => key === "text")?.part.valueString;
  const components = Object.fromEntries(
    partsOf(observation, metric).flatMap(({ key, part }) => (part.valueQuantity === undefined ? [] : [[key, part.valueQuantity.value]])),
  );
  const { attributes, date } = detail;
  return {
    kind: "reading",
    reading: {
      metric: metric.key,
      kind,
      source,
      start: span.start,
      end: span.end,
      value: observation.valueQuantity?.value ?? null,
      ...(text !== undefined && { text }),
      ...(Object.keys(components).length > 0 && { components }),
      ...(isRecord(attributes) && { attributes }),
      zone: span.zone,
      date:
        typeof date === "string"
          ? date
          : kind === "daily"
            ? (observation.effectiveDateTime ?? "")
            : dayText(localDay(span.start, span.zone)),
      ...idOf(observation),
      version: versionsIn(observation.meta).version,
    },
  };
}

function hourFrom(observation: Observation, metric: Metric): Canonical | undefined {
  const span = spanOf(observation);
  if (span === undefined || observation.valueSampledData === undefined) return undefined;
  const series = decodeSampledData(observation.valueSampledData, span.start);
  if (series === undefined) return undefined;
  const runs = observation.extension?.find(({ url }) => url === URN.zones)?.valueString;
  const zone = runs === undefined ? series.at.map(() => span.zone) : runs.split(" ").flatMap(zoneRun);
  const hour = Math.floor(span.start / 3_600_000);
  const { annotations } = detailIn(observation.extension);
  return {
    kind: "hour",
    hour: {
      metric: metric.key,
      hour,
      ...series,
      zone,
      version: versionsIn(observation.meta).version,
      ...(isRecord(annotations) && { annotations }),
    },
  };
}

function sleepFrom(observation: Observation, source: number): Canonical | undefined {
  const span = spanOf(observation);
  if (span === undefined) return undefined;
  const { nap, date, attributes } = detailIn(observation.extension);
  const stages = partsOf(observation, catalogued("sleep")).flatMap(({ key, part }) => {
    const start = parseDateTime(part.valuePeriod?.start ?? "");
    const end = parseDateTime(part.valuePeriod?.end ?? "");
    return isStage(key) && start !== undefined && end !== undefined ? [{ start: start.at, end: end.at, stage: key }] : [];
  });
  const session: SleepSession = {
    source,
    ...span,
    ...(typeof date === "string" && { date }),
    ...(nap === true && { nap }),
    stages,
    ...(isRecord(attributes) && { attributes }),
    ...idOf(observation),
    version: versionsIn(observation.meta).version,
  };
  return { kind: "sleep", session };
}

function workoutFrom(observation: Observation, source: number): Canonical | undefined {
  const span = spanOf(observation);
  const activity = observation.component
    ?.flatMap((part) => part.valueCodeableConcept?.coding ?? [])
    .find(({ system }) => system === URN.workoutType);
  if (span === undefined || activity?.code === undefined) return undefined;
  const { vendorType, durationS, events, segments, laps, attributes } = detailIn(observation.extension);
  const totals = partsOf(observation, catalogued("workout")).flatMap(({ key, part }) =>
    part.valueQuantity === undefined ? [] : [[key, part.valueQuantity.value]],
  );
  const workout: Workout = {
    source,
    ...span,
    type: activity.code,
    ...(typeof vendorType === "string" && { vendorType }),
    ...(typeof durationS === "number" && { durationS }),
    totals: Object.fromEntries(totals),
    ...(Array.isArray(events) && { events: events.filter(isEvent) }),
    ...(Array.isArray(segments) && { segments: segments.filter(isRecord) }),
    ...(Array.isArray(laps) && { laps: laps.filter(isRecord) }),
    ...(isRecord(attributes) && { attributes }),
    ...idOf(observation),
    version: versionsIn(observation.meta).version,
  };
  return { kind: "workout", workout };
}

/** The components that belong to the metric itself, by their key; derived ones carry the codes of other metrics. */
function partsOf({ component = [] }: Observation, { key }: Metric): { key: string; part: ObservationComponent }[] {
  const prefix = `${key}.`;
  return component.flatMap((part) => {
    const code = ownCodeIn(part.code);
    return code?.startsWith(prefix) ? [{ key: code.slice(prefix.length), part }] : [];
  });
}

/** A date spans its day in UTC, because it carries no zone. */
function spanOf({ effectiveDateTime, effectivePeriod }: Observation): Span | undefined {
  const start = parseDateTime(effectivePeriod?.start ?? effectiveDateTime ?? "");
  if (start !== undefined) {
    const end = effectivePeriod === undefined ? start : parseDateTime(effectivePeriod.end ?? "");
    return end === undefined ? undefined : { start: start.at, end: end.at, zone: start.zone };
  }
  const day = parseDay(effectiveDateTime ?? "");
  return day === undefined ? undefined : { start: day * DAY_MS, end: (day + 1) * DAY_MS, zone: ZONE_UNKNOWN };
}

function zoneRun(run: string): number[] {
  const [zone = 0, n = 0] = run.split(":").map(Number);
  return Array.from({ length: n }, () => zone);
}

function idOf({ identifier }: Observation): { id?: string } {
  const id = recordIdIn(identifier);
  return id === undefined ? {} : { id };
}

function kindIn(value: unknown): Reading["kind"] | undefined {
  return value === "sample" || value === "interval" || value === "daily" || value === "event" ? value : undefined;
}

function isStage(key: string): key is SleepStage {
  return SLEEP_STAGES.some((stage) => stage === key);
}

function isEvent(value: unknown): value is NonNullable<Workout["events"]>[number] {
  return isRecord(value) && typeof value["type"] === "string" && typeof value["start"] === "number";
}
