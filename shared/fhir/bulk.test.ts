import { describe, expect, test } from "vitest";
import { filtersOf, readBulk } from "./bulk";

describe("the parameters of an export", () => {
  test("name types, an instant and searches", () => {
    const params = [
      ["_type", "Patient,Observation"],
      ["_type", "Patient"],
      ["_since", "2026-01-02T03:04:05Z"],
      ["_typeFilter", "Observation?code=8867-4,29463-7&date=ge2026,Condition?clinical-status=active"],
      ["_outputFormat", "application/fhir ndjson"],
    ] as const;
    expect(readBulk(params, false)).toEqual({
      types: ["Patient", "Observation"],
      since: "2026-01-02T03:04:05Z",
      filters: {
        Observation: [
          [
            ["code", "8867-4,29463-7"],
            ["date", "ge2026"],
          ],
        ],
        Condition: [[["clinical-status", "active"]]],
      },
    });
  });

  test("name several searches of one type, of which one must hold", () => {
    const ask = readBulk(
      [
        ["_typeFilter", "Observation?code=1,Observation?code=2"],
        ["_typeFilter", "Observation?date=ge2026"],
      ],
      false,
    );
    expect(filtersOf(ask, "Observation")).toEqual([[["code", "1"]], [["code", "2"]], [["date", "ge2026"]]]);
    expect(filtersOf(ask, "Condition")).toEqual([]);
    expect(() =>
      readBulk(
        Array.from({ length: 11 }, () => ["_typeFilter", "Observation?code=1"] as const),
        false,
      ),
    ).toThrow();
    const before = { filters: { Observation: [["code", "1"]] } } as unknown as Parameters<typeof filtersOf>[0];
    expect(filtersOf(before, "Observation"), "as jobs of before are written").toEqual([[["code", "1"]]]);
  });

  test.each(["application/fhir+ndjson", "application/ndjson", "ndjson"])("%s is the format", (format) => {
    expect(readBulk([["_outputFormat", format]], false)).toEqual({ filters: {} });
  });

  test.each([
    ["_outputFormat", "text/csv"],
    ["_type", "Nonsense"],
    ["_since", "yesterday"],
    ["_since", "2026-01-02"],
    ["_typeFilter", "Observation"],
    ["_typeFilter", "Observation?_include=Observation:subject"],
    ["_elements", "id"],
  ])("%s=%s cannot be done", (name, value) => {
    expect(() => readBulk([[name, value]], false)).toThrow();
  });

  test("a lenient client gets what is left", () => {
    expect(
      readBulk(
        [
          ["_type", "Nonsense,Patient"],
          ["_elements", "id"],
        ],
        true,
      ),
    ).toEqual({ types: ["Patient"], filters: {} });
  });
});
