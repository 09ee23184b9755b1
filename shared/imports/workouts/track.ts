import { SECOND_MS } from "../../clock";
import { cadenceMetric, distanceMetric, powerMetric, speedMetric } from "../../health/workout-metrics";
import { Extent, known, rounded, Way } from "./figures";
import type { Channel, Outlet } from "./outlet";

/** Before this there was no satellite navigation (1980-01-06): a clock that was never set. */
export const FIRST_FIX = Date.UTC(1980, 0, 6);
/** Strides are counted on one foot. */
const STEPS_PER_STRIDE = 2;

/** A point of a track; NaN for what it does not tell. One instance is reused for all. */
export class TrackPoint {
  at = Number.NaN;
  zone = 0;
  lat = Number.NaN;
  lon = Number.NaN;
  altitudeM = Number.NaN;
  rate = Number.NaN;
  /** Turns or strides a minute. */
  cadence = Number.NaN;
  powerW = Number.NaN;
  speed = Number.NaN;
  /** Metres since the beginning. */
  distanceM = Number.NaN;
  temperatureCel = Number.NaN;
  waterCel = Number.NaN;
  depthM = Number.NaN;

  clear(): void {
    this.at = Number.NaN;
    this.lat = Number.NaN;
    this.lon = Number.NaN;
    this.altitudeM = Number.NaN;
    this.rate = Number.NaN;
    this.cadence = Number.NaN;
    this.powerW = Number.NaN;
    this.speed = Number.NaN;
    this.distanceM = Number.NaN;
    this.temperatureCel = Number.NaN;
    this.waterCel = Number.NaN;
    this.depthM = Number.NaN;
  }
}

/** What the points of one workout tell: its samples go to the outlet, its figures and its way stay. */
export class TrackBook {
  readonly type: string;
  readonly way = new Way();
  readonly heartRate = new Extent();
  readonly cadence = new Extent();
  readonly power = new Extent();
  readonly speed = new Extent();
  readonly temperature = new Extent();
  first = Number.NaN;
  last = Number.NaN;
  zone = Number.NaN;
  distanceM = Number.NaN;
  /** Points that were left out because they have no instant. */
  untimed = 0;
  readonly #outlet: Outlet;
  readonly #steps: number;
  readonly #heart: Channel;
  readonly #turns: Channel | undefined;
  readonly #power: Channel;
  readonly #speed: Channel;
  readonly #water: Channel;
  readonly #depth: Channel;

  /** `element` is what the file calls a point. */
  constructor(outlet: Outlet, source: number, type: string, element: string) {
    this.type = type;
    this.#outlet = outlet;
    const cadence = cadenceMetric(type);
    const to = (name: string, metric: string): Channel => outlet.channel(`${element}.${name}`, metric, source);
    this.#steps = cadence === "cadence_run" ? STEPS_PER_STRIDE : 1;
    this.#heart = to("heart_rate", "heart_rate");
    this.#turns = cadence === undefined ? undefined : to("cadence", cadence);
    this.#power = to("power", powerMetric(type));
    this.#speed = to("speed", speedMetric(type));
    this.#water = to("water_temperature", "water_temperature");
    this.#depth = to("depth", "underwater_depth");
  }

  add(point: TrackPoint): void {
    const { at } = point;
    if (!(at >= FIRST_FIX)) {
      this.untimed++;
      return;
    }
    const { zone } = point;
    if (Number.isNaN(this.zone)) this.zone = zone;
    if (!(at >= this.first)) this.first = at;
    if (!(at <= this.last)) this.last = at;
    this.way.climb(point.altitudeM);
    this.way.point(at, point.lat, point.lon, point.altitudeM);
    if (!Number.isNaN(point.rate)) {
      if (point.rate > 0) this.heartRate.add(point.rate);
      this.#outlet.sample(this.#heart, at, point.rate, zone);
    }
    if (!Number.isNaN(point.cadence)) {
      const cadence = point.cadence * this.#steps;
      this.cadence.add(cadence);
      if (this.#turns !== undefined) this.#outlet.sample(this.#turns, at, cadence, zone);
    }
    if (!Number.isNaN(point.powerW)) {
      this.power.add(point.powerW);
      this.#outlet.sample(this.#power, at, point.powerW, zone);
    }
    if (!Number.isNaN(point.speed)) {
      this.speed.add(point.speed);
      this.#outlet.sample(this.#speed, at, point.speed, zone);
    }
    if (!Number.isNaN(point.distanceM)) this.distanceM = point.distanceM;
    if (!Number.isNaN(point.temperatureCel)) this.temperature.add(point.temperatureCel);
    if (!Number.isNaN(point.waterCel)) this.#outlet.sample(this.#water, at, point.waterCel, zone);
    if (!Number.isNaN(point.depthM)) this.#outlet.sample(this.#depth, at, point.depthM, zone);
  }

  /** Totals by metric, of the points alone. */
  get totals(): Record<string, number> {
    const { type, way } = this;
    const cadence = cadenceMetric(type);
    const travelled = this.distanceM > 0 ? this.distanceM : way.lengthM;
    return known({
      [distanceMetric(type)]: travelled > 0 ? rounded(travelled, 2) : Number.NaN,
      elevation_gain: way.altitudeM.n > 1 ? rounded(way.ascentM, 1) : Number.NaN,
      ...stated("heart_rate", this.heartRate, true),
      ...(cadence !== undefined && stated(cadence, this.cadence)),
      ...stated(powerMetric(type), this.power),
      ...stated(speedMetric(type), this.speed),
    });
  }

  get attributes(): Record<string, unknown> {
    const { way } = this;
    return {
      ...(way.altitudeM.n > 1 && { descentM: rounded(way.descentM, 1) }),
      ...range("altitudeM", way.altitudeM),
      ...range("temperatureCel", this.temperature),
      ...(cadenceMetric(this.type) === undefined && range("cadencePerMin", this.cadence)),
    };
  }
}

/** Mean and extremes of a metric as totals of a workout. */
export function stated(key: string, extent: Extent, withLeast = false): Record<string, number> {
  if (extent.n === 0) return {};
  return { [`${key}_mean`]: rounded(extent.mean, 3), [`${key}_max`]: extent.max, ...(withLeast && { [`${key}_min`]: extent.min }) };
}

/** Mean and extremes of a measure as an attribute of a workout. */
export function range(key: string, extent: Extent): Record<string, unknown> {
  if (extent.n === 0) return {};
  return { [key]: { min: rounded(extent.min, 1), max: rounded(extent.max, 1), mean: rounded(extent.mean, 2) } };
}

/** Warns of what the points of a workout had to leave behind. */
export function warnOfPoints(book: TrackBook, outlet: Outlet): void {
  if (book.untimed > 0) outlet.warn("point_without_time", "Points without a time that can be were left out.", book.untimed);
  if (book.way.dropped > 0) outlet.warn("route_too_long", "Points beyond the longest route were left out.", book.way.dropped);
}

/** What a record is known by: a workout of a source at an instant. */
export function idAt(start: number): string {
  return String(start / SECOND_MS);
}
