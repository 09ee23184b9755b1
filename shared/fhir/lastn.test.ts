import { expect, test } from "vitest";
import { newestOfEach } from "./lastn";

const LOINC = "http://loinc.org";
const one = (id: string, at: number, ...codes: [string, string][]) => ({
  resourceType: "Observation",
  id,
  at,
  code: { coding: codes.map(([system, code]) => ({ system, code })) },
});
const timeOf = (observation: Readonly<Record<string, unknown>>) => Number(observation["at"]);

test("Observations that share a LOINC code are one group, by way of others too, and each gives its newest", () => {
  const all = [one("a", 1, [LOINC, "2708-6"], [LOINC, "59408-5"]), one("b", 3, [LOINC, "59408-5"]), one("c", 2, [LOINC, "2708-6"])];
  expect(newestOfEach(all, 2, timeOf).map(({ id }) => id)).toEqual(["b", "c"]);
});

test("A code of our own that a day's total and its parts share does not make them one group", () => {
  const own: [string, string] = ["urn:meridian:metric", "steps"];
  const all = [one("part", 2, [LOINC, "55423-8"], own), one("day", 1, [LOINC, "41950-7"], own)];
  expect(newestOfEach(all, 1, timeOf).map(({ id }) => id)).toEqual(["part", "day"]);
});
