import { describe, expect, it } from "vitest";
import { metric, metricByHealthKit } from "./catalogue";
import { suspectBelow, suspectedUnit, UNIT_SUSPECTS } from "./unit-suspects";

describe("a value in the wrong unit", () => {
  it.each([
    ["blood_glucose", 5.5, "mmol/L"],
    ["cgm_glucose", 1_800, "mg/dL"],
    ["body_temperature", 98.6, "[degF]"],
    ["spo2", 0.97, "1"],
    ["hrv_rmssd", 0.042, "s"],
  ])("of %s %d is recognised", (key, value, unit) => {
    expect(suspectedUnit(key, value)).toBe(unit);
  });

  it("is never one that is plausible as it came", () => {
    for (const { metrics, range } of UNIT_SUSPECTS)
      for (const key of metrics) {
        const [low, high] = metric(key)?.bounds ?? [0, 0];
        expect(range[1] < low || range[0] > high, `${key} ${range.join("–")}`).toBe(true);
        expect(range[0] > range[1]).toBe(false);
      }
  });

  it("takes the rest of its series with it", () => {
    expect(suspectBelow("blood_glucose", [4.5, 6.1, 11.2])).toBe(35);
    expect(suspectBelow("blood_glucose", [95, 110, 6])).toBeUndefined();
    expect(suspectBelow("heart_rate", [4, 5, 6])).toBeUndefined();
  });
});

it("the two measures of heart rate variability are two metrics: HealthKit's is SDNN", () => {
  expect(metricByHealthKit("HKQuantityTypeIdentifierHeartRateVariabilitySDNN")?.key).toBe("hrv_sdnn");
  expect(metric("hrv_sdnn")?.code).not.toBe(metric("hrv_rmssd")?.code);
});
