import type { Workout } from "../health/reading";
import { workoutType } from "../health/workout-types";
import type { Delivery, Header } from "./delivery";
import { type Platform, planOf } from "./plan";
import { quantity } from "./quantity";
import { isObject, type Json, numberOf, type RejectReason } from "./reject";
import { readFigures } from "./workout-totals";

type MapRecord = (d: Delivery, raw: unknown, parent?: Header) => void;

const TYPE_TABLES: Readonly<Record<Platform, string>> = {
  healthkit: "healthkit",
  "health-connect": "health_connect",
  "samsung-health": "samsung",
};
const MOST_ENTRIES = 2_000;
const MOST_POINTS = 100_000;
/** Fields outside the list of figures that state one. */
const OWN_FIGURES = ["duration", "distance", "totalDistance", "totalEnergyBurned"] as const;

/**
 * A workout whose header is read, with totals, events, segments, laps and route. Its samples become readings of their own, with the
 * workout's source where they name none.
 */
export function workoutEntry(d: Delivery, raw: Json, mapRecord: MapRecord): void {
  const stated = activityOf(d.platform, raw);
  const { type, vendorName } =
    stated === undefined ? { type: "other" as const, vendorName: undefined } : workoutType(TYPE_TABLES[d.platform], stated);
  const figures = readFigures(d.platform, type, figuresOf(raw));
  if (typeof figures === "string") return d.reject(figures);
  const events = spans(d, raw["workoutEvents"] ?? raw["events"], eventOf);
  if (typeof events === "string") return d.reject(events);
  const segments = spans(d, raw["segments"], segmentOf);
  if (typeof segments === "string") return d.reject(segments);
  const laps = spans(d, raw["laps"], lapOf);
  if (typeof laps === "string") return d.reject(laps);
  const route = routeOf(d, raw["route"] ?? raw["exerciseRoute"]);
  if (typeof route === "string") return d.reject(route);
  const attributes = { ...figures.attributes, ...(route.dropped > 0 && { routePointsDropped: route.dropped }) };
  const parent = d.keep();
  const workout: Workout = {
    ...parent,
    type,
    ...(vendorName !== undefined && { vendorType: vendorName.slice(0, 100) }),
    ...(figures.durationS !== undefined && { durationS: figures.durationS }),
    totals: figures.totals,
    ...(events.length > 0 && { events }),
    ...(segments.length > 0 && { segments }),
    ...(laps.length > 0 && { laps }),
    ...(route.points.length > 0 && { route: route.points }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
    ...(d.id !== undefined && { id: d.id }),
  };
  d.builder.workout(workout);
  const samples = raw["samples"];
  if (!Array.isArray(samples)) return;
  d.total += samples.length;
  for (const sample of samples) mapRecord(d, sample, parent);
}

/** What kind of workout a record says it is, by number or name. */
function activityOf(platform: Platform, raw: Json): string | number | undefined {
  for (const field of ["workoutActivityType", "exerciseType", "activityType", "activityName", "type"]) {
    const value = raw[field];
    if (typeof value === "number" && Number.isSafeInteger(value)) return value;
    // Among the records, `type` only says that it is a workout.
    if (typeof value === "string" && value !== "" && value.length <= 200 && planOf(platform, value)?.mode !== "workout") return value;
  }
  return undefined;
}

function figuresOf(raw: Json): readonly unknown[] {
  const listed = raw["values"] ?? raw["statistics"];
  const list: unknown[] = Array.isArray(listed) ? [...listed] : [];
  for (const field of OWN_FIGURES) {
    const value = raw[field];
    if (isObject(value)) list.push({ type: field, value: value["value"] ?? value["inMeters"], unit: value["unit"] });
    else if (value !== undefined && value !== null) list.push({ type: field, value, unit: raw[`${field}Unit`] });
  }
  return list;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Reads a list of things with a start and an end (or a duration in seconds); absent is empty. */
function spans<T extends object>(d: Delivery, list: unknown, build: (entry: Json, span: Span) => T | RejectReason): T[] | RejectReason {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) return "bad_value";
  if (list.length > MOST_ENTRIES) return "too_large";
  const out: T[] = [];
  for (const entry of list) {
    if (!isObject(entry)) return "not_an_object";
    const start = d.instant(entry["startTime"] ?? entry["startDate"] ?? entry["time"] ?? entry["date"]);
    if (start === undefined) return "bad_date";
    const last = entry["endTime"] ?? entry["endDate"];
    const duration = numberOf(entry["duration"]) ?? 0;
    const end = last === undefined || last === null ? start + Math.round(duration * 1_000) : d.instant(last);
    if (end === undefined) return "bad_date";
    if (end < start) return "end_before_start";
    const built = build(entry, { start, end });
    if (typeof built === "string") return built;
    out.push(built);
  }
  return out;
}

function label(value: unknown): string | number | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  return typeof value === "string" && value !== "" ? value.slice(0, 100) : undefined;
}

function eventOf(entry: Json, { start, end }: Span) {
  return { type: String(label(entry["type"] ?? entry["eventType"]) ?? "event"), start, ...(end > start && { end }) };
}

function segmentOf(entry: Json, { start, end }: Span) {
  const type = label(entry["segmentType"] ?? entry["type"]);
  const repetitions = numberOf(entry["repetitions"]);
  return { start, end, ...(type !== undefined && { type }), ...(repetitions !== undefined && { repetitions }) };
}

function lapOf(entry: Json, { start, end }: Span) {
  const stated = entry["length"] ?? entry["distance"];
  const plan = planOf("health-connect", "distance");
  if (stated === undefined || stated === null || plan === undefined) return { start, end };
  const distanceM = quantity(plan, stated, entry["unit"]);
  return typeof distanceM === "number" ? { start, end, distanceM } : distanceM;
}

type Point = readonly [at: number, lat: number, lon: number, altitudeM?: number];

/** The route in time order. Receivers lose single fixes, so points that cannot be are counted and left out. */
function routeOf(d: Delivery, value: unknown): { readonly points: readonly Point[]; readonly dropped: number } | RejectReason {
  const list = isObject(value) ? (value["route"] ?? value["points"] ?? value["locations"]) : value;
  if (list === undefined || list === null) return { points: [], dropped: 0 };
  if (!Array.isArray(list)) return "bad_value";
  if (list.length > MOST_POINTS) return "too_large";
  const points: Point[] = [];
  for (const entry of list) {
    const point = isObject(entry) ? pointOf(d, entry) : undefined;
    if (point !== undefined) points.push(point);
  }
  points.sort((a, b) => a[0] - b[0]);
  return { points, dropped: list.length - points.length };
}

function pointOf(d: Delivery, entry: Json): Point | undefined {
  const at = d.instant(entry["time"] ?? entry["timestamp"] ?? entry["date"]);
  const lat = numberOf(entry["latitude"] ?? entry["lat"]);
  const lon = numberOf(entry["longitude"] ?? entry["lon"] ?? entry["lng"]);
  if (at === undefined || lat === undefined || lon === undefined || Math.abs(lat) > 90 || Math.abs(lon) > 180) return undefined;
  const stated = entry["altitude"] ?? entry["elevation"];
  const altitude = isObject(stated) ? numberOf(stated["inMeters"] ?? stated["value"]) : numberOf(stated);
  return altitude === undefined ? [at, lat, lon] : [at, lat, lon, altitude];
}
