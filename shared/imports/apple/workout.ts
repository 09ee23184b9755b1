import { metric as metricOf, metricByHealthKit } from "../../health/catalogue";
import type { Workout } from "../../health/reading";
import { converter } from "../../health/units";
import { workoutType } from "../../health/workout-types";
import type { Tag } from "../xml/tag";
import { snake } from "./categories";
import { parseDecimal } from "./decimal";
import { InstantReader } from "./instant";
import { keepMetadata, TIME_ZONE_KEY, USER_ENTERED_KEY } from "./metadata";
import { type Fault, RecordDraft, type RecordReader, zoneOffset } from "./record";
import { conversionOf } from "./record-plan";
import { VENDOR } from "./sources";
import { A } from "./vocabulary";

export type RoutePoint = NonNullable<Workout["route"]>[number];

/** A workout whose routes lie in files of their own. */
export interface RoutedWorkout {
  readonly workout: Workout;
  /** Paths as the export writes them: `/workout-routes/route_….gpx`. */
  readonly routePaths: readonly string[];
}

const MOST_EVENTS = 5_000;
const MOST_SEGMENTS = 200;
const MOST_POINTS = 200_000;
const STATISTICS: readonly (readonly [attribute: number, suffix: string])[] = [
  [A.sum, ""],
  [A.average, "_mean"],
  [A.minimum, "_min"],
  [A.maximum, "_max"],
];
/** Totals of exports before iOS 16, which stand in the workout's own tag. */
const OLD_TOTALS: readonly (readonly [value: number, unit: number, metric: string | undefined])[] = [
  [A.totalDistance, A.totalDistanceUnit, undefined],
  [A.totalEnergyBurned, A.totalEnergyBurnedUnit, "energy_active"],
  [A.totalFlightsClimbed, A.totalFlightsClimbedUnit, "floors"],
  [A.totalSwimmingStrokeCount, A.totalSwimmingStrokeCountUnit, "swim_strokes"],
];
/** What an untyped distance of a workout measures, by canonical type; others keep it untyped. */
const DISTANCES: Readonly<Record<string, string>> = {
  walking: "distance_walk_run",
  running: "distance_walk_run",
  hiking: "distance_walk_run",
  cycling: "distance_cycling",
  hand_cycling: "distance_cycling",
  swimming: "distance_swimming",
  rowing: "distance_rowing",
  paddle_sports: "distance_paddle",
  cross_country_skiing: "distance_xc_ski",
  downhill_skiing: "distance_downhill_snow",
  snowboarding: "distance_downhill_snow",
  skating_sports: "distance_skating",
  wheelchair_walk_pace: "distance_wheelchair",
  wheelchair_run_pace: "distance_wheelchair",
};

/** Collects one `Workout` element and its children. */
export class WorkoutReader {
  readonly origin = new RecordDraft();
  readonly fault: Fault | undefined;
  readonly routePaths: string[] = [];
  readonly #instant = new InstantReader();
  readonly #type: ReturnType<typeof workoutType>;
  readonly #durationS: number | undefined;
  readonly #oldTotals: Record<string, number> = {};
  readonly #totals: Record<string, number> = {};
  readonly #metadata: Record<string, string> = {};
  readonly #events: { type: string; start: number; end?: number }[] = [];
  readonly #segments: Record<string, unknown>[] = [];
  readonly #points: RoutePoint[] = [];
  /** Statistics and metadata belong to this part of the workout while one is open. */
  #segment: { readonly totals: Record<string, number>; readonly fields: Record<string, unknown> } | undefined;

  constructor(tag: Tag, records: RecordReader) {
    this.fault = records.readOrigin(tag, this.origin);
    this.#type = workoutType(VENDOR, tag.text(A.workoutActivityType) ?? "");
    this.#durationS = seconds(tag);
    for (const [value, unit, metric] of OLD_TOTALS) {
      const key = metric ?? DISTANCES[this.#type.type] ?? "distance";
      const total = amount(tag, value, key, tag.text(unit));
      // A total of zero is how old systems wrote "not measured".
      if (total !== undefined && total > 0) this.#oldTotals[key] = total;
    }
  }

  metadata(tag: Tag): void {
    const key = tag.text(A.key);
    const value = tag.text(A.value);
    if (key === undefined || value === undefined) return;
    if (key === TIME_ZONE_KEY) this.origin.zone = zoneOffset(value, this.origin.start) ?? this.origin.zone;
    else if (key === USER_ENTERED_KEY) this.origin.isManual = value === "1" || value === "true";
    else if (this.#segment === undefined) keepMetadata(this.#metadata, key, value);
  }

  statistics(tag: Tag): void {
    const metric = metricByHealthKit(tag.text(A.type) ?? "");
    if (metric === undefined) return;
    const conversion = conversionOf(metric, tag.text(A.unit) ?? "");
    if (conversion === undefined) return;
    const totals = this.#segment?.totals ?? this.#totals;
    for (const [attribute, suffix] of STATISTICS) {
      const value = numberOf(tag, attribute);
      if (value !== undefined) totals[`${metric.key}${suffix}`] = conversion(value);
    }
  }

  event(tag: Tag): void {
    const start = this.#at(tag, A.date);
    if (start === undefined || this.#events.length >= MOST_EVENTS) return;
    const type = snake((tag.text(A.type) ?? "").replace(/^HKWorkoutEventType/, ""));
    const length = seconds(tag);
    this.#events.push({ type, start, ...(length !== undefined && length > 0 && { end: start + Math.round(length * 1_000) }) });
  }

  /** A part of a workout of several sports. */
  openSegment(tag: Tag): void {
    const start = this.#at(tag, A.startDate);
    const end = this.#at(tag, A.endDate);
    const type = tag.text(A.workoutActivityType);
    const durationS = seconds(tag);
    this.#segment = {
      totals: {},
      fields: {
        ...(start !== undefined && { start }),
        ...(end !== undefined && { end }),
        ...(type !== undefined && { type: workoutType(VENDOR, type).type }),
        ...(durationS !== undefined && { durationS }),
      },
    };
  }

  closeSegment(): void {
    if (this.#segment === undefined) return;
    const { totals, fields } = this.#segment;
    if (this.#segments.length < MOST_SEGMENTS) this.#segments.push({ ...fields, ...(Object.keys(totals).length > 0 && { totals }) });
    this.#segment = undefined;
  }

  route(tag: Tag): void {
    const path = tag.text(A.path);
    if (path !== undefined && this.routePaths.length < MOST_SEGMENTS) this.routePaths.push(path);
  }

  /** A point of exports that keep the route in the workout. */
  location(tag: Tag): void {
    const at = this.#at(tag, A.date);
    const lat = numberOf(tag, A.latitude);
    const lon = numberOf(tag, A.longitude);
    if (at === undefined || lat === undefined || lon === undefined || this.#points.length >= MOST_POINTS) return;
    const altitudeM = numberOf(tag, A.altitude);
    this.#points.push(altitudeM === undefined ? [at, lat, lon] : [at, lat, lon, altitudeM]);
  }

  /** The finished workout, for a source of the batch. */
  finish(source: number): Workout {
    const { start, end, zone, version } = this.origin;
    const { type, vendorName } = this.#type;
    return {
      source,
      start,
      end,
      zone,
      type,
      ...(vendorName !== undefined && vendorName !== "" && { vendorType: vendorName }),
      ...(this.#durationS !== undefined && { durationS: this.#durationS }),
      totals: { ...this.#oldTotals, ...this.#totals },
      ...(this.#events.length > 0 && { events: this.#events }),
      ...(this.#segments.length > 0 && { segments: this.#segments }),
      ...(this.#points.length > 0 && { route: this.#points.toSorted((a, b) => a[0] - b[0]) }),
      ...(Object.keys(this.#metadata).length > 0 && { attributes: { metadata: this.#metadata } }),
      version,
    };
  }

  #at(tag: Tag, attribute: number): number | undefined {
    return tag.has(attribute) && this.#instant.read(tag.bytes, tag.start(attribute), tag.end(attribute)) ? this.#instant.at : undefined;
  }
}

/** A finite number from an attribute, or undefined. */
function numberOf(tag: Tag, attribute: number): number | undefined {
  if (!tag.has(attribute)) return undefined;
  const value = parseDecimal(tag.bytes, tag.start(attribute), tag.end(attribute));
  return Number.isNaN(value) ? undefined : value;
}

/** The `duration` of a tag in seconds; minutes unless it says otherwise. */
function seconds(tag: Tag): number | undefined {
  const duration = numberOf(tag, A.duration);
  if (duration === undefined || duration < 0) return undefined;
  const toSeconds = converter(tag.text(A.durationUnit) ?? "min", "s");
  return toSeconds === undefined ? undefined : Math.round(toSeconds(duration) * 1_000) / 1_000;
}

function amount(tag: Tag, attribute: number, key: string, unit: string | undefined): number | undefined {
  const value = numberOf(tag, attribute);
  const metric = metricOf(key);
  if (value === undefined || metric === undefined) return undefined;
  return unit === undefined ? value : conversionOf(metric, unit)?.(value);
}
