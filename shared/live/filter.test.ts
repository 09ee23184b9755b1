import { expect, test } from "vitest";
import { metricFilter, parseMetricFilter } from "./filter";

test("equal sets of metrics give equal filters", () => {
  expect(parseMetricFilter("steps,heart_rate,steps")).toEqual(["heart_rate", "steps"]);
  expect(metricFilter(["heart_rate", "steps"])).toEqual(parseMetricFilter("steps,heart_rate"));
});

test("nothing asked for is everything", () => {
  expect(parseMetricFilter(undefined)).toBeUndefined();
  expect(parseMetricFilter("")).toBeUndefined();
  expect(metricFilter([])).toBeUndefined();
});

test("an unknown metric is refused", () => {
  expect(() => parseMetricFilter("heart_rate,mood_ring")).toThrow(expect.objectContaining({ code: "unknown_metric" }));
  expect(() => parseMetricFilter("__proto__")).toThrow(expect.objectContaining({ code: "unknown_metric" }));
});
