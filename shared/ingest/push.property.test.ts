import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isProblem } from "../problem";
import { flatten, NOW, push, refusal, sizeOf } from "./flatten.fixture";
import { parsePush, type Platform, PLATFORMS } from "./push";

const AT = "2026-11-20T07:30:00Z";
const heart = (changes: Record<string, unknown> = {}) => ({
  id: "a",
  type: "HKQuantityTypeIdentifierHeartRate",
  startDate: AT,
  endDate: AT,
  value: 61,
  unit: "count/min",
  ...changes,
});

describe("whatever arrives", () => {
  const key = fc.constantFrom(
    "id",
    "type",
    "startDate",
    "endDate",
    "startTime",
    "time",
    "value",
    "unit",
    "samples",
    "stages",
    "stage",
    "metadata",
    "source",
    "values",
    "route",
    "laps",
    "deltas",
    "objects",
    "parentId",
    "zoneOffset",
    "systolic",
    "diastolic",
    "__proto__",
  );
  const leaf = fc.oneof(
    fc.constantFrom(
      "HKQuantityTypeIdentifierHeartRate",
      "BloodPressureSystolic",
      "BloodPressureDiastolic",
      "BloodPressure",
      "Food",
      "SleepAnalysis",
      "SleepSession",
      "Nutrition",
      "HeartRate",
      "ExerciseSession",
      "SkinTemperature",
      "menstrual_flow",
      AT,
      "2026-11-20T07:30:00+01:00",
      "kg",
      "count/min",
      "p1",
    ),
    fc.string(),
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ depthSize: "small" }, leaf, fc.array(tie("tree"), { maxLength: 4 }), fc.dictionary(key, tie("tree"), { maxKeys: 8 })),
  }));
  const record = fc.oneof({ weight: 4, arbitrary: fc.dictionary(key, tree, { minKeys: 3 }) }, { weight: 1, arbitrary: tree });
  const list = fc.array(record, { maxLength: 12 });
  const platform = fc.constantFrom<Platform>(...PLATFORMS);

  it("is a problem or a batch that accounts for every reading", () => {
    fc.assert(
      fc.property(
        platform,
        fc.oneof(tree, fc.record({ data: fc.record({ records: list, sleep: list, workouts: list }), deleted: list })),
        (where, body) => {
          try {
            const { batch, rejected, total } = parsePush(where, JSON.stringify(body), NOW);
            expect(sizeOf(batch) + rejected.length).toBe(total);
            expect(flatten(batch).every((r) => r.value === null || Number.isFinite(r.value))).toBe(true);
          } catch (error) {
            if (!isProblem(error)) throw error;
            expect(["malformed", "invalid"]).toContain(error.code);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("means the same in any order", () => {
    const records = [
      heart(),
      heart({ id: "b", startDate: "2026-11-20T08:00:00Z", endDate: undefined, source: { name: "Watch" } }),
      { id: "s", parentId: "bp", type: "BloodPressureSystolic", startDate: AT, value: 118, unit: "mmHg" },
      { id: "d", parentId: "bp", type: "BloodPressureDiastolic", startDate: AT, value: 76, unit: "mmHg" },
      { id: "s2", type: "BloodPressureSystolic", startDate: AT, value: 121, unit: "mmHg" },
      { id: "d2", type: "BloodPressureDiastolic", startDate: AT, value: 79, unit: "mmHg" },
      { id: "d3", type: "BloodPressureDiastolic", startDate: AT, value: 81, unit: "mmHg" },
      heart({ id: "bad", value: null }),
    ];
    const summary = (list: readonly unknown[]) => {
      const { batch, rejected, total } = push("healthkit", { records: list });
      const lines = flatten(batch).map((r) => JSON.stringify(r));
      return { lines: lines.toSorted(), rejected: rejected.map((r) => `${r.id} ${r.reason}`).toSorted(), total };
    };
    const expected = summary(records);
    expect(expected.rejected).toEqual(["bad missing_value", "d3 incomplete_panel"]);
    fc.assert(
      fc.property(fc.shuffledSubarray(records, { minLength: records.length }), (list) => {
        expect(summary(list)).toEqual(expected);
      }),
    );
  });

  it("is read alike as text and as bytes", () => {
    const text = JSON.stringify({ data: { records: [heart()] } });
    expect(parsePush("healthkit", new TextEncoder().encode(text), NOW)).toEqual(parsePush("healthkit", text, NOW));
    expect(refusal("healthkit", heart())).toBeUndefined();
  });
});
