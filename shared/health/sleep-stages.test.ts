import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { SLEEP_STAGES, type SleepPlatform, type SleepStage, sleepStage } from "./sleep-stages";

const CASES: readonly (readonly [SleepPlatform, string | number, SleepStage])[] = [
  ["healthkit", 0, "in_bed"],
  ["healthkit", 1, "asleep_unspecified"],
  ["healthkit", 2, "awake"],
  ["healthkit", 3, "light"],
  ["healthkit", 4, "deep"],
  ["healthkit", 5, "rem"],
  ["apple_health_export", "HKCategoryValueSleepAnalysisInBed", "in_bed"],
  ["apple_health_export", "HKCategoryValueSleepAnalysisAsleep", "asleep_unspecified"],
  ["apple_health_export", "HKCategoryValueSleepAnalysisAsleepUnspecified", "asleep_unspecified"],
  ["apple_health_export", "HKCategoryValueSleepAnalysisAwake", "awake"],
  ["apple_health_export", "HKCategoryValueSleepAnalysisAsleepCore", "light"],
  ["apple_health_export", "HKCategoryValueSleepAnalysisAsleepDeep", "deep"],
  ["apple_health_export", "HKCategoryValueSleepAnalysisAsleepREM", "rem"],
  ["healthkit", "inBed", "in_bed"],
  ["healthkit", "asleepCore", "light"],
  ["health_connect", 0, "unknown"],
  ["health_connect", 1, "awake"],
  ["health_connect", 2, "asleep_unspecified"],
  ["health_connect", 3, "out_of_bed"],
  ["health_connect", 4, "light"],
  ["health_connect", 5, "deep"],
  ["health_connect", 6, "rem"],
  ["health_connect", 7, "awake"],
  ["health_connect", "STAGE_TYPE_SLEEPING", "asleep_unspecified"],
  ["health_connect", "STAGE_TYPE_AWAKE_IN_BED", "awake"],
  ["health_connect", "OUT_OF_BED", "out_of_bed"],
  ["google_health", "AWAKE", "awake"],
  ["google_health", "RESTLESS", "awake"],
  ["google_health", "LIGHT", "light"],
  ["google_health", "DEEP", "deep"],
  ["google_health", "REM", "rem"],
  ["google_health", "ASLEEP", "asleep_unspecified"],
  ["fitbit", "wake", "awake"],
  ["samsung", 40002, "light"],
  ["samsung_health", "DEEP", "deep"],
  ["oura", "1", "deep"],
  ["oura", 2, "light"],
  ["oura", 3, "rem"],
  ["oura", 4, "awake"],
  ["withings", 0, "awake"],
  ["withings", 1, "light"],
  ["withings", 2, "deep"],
  ["withings", 3, "rem"],
  ["withings", 4, "asleep_unspecified"],
  ["withings", 5, "asleep_unspecified"],
  ["withings", 15, "out_of_bed"],
  ["garmin", "deep", "deep"],
  ["garmin", "light", "light"],
  ["garmin", "rem", "rem"],
  ["garmin", "awake", "awake"],
  ["garmin", "unmeasurable", "unknown"],
  ["polar", 0, "awake"],
  ["polar", 1, "rem"],
  ["polar", 2, "light"],
  ["polar", 3, "light"],
  ["polar", 4, "deep"],
  ["polar", 5, "unknown"],
];

describe("sleepStage", () => {
  it.each(CASES)("%s %s is %s", (platform, value, stage) => {
    expect(sleepStage(platform, value)).toBe(stage);
  });

  it("never guesses: the same digit differs between sources, an unknown one is unknown", () => {
    expect(sleepStage("oura", 9)).toBe("unknown");
    expect(sleepStage("garmin", "constructor")).toBe("unknown");
    expect(sleepStage("healthkit", -1)).toBe("unknown");
  });

  it("always answers a stage", () => {
    const platforms = fc.constantFrom(...new Set(CASES.map(([platform]) => platform)));
    fc.assert(
      fc.property(platforms, fc.oneof(fc.string(), fc.integer()), (platform, value) => {
        expect(SLEEP_STAGES).toContain(sleepStage(platform, value));
      }),
    );
  });
});
