import type { Workout } from "../../health/reading";

export type RoutePoint = NonNullable<Workout["route"]>[number];

/** Mean radius of the Earth in metres. */
const EARTH_M = 6_371_000;
const DEGREE = Math.PI / 180;
/** Receivers and barometers waver: a rise counts once it is this high. */
const LEAST_RISE_M = 3;
/** Two days and more at one point a second. */
const MOST_POINTS = 200_000;

/** Running extremes and mean of a measure; values that are NaN are passed over. */
export class Extent {
  n = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  sum = 0;

  add(value: number): void {
    if (!(value >= Number.NEGATIVE_INFINITY)) return;
    this.n++;
    this.sum += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
  }

  get mean(): number {
    return this.n === 0 ? Number.NaN : this.sum / this.n;
  }
}

/** The way of a workout: its points, its length on the ground, and how much it climbs. */
export class Way {
  readonly points: RoutePoint[] = [];
  readonly altitudeM = new Extent();
  lengthM = 0;
  ascentM = 0;
  descentM = 0;
  /** Points beyond what is kept. */
  dropped = 0;
  #lat = Number.NaN;
  #lon = Number.NaN;
  #cosine = Number.NaN;
  #level = Number.NaN;

  /** Adds a point in degrees; the altitude is NaN where it is not known. Answers whether it is a place. */
  point(at: number, lat: number, lon: number, altitudeM: number): boolean {
    if (!(Math.abs(lat) <= 90 && Math.abs(lon) <= 180)) return false;
    const cosine = Math.cos(lat * DEGREE);
    if (!Number.isNaN(this.#lat)) this.lengthM += this.#distanceTo(lat, lon, cosine);
    this.#lat = lat;
    this.#lon = lon;
    this.#cosine = cosine;
    if (this.points.length >= MOST_POINTS) this.dropped++;
    else this.points.push(Number.isNaN(altitudeM) ? [at, lat, lon] : [at, lat, lon, altitudeM]);
    return true;
  }

  /** The points in time order. */
  get ordered(): readonly RoutePoint[] {
    const { points } = this;
    const isSorted = points.every((point, i) => i === 0 || points[i - 1]![0] <= point[0]);
    return isSorted ? points : points.toSorted((a, b) => a[0] - b[0]);
  }

  /** The next point does not follow from the last one. */
  gap(): void {
    this.#lat = Number.NaN;
    this.#level = Number.NaN;
  }

  /** Metres on the ground from the last point (haversine, spherical Earth). */
  #distanceTo(lat: number, lon: number, cosine: number): number {
    const halfLat = Math.sin(((lat - this.#lat) * DEGREE) / 2);
    const halfLon = Math.sin(((lon - this.#lon) * DEGREE) / 2);
    const h = halfLat * halfLat + this.#cosine * cosine * halfLon * halfLon;
    return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(h)));
  }

  climb(altitudeM: number): void {
    if (Number.isNaN(altitudeM)) return;
    this.altitudeM.add(altitudeM);
    const risen = altitudeM - this.#level;
    if (risen >= LEAST_RISE_M) this.ascentM += risen;
    else if (risen <= -LEAST_RISE_M) this.descentM -= risen;
    else if (!Number.isNaN(risen)) return;
    this.#level = altitudeM;
  }
}

/** The entries that are numbers. */
export function known(entries: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => Number.isFinite(value)));
}

/** A number to some decimals, without the noise of binary fractions. */
export function rounded(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
}
