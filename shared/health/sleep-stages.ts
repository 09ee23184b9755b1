import type { SleepStage } from "./reading";

export { SLEEP_STAGES, type SleepStage } from "./reading";

/**
 * Each source's own sleep stages → Meridian's. Numbers are the source's codes; names are compared without case,
 * separators and the source's constant prefix. Google's RESTLESS (classic sleep logs) counts as awake by our choice.
 */
const STAGES = {
  healthkit: {
    0: "in_bed",
    1: "asleep_unspecified",
    2: "awake",
    3: "light",
    4: "deep",
    5: "rem",
    inbed: "in_bed",
    asleep: "asleep_unspecified",
    asleepunspecified: "asleep_unspecified",
    awake: "awake",
    asleepcore: "light",
    core: "light",
    light: "light",
    asleepdeep: "deep",
    deep: "deep",
    asleeprem: "rem",
    rem: "rem",
  },
  health_connect: {
    0: "unknown",
    1: "awake",
    2: "asleep_unspecified",
    3: "out_of_bed",
    4: "light",
    5: "deep",
    6: "rem",
    7: "awake",
    unknown: "unknown",
    awake: "awake",
    awakeinbed: "awake",
    sleeping: "asleep_unspecified",
    asleep: "asleep_unspecified",
    outofbed: "out_of_bed",
    light: "light",
    deep: "deep",
    rem: "rem",
  },
  google_health: {
    awake: "awake",
    wake: "awake",
    restless: "awake",
    light: "light",
    deep: "deep",
    rem: "rem",
    asleep: "asleep_unspecified",
  },
  samsung: {
    40001: "awake",
    40002: "light",
    40003: "deep",
    40004: "rem",
    awake: "awake",
    light: "light",
    deep: "deep",
    rem: "rem",
    asleep: "asleep_unspecified",
    sleeping: "asleep_unspecified",
    inbed: "in_bed",
    outofbed: "out_of_bed",
  },
  oura: { 1: "deep", 2: "light", 3: "rem", 4: "awake" },
  withings: {
    0: "awake",
    1: "light",
    2: "deep",
    3: "rem",
    4: "asleep_unspecified",
    5: "asleep_unspecified",
    15: "out_of_bed",
  },
  garmin: { awake: "awake", light: "light", deep: "deep", rem: "rem", unmeasurable: "unknown" },
  polar: { 0: "awake", 1: "rem", 2: "light", 3: "light", 4: "deep", 5: "unknown" },
} as const satisfies Record<string, Readonly<Record<string, SleepStage>>>;

/** Doors that speak another platform's language. */
const SAME_AS = {
  apple_health_export: "healthkit",
  fitbit: "google_health",
  samsung_health: "samsung",
} as const satisfies Record<string, keyof typeof STAGES>;

export type SleepPlatform = keyof typeof STAGES | keyof typeof SAME_AS;

const tableOf = (platform: keyof typeof STAGES): ReadonlyMap<string, SleepStage> =>
  new Map<string, SleepStage>(Object.entries(STAGES[platform]));

const TABLES: Readonly<Record<SleepPlatform, ReadonlyMap<string, SleepStage>>> = {
  healthkit: tableOf("healthkit"),
  health_connect: tableOf("health_connect"),
  google_health: tableOf("google_health"),
  samsung: tableOf("samsung"),
  oura: tableOf("oura"),
  withings: tableOf("withings"),
  garmin: tableOf("garmin"),
  polar: tableOf("polar"),
  apple_health_export: tableOf(SAME_AS.apple_health_export),
  fitbit: tableOf(SAME_AS.fitbit),
  samsung_health: tableOf(SAME_AS.samsung_health),
};

const PREFIX = /^(hkcategoryvaluesleepanalysis|stagetype|sleepstagetype|sleepstage|stage)(?=[a-z])/;

/**
 * The stage a source means by a number or a name (`4`, `"4"`, `HKCategoryValueSleepAnalysisAsleepCore`,
 * `STAGE_TYPE_LIGHT`, `RESTLESS`). A value the source is not known to use is `unknown`, never a guess.
 */
export function sleepStage(platform: SleepPlatform, value: string | number): SleepStage {
  const text = String(value).trim();
  const name = /^[-+]?[\d.]+$/.test(text)
    ? text
    : text
        .toLowerCase()
        .replace(/[^a-z0-9]/g, "")
        .replace(PREFIX, "");
  return TABLES[platform].get(name) ?? "unknown";
}
