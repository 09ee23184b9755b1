/** What the control plane laid over a person's generated data: held back, deleted, corrected or added points. */
import type { Person, Point } from "../person.ts";
import { inOrder, pointsStartingOn } from "../person.ts";
import { dayOf } from "../person/civil.ts";
import { instant, int64 } from "../person/wire.ts";
import type { Json, JsonObject } from "../person/wire.ts";
import type { TypeInfo } from "../points/catalogue.ts";
import type { State } from "./state.ts";

export interface Overlay {
  held: { fromMs: number; toMs: number; untilMs: number }[];
  deleted: { fromMs: number; toMs: number }[];
  deletedIds: Set<string>;
  corrections: { fromMs: number; toMs: number; factor?: number; patch?: JsonObject; atMs: number }[];
  added: Point[];
}

const within = (ms: number, span: { fromMs: number; toMs: number }): boolean => ms >= span.fromMs && ms < span.toMs;

/** The overlay of a person and type, made on first use. */
export function overlayOf(state: State, person: Person, type: string): Overlay {
  const id = `${person.name}|${type}`;
  let overlay = state.overlays.get(id);
  if (!overlay) {
    overlay = { held: [], deleted: [], deletedIds: new Set(), corrections: [], added: [] };
    state.overlays.set(id, overlay);
  }
  return overlay;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Deep merge of a patch into a value; arrays and scalars are replaced. */
export function merged(value: JsonObject, patch: JsonObject): JsonObject {
  const result: JsonObject = { ...value };
  for (const [field, change] of Object.entries(patch)) {
    const old = result[field];
    result[field] = isObject(old) && isObject(change) ? merged(old, change) : change;
  }
  return result;
}

function corrected(point: Point, info: TypeInfo, correction: Overlay["corrections"][number]): Point {
  let value = correction.patch ? merged(point.value, correction.patch) : point.value;
  const old = info.measure ? value[info.measure] : undefined;
  if (info.measure && correction.factor !== undefined && old !== undefined) {
    const scaled = Number(old) * correction.factor;
    value = { ...value, [info.measure]: typeof old === "string" ? int64(scaled) : scaled };
  }
  if ("updateTime" in value) value = { ...value, updateTime: instant(correction.atMs) };
  return { ...point, value };
}

/** Points of one civil day that the vendor holds now, ascending. */
export function visibleOn(state: State, person: Person, info: TypeInfo, day: number): Point[] {
  const now = state.clock.now();
  const synced = state.syncedUpTo.get(person.name) ?? 0;
  const generated = pointsStartingOn(person, info.name, day);
  const overlay = state.overlays.get(`${person.name}|${info.name}`);
  const arrived = (point: Point): boolean => point.endMs <= now && (point.availableAtMs <= now || point.endMs <= synced);
  if (!overlay) return generated.filter(arrived);
  const points = generated.filter(
    (point) => arrived(point) && !overlay.deletedIds.has(point.id) && !overlay.deleted.some((span) => within(point.startMs, span)),
  );
  points.push(...overlay.added.filter((point) => dayOf(person.zone, point.startMs) === day && point.availableAtMs <= now));
  return points
    .filter((point) => !overlay.held.some((span) => within(point.startMs, span) && now < span.untilMs))
    .map((point) => overlay.corrections.reduce((p, c) => (within(p.startMs, c) ? corrected(p, info, c) : p), point))
    .sort(inOrder);
}
