import { WORKOUT_NAMES, type WorkoutType } from "./workout-names";
import { HEALTH_CONNECT_NUMBERS, HEALTH_KIT_NUMBERS, SAMSUNG_NUMBERS } from "./workout-numbers";

export type { WorkoutType } from "./workout-names";

const isType = (name: string): name is WorkoutType => Object.hasOwn(WORKOUT_NAMES, name);

/** Every canonical workout type. */
export const WORKOUT_TYPES: readonly WorkoutType[] = Object.keys(WORKOUT_NAMES).filter(isType);

/** Numbers and names that mean something else, or more, on one platform than in general. */
interface PlatformTable {
  readonly numbers?: Readonly<Record<number, WorkoutType>>;
  readonly names?: Readonly<Record<string, WorkoutType>>;
}

const PLATFORMS: Readonly<Record<string, PlatformTable>> = {
  healthkit: { numbers: HEALTH_KIT_NUMBERS },
  health_connect: { numbers: HEALTH_CONNECT_NUMBERS },
  samsung: { numbers: SAMSUNG_NUMBERS, names: { football: "soccer" } },
};

/** Doors that speak another platform's language. */
const SAME_AS: Readonly<Record<string, string>> = {
  apple_health_export: "healthkit",
  samsung_health: "samsung",
};

const byName = new Map<string, WorkoutType>();
for (const type of WORKOUT_TYPES) {
  byName.set(type, type);
  for (const name of WORKOUT_NAMES[type]) byName.set(name, type);
}

const PREFIX = /^(hk_?workout_activity_type|exercise_session_type|exercise_type)_/;

/** `HKWorkoutActivityTypeTaiChi`, `EXERCISE_TYPE_TAI_CHI`, `Tai Chi`, `taiChi` → `tai_chi`. */
function snake(name: string): string {
  return name
    .trim()
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_|_$/g, "")
    .replace(PREFIX, "");
}

/**
 * The canonical type of a vendor's workout, by the platform's constant name, a plain name in any spelling, or the
 * platform's number (as number or digits). Platforms without a table of their own (`google_health`, `generic`, any
 * vendor) use the common names. An unknown one is `other` and keeps the vendor's own name; nothing is guessed.
 */
export function workoutType(platform: string, name: string | number): { readonly type: WorkoutType; readonly vendorName?: string } {
  const own = Object.hasOwn(SAME_AS, platform) ? (SAME_AS[platform] ?? platform) : platform;
  const table = Object.hasOwn(PLATFORMS, own) ? PLATFORMS[own] : undefined;
  const text = String(name);
  const key = snake(text);
  const type = /^\d+$/.test(text) ? table?.numbers?.[Number(text)] : (table?.names?.[key] ?? byName.get(key));
  return type ? { type } : { type: "other", vendorName: text };
}
