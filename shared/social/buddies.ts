/**
 * Whom somebody may like to train with, or be held to account by: a score out of 100 that is the sum of its reasons, so that every point of it can be
 * said in words. Deterministic; nothing but what both have said of themselves to be found by. Weights are ours.
 */
export const BUDDY_PURPOSES = ["training", "accountability", "both"] as const;
export type BuddyPurpose = (typeof BUDDY_PURPOSES)[number];
export const BUDDY_LEVELS = ["beginner", "intermediate", "advanced"] as const;
export type BuddyLevel = (typeof BUDDY_LEVELS)[number];
export const BUDDY_GOALS = ["habit", "weight", "strength", "endurance", "event", "mobility", "stress", "company"] as const;
export type BuddyGoal = (typeof BUDDY_GOALS)[number];
export const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;
export const DAY_PARTS = ["morning", "noon", "afternoon", "evening"] as const;

/** A cell of a tenth of a degree: all that is kept of where somebody is. About 11 km from south to north. */
export interface Cell {
  readonly lat: number;
  readonly lon: number;
}

export interface BuddyProfile {
  readonly purpose: BuddyPurpose;
  readonly activities: readonly string[];
  readonly goals: readonly BuddyGoal[];
  readonly languages: readonly string[];
  readonly level: BuddyLevel | null;
  /** Bits of a week: day * 4 + part of the day. */
  readonly times: number;
  readonly cell: Cell | null;
}

/** How far apart two cells are, roughly; never a distance in kilometres, of which three would make a place. */
export const DISTANCES = ["near", "within_25_km", "within_50_km", "far", "unknown"] as const;
export type DistanceBucket = (typeof DISTANCES)[number];

export const REASONS = ["purpose", "activities", "goals", "times", "level", "distance", "languages"] as const;
export type ReasonKind = (typeof REASONS)[number];

export interface Reason {
  readonly kind: ReasonKind;
  /** Whole points. */
  readonly points: number;
  /** What the two have in common: names of activities, goals, times, languages, or the bucket. */
  readonly common: readonly string[];
}

export interface Match {
  /** 0–100: the sum of the points. */
  readonly score: number;
  readonly distance: DistanceBucket;
  readonly reasons: readonly Reason[];
}

/** The most points that each reason brings; together 100. */
export const MOST_POINTS: Readonly<Record<ReasonKind, number>> = {
  purpose: 5,
  activities: 30,
  goals: 15,
  times: 20,
  level: 10,
  distance: 15,
  languages: 5,
};

/** The cell of a place in degrees. What is finer is forgotten here. */
export function cellOf(latDeg: number, lonDeg: number): Cell {
  return { lat: Math.floor(latDeg * 10), lon: Math.floor(wrapped(lonDeg) * 10) };
}

function wrapped(lonDeg: number): number {
  return ((((lonDeg + 180) % 360) + 360) % 360) - 180;
}

const KM_PER_DEGREE = 111.2;

/** The bucket of two cells, between their middles. */
export function distanceOf(a: Cell | null, b: Cell | null): DistanceBucket {
  if (a === null || b === null) return "unknown";
  const north = ((a.lat - b.lat) / 10) * KM_PER_DEGREE;
  const around = Math.abs(a.lon - b.lon);
  const east = (Math.min(around, 3_600 - around) / 10) * KM_PER_DEGREE * Math.cos((((a.lat + b.lat + 1) / 20) * Math.PI) / 180);
  const km = Math.hypot(north, east);
  if (km < 12) return "near";
  if (km < 25) return "within_25_km";
  return km < 50 ? "within_50_km" : "far";
}

/** How far in cells one has to look for everybody within 50 km: rows of latitude, and columns at that latitude. */
export function cellsAround(cell: Cell): { readonly lat: readonly [number, number]; readonly lon: readonly [number, number] } {
  const rows = Math.ceil(50 / (KM_PER_DEGREE / 10)) + 1;
  const narrow = Math.max(0.05, Math.cos((((Math.abs(cell.lat) + rows) / 10) * Math.PI) / 180));
  const columns = Math.ceil(50 / ((KM_PER_DEGREE / 10) * narrow)) + 1;
  return { lat: [cell.lat - rows, cell.lat + rows], lon: [cell.lon - columns, cell.lon + columns] };
}

/** How well two people fit; undefined where their purposes do not. The same from both sides. */
export function matchOf(a: BuddyProfile, b: BuddyProfile): Match | undefined {
  const purpose = purposesIn(a.purpose, b.purpose);
  if (purpose.length === 0) return undefined;
  const distance = distanceOf(a.cell, b.cell);
  const reasons = [
    reason("purpose", purpose, 1),
    shared("activities", a.activities, b.activities),
    shared("goals", a.goals, b.goals),
    reason("times", timesIn(a.times & b.times), Math.min(1, bits(a.times & b.times) / 4)),
    reason("level", a.level === null || a.level !== b.level ? [] : [a.level], levelShare(a.level, b.level)),
    reason("distance", NEARNESS[distance] === 0 ? [] : [distance], NEARNESS[distance]),
    shared("languages", a.languages, b.languages, 1),
  ].filter(({ points }) => points > 0);
  return { score: reasons.reduce((sum, { points }) => sum + points, 0), distance, reasons };
}

const NEARNESS: Readonly<Record<DistanceBucket, number>> = { near: 1, within_25_km: 0.7, within_50_km: 0.4, far: 0, unknown: 0 };

function purposesIn(a: BuddyPurpose, b: BuddyPurpose): string[] {
  const kinds = (purpose: BuddyPurpose) => (purpose === "both" ? ["training", "accountability"] : [purpose]);
  return kinds(a).filter((kind) => kinds(b).includes(kind));
}

/** Of what is in both lists, up to `enough` things count: three make all the points, unless said otherwise. */
function shared(kind: ReasonKind, a: readonly string[], b: readonly string[], enough = 3): Reason {
  const common = [...new Set(a)].filter((one) => b.includes(one)).toSorted();
  return reason(kind, common, Math.min(1, common.length / enough));
}

function levelShare(a: BuddyLevel | null, b: BuddyLevel | null): number {
  if (a === null || b === null) return 0;
  return [1, 0.5, 0][Math.abs(BUDDY_LEVELS.indexOf(a) - BUDDY_LEVELS.indexOf(b))] ?? 0;
}

function reason(kind: ReasonKind, common: readonly string[], share: number): Reason {
  return { kind, points: Math.round(MOST_POINTS[kind] * share), common };
}

function bits(mask: number): number {
  let n = 0;
  for (let rest = mask; rest !== 0; rest >>>= 1) n += rest & 1;
  return n;
}

/** The times of a mask, as `monday_morning`. */
export function timesIn(mask: number): string[] {
  return DAYS.flatMap((day, d) => DAY_PARTS.flatMap((part, p) => ((mask >>> (d * 4 + p)) & 1 ? [`${day}_${part}`] : [])));
}

/** The mask of times. Names that are none count for nothing. */
export function maskOf(times: readonly string[]): number {
  return DAYS.reduce(
    (mask, day, d) => DAY_PARTS.reduce((all, part, p) => (times.includes(`${day}_${part}`) ? all | (1 << (d * 4 + p)) : all), mask),
    0,
  );
}
