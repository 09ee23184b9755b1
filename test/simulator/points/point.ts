/** A data point before it is put on the wire, and the small tools its generators share. */
import { HOUR, MINUTE } from "../person/civil.ts";
import { between, chance, hash } from "../person/random.ts";
import type { Person } from "../person/traits.ts";
import type { JsonObject } from "../person/wire.ts";

/** Where a point comes from; decides its `dataSource` and which families it belongs to. */
export type Origin = "watch" | "derived" | "phone" | "scale" | "manual" | "cgm";

export interface Draft {
  startMs: number;
  endMs: number;
  origin: Origin;
  value: JsonObject;
  /** When the vendor has it; by default the next sync after the end. */
  availableAtMs?: number;
}
export interface Point extends Draft {
  /** Unique within person and type, stable over time. */
  id: string;
  availableAtMs: number;
}
export type Generator = (person: Person, day: number) => Draft[];

/**
 * When a point reaches the vendor. The watch syncs every fifteen minutes; about one six-hour block in twenty-five stays
 * on the watch and arrives 4–20 hours later.
 */
export function syncedAt(person: Person, endMs: number): number {
  const slot = Math.ceil(endMs / (15 * MINUTE)) * 15 * MINUTE + (hash(person.key, "sync", Math.ceil(endMs / (15 * MINUTE))) % 60) * 1000;
  const block = Math.floor(endMs / (6 * HOUR));
  if (!chance(0.04, person.key, "late", block)) return slot;
  return (block + 1) * 6 * HOUR + Math.round(between(4, 20, person.key, "late-by", block) * HOUR);
}

/** Public resource id of a point: a long decimal, as the vendor's are. */
export function resourceId(person: Person, type: string, id: string): string {
  const high = BigInt(hash(person.key, type, id, "high") % 0x1fffffff);
  return String(high * 4294967296n + BigInt(hash(person.key, type, id, "low")));
}

/** `dataSource` of an origin. */
export function dataSource(person: Person, origin: Origin): JsonObject {
  switch (origin) {
    case "watch":
      return { platform: "FITBIT", device: { ...person.watch }, recordingMethod: "PASSIVELY_MEASURED" };
    case "derived":
      return { platform: "FITBIT", device: { ...person.watch }, recordingMethod: "DERIVED" };
    case "phone":
      return {
        platform: "HEALTH_CONNECT",
        device: { displayName: "Pixel 10", manufacturer: "Google", formFactor: "PHONE" },
        recordingMethod: "PASSIVELY_MEASURED",
        application: { packageName: "com.google.android.apps.healthdata" },
      };
    case "scale":
      return {
        platform: "FITBIT",
        device: { displayName: "Aria Air", manufacturer: "Fitbit", formFactor: "SCALE" },
        recordingMethod: "ACTIVELY_MEASURED",
      };
    case "cgm":
      return {
        platform: "HEALTH_CONNECT",
        device: { displayName: "Glucose sensor", manufacturer: "Abbott" },
        recordingMethod: "PASSIVELY_MEASURED",
        application: { packageName: "com.freestylelibre3.app" },
      };
    case "manual":
      return { platform: "FITBIT", recordingMethod: "MANUAL" };
  }
}
