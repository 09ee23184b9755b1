import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dateClauses, satisfies, startBounds } from "./date-search";

const ZONE = "Europe/Berlin";
const at = (text: string) => Date.parse(text);
const NOW = at("2026-11-21T00:00:00Z");

/** R4, search.html#date: target period × prefix, with the parameter 2026-11-20 in Berlin (23:00Z to 23:00Z). */
const TARGETS = {
  before: ["2026-11-19T10:00:00Z", "2026-11-19T11:00:00Z"],
  intoIt: ["2026-11-19T22:00:00Z", "2026-11-20T05:00:00Z"],
  within: ["2026-11-20T07:00:00Z", "2026-11-20T08:00:00Z"],
  instant: ["2026-11-20T07:00:00Z", "2026-11-20T07:00:00Z"],
  outOfIt: ["2026-11-20T22:00:00Z", "2026-11-21T05:00:00Z"],
  around: ["2026-11-19T10:00:00Z", "2026-11-21T11:00:00Z"],
  after: ["2026-11-21T10:00:00Z", "2026-11-21T11:00:00Z"],
} as const;

describe("a date search", () => {
  test.each([
    ["eq", ["within", "instant"]],
    ["ne", ["before", "intoIt", "outOfIt", "around", "after"]],
    ["gt", ["outOfIt", "around", "after"]],
    ["lt", ["before", "intoIt", "around"]],
    ["ge", ["within", "instant", "outOfIt", "around", "after"]],
    ["le", ["before", "intoIt", "within", "instant", "around"]],
    ["sa", ["after"]],
    ["eb", ["before"]],
    ["ap", ["intoIt", "within", "instant", "outOfIt", "around"]],
  ])("%s2026-11-20 finds what the specification says", (prefix, wanted) => {
    const clauses = dateClauses([`${prefix}2026-11-20`], ZONE, NOW)!;
    const found = Object.entries(TARGETS).filter(([, [start, end]]) => satisfies(clauses, at(start), at(end)));
    expect(found.map(([name]) => name)).toEqual(wanted);
  });

  test.each([
    ["2026", "2025-12-31T23:00:00Z", "2026-12-31T23:00:00Z"],
    ["2026-11", "2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z"],
    ["2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"],
    ["2026-11-20T07:30", "2026-11-20T06:30:00Z", "2026-11-20T06:31:00Z"],
    ["2026-11-20T07:30:15Z", "2026-11-20T07:30:15Z", "2026-11-20T07:30:16Z"],
    ["2026-11-20T07:30:15.250+02:00", "2026-11-20T05:30:15.250Z", "2026-11-20T05:30:15.251Z"],
  ])("%s means its whole precision", (text, from, to) => {
    expect(dateClauses([text], ZONE, NOW)).toEqual([
      [{ field: "start", op: ">=", value: at(from) }],
      [{ field: "end", op: "<", value: at(to) }],
    ]);
  });

  test.each(["", "yesterday", "2026-13", "2026-02-30", "2026-11-20T25:00", "xx2026-11-20", "2026-11-20 07:30", "20261120"])(
    "%j is refused",
    (text) => {
      expect(dateClauses([text], ZONE, NOW)).toBeUndefined();
    },
  );

  test("alternatives are a union", () => {
    const clauses = dateClauses(["2026-11-18", "2026-11-20"], ZONE, NOW)!;
    expect(
      ["2026-11-18T12:00:00Z", "2026-11-19T12:00:00Z", "2026-11-20T12:00:00Z"].map((text) => satisfies(clauses, at(text), at(text))),
    ).toEqual([true, false, true]);
  });

  test("its bounds on the start never lose a match", () => {
    const value = fc
      .tuple(fc.constantFrom("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"), fc.integer({ min: 1, max: 28 }))
      .map(([prefix, day]) => `${prefix}2026-11-${String(day).padStart(2, "0")}`);
    const span = fc.tuple(fc.integer({ min: 0, max: 30 * 24 }), fc.integer({ min: 0, max: 48 }));
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 3 }), span, (values, [startHour, hours]) => {
        const clauses = values.flatMap((one) => dateClauses([one], ZONE, NOW)!);
        const start = at("2026-11-01T00:00:00Z") + startHour * 3_600_000;
        const { from, to } = startBounds(clauses, 48 * 3_600_000);
        if (satisfies(clauses, start, start + hours * 3_600_000)) expect(start >= from && start < to).toBe(true);
      }),
    );
  });
});
