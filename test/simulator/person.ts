/**
 * The simulated person's data as a pure function of seed, type and time: any window may be asked for, in any order, and
 * always holds the same points. Nothing here knows the current time; what has already reached the vendor is decided by
 * `availableAtMs`.
 */
import { dayOf, dayStart } from "./person/civil.ts";
import type { Person } from "./person/traits.ts";
import { typeInfo } from "./points/catalogue.ts";
import type { DataType } from "./points/catalogue.ts";
import { syncedAt } from "./points/point.ts";
import type { Point } from "./points/point.ts";

export { KNOWN_NAMES, makePerson } from "./person/traits.ts";
export type { Person } from "./person/traits.ts";
export { DATA_TYPES } from "./points/catalogue.ts";
export type { DataType } from "./points/catalogue.ts";
export type { Point } from "./points/point.ts";

const RANK = { watch: 0, derived: 0, scale: 1, cgm: 2, manual: 3, phone: 4 } as const;

/** Ascending by start, then by origin. */
export function inOrder(a: Point, b: Point): number {
  return a.startMs - b.startMs || RANK[a.origin] - RANK[b.origin] || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

const cache = new Map<string, readonly Point[]>();

/** Points generated for a civil day; a night belongs to the day it ends on, so its points may start the evening before. */
function generated(person: Person, type: DataType, day: number): readonly Point[] {
  if (day < person.memberSince) return [];
  const id = `${person.key}|${person.zone}|${type}|${day}`;
  const known = cache.get(id);
  if (known) return known;
  if (cache.size > 160) cache.clear();
  const info = typeInfo(type);
  const seen = new Map<string, number>();
  const points = (info?.generate(person, day) ?? []).map((draft): Point => {
    const base = `${draft.startMs}-${draft.origin}`;
    const times = seen.get(base) ?? 0;
    seen.set(base, times + 1);
    return { ...draft, id: times ? `${base}-${times}` : base, availableAtMs: draft.availableAtMs ?? syncedAt(person, draft.endMs) };
  });
  points.sort(inOrder);
  cache.set(id, points);
  return points;
}

/** Points that start on a civil day of the person's zone, ascending. */
export function pointsStartingOn(person: Person, type: DataType, day: number): Point[] {
  const from = dayStart(person.zone, day);
  const to = dayStart(person.zone, day + 1);
  return [...generated(person, type, day), ...generated(person, type, day + 1)]
    .filter((point) => point.startMs >= from && point.startMs < to)
    .sort(inOrder);
}

/**
 * Points whose start lies in `[fromMs, toMs)`, ascending by start.
 * Pure: the union of two adjacent windows is the window over both.
 */
export function pointsBetween(person: Person, type: DataType, fromMs: number, toMs: number): Point[] {
  const points: Point[] = [];
  for (let day = dayOf(person.zone, fromMs); day <= dayOf(person.zone, toMs); day += 1) {
    for (const point of pointsStartingOn(person, type, day)) {
      if (point.startMs >= fromMs && point.startMs < toMs) points.push(point);
    }
  }
  return points;
}
