import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normaliseUnit } from "../health/units";
import { LAB_TESTS, labTestByName, plainName } from "./catalogue";
import { inCanonicalUnit, likelierUnit, readResult, testOf } from "./read-result";
import type { LabDraft } from "./result";
import { COMPARATORS, decimal, interpret, numberOf, rangeOf } from "./value";
import { fromHl7Time, whenOf } from "./when";

const AT = Date.UTC(2026, 10, 20);
const NOBODY = { birthDate: null, sex: null };

function draft(change: Partial<LabDraft>): LabDraft {
  return {
    identity: "one",
    type: "OBX",
    version: 1,
    source: "hl7v2",
    status: "final",
    at: "2026-11-20",
    name: "Glucose",
    codings: [{ system: "http://loinc.org", code: "2345-7" }],
    value: { number: 95 },
    unit: "mg/dL",
    ranges: [],
    ...change,
  };
}

describe("the catalogue of tests", () => {
  test("names every code and every name once, in units that exist", () => {
    const codes = LAB_TESTS.flatMap(({ loinc }) => loinc);
    expect(new Set(codes).size).toBe(codes.length);
    const names = LAB_TESTS.flatMap(({ title, synonyms }) => [...new Set([title, ...synonyms].map(plainName))]);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
    for (const { unit, otherUnits, bounds, ranges, loinc } of LAB_TESTS) {
      expect(normaliseUnit(unit)).toBe(unit);
      for (const other of otherUnits) expect(normaliseUnit(other.unit)).toBe(other.unit);
      for (const code of loinc) expect(isCheckedLoinc(code), code).toBe(true);
      for (const { low = bounds?.[0] ?? 0, high = bounds?.[1] ?? 0 } of ranges) {
        expect(low).toBeLessThan(high);
        expect(low).toBeGreaterThanOrEqual(bounds?.[0] ?? low);
        expect(high).toBeLessThanOrEqual(bounds?.[1] ?? high);
      }
    }
  });

  test.each([
    ["glucose", 5.5, "mmol/L", 99.08],
    ["creatinine", 88.42, "umol/L", 1],
    ["cholesterol_total", 5, "mmol/L", 193.35],
    ["hba1c", 39, "mmol/mol", 5.7185],
    ["vitamin_d", 50, "nmol/L", 20.03],
    ["hemoglobin", 8.7, "mmol/L", 14.02],
    ["calcium", 2.4, "mmol/L", 9.62],
    ["potassium", 4, "meq/L", 4],
    ["leukocytes", 7_500, "/uL", 7.5],
    ["albumin", 42, "g/L", 4.2],
    ["alt", 25, "[iU]/L", 25],
    ["tsh", 2.5, "u[IU]/mL", 2.5],
  ])("%s is converted from %d %s", (key, value, unit, expected) => {
    const found = LAB_TESTS.find((one) => one.key === key);
    expect(found && inCanonicalUnit(found, value, unit)).toBeCloseTo(expected, 1);
  });

  test("a LOINC code decides, a name only where there is none", () => {
    expect(testOf(draft({ name: "Something" }))?.key).toBe("glucose");
    expect(testOf(draft({ codings: [{ system: "http://loinc.org", code: "2350-7" }] }))).toBeUndefined();
    expect(testOf(draft({ codings: [{ system: "L", code: "GLU" }], name: "  HDL-Cholesterol " }))?.key).toBe("cholesterol_hdl");
    expect(labTestByName("Neutrophils")?.key).toBe("neutrophils");
    expect(labTestByName("Neutrophils %")?.key).toBe("neutrophils_share");
  });

  test("a number in the wrong unit is recognised", () => {
    const glucose = LAB_TESTS.find(({ key }) => key === "glucose")!;
    expect(likelierUnit(glucose, 5.4)).toBe("mmol/L");
    expect(likelierUnit(glucose, 185)).toBe("mg/dL");
  });
});

describe("a result", () => {
  test("is compared with the laboratory's range first, and never with one of another meaning", () => {
    const read = (ranges: LabDraft["ranges"]) => readResult(draft({ ranges }), AT, { birthDate: "1980-01-01", sex: "female" });
    expect(read([{ low: 100, high: 140, text: "100-140" }])).toMatchObject({
      interpretation: "low",
      applied: { from: "laboratory", text: "100-140" },
    });
    expect(read([{ low: 90, high: 140, meaning: "H" }])).toMatchObject({ interpretation: null, applied: null });
    expect(read([{ low: 1, high: 1.4, unit: "g/L" }])).toMatchObject({ interpretation: "low", applied: { unit: "mg/dL" } });
  });

  test("is compared with a typical one for adults whose sex and age are known, and says so", () => {
    const hemoglobin = draft({ name: "Hemoglobin", codings: [], value: { number: 12.5 }, unit: "g/dL" });
    expect(readResult(hemoglobin, AT, { birthDate: "1980-01-01", sex: "female" }).interpretation).toBe("normal");
    expect(readResult(hemoglobin, AT, { birthDate: "1980-01-01", sex: "male" })).toMatchObject({
      interpretation: "low",
      applied: { from: "typical" },
    });
    for (const whose of [NOBODY, { birthDate: "2015-01-01", sex: "male" as const }, { birthDate: "1980-01-01", sex: null }])
      expect(readResult(hemoglobin, AT, whose)).toMatchObject({ interpretation: null, applied: null, canonical: { number: 12.5 } });
  });

  test.each([
    [{ unit: "md/dL" }, "unknown_unit"],
    [{ unit: "U/L" }, "unit_mismatch"],
    [{ value: { number: 185 }, unit: "mmol/L" }, "implausible_value"],
    [{ unit: undefined }, "no_unit"],
  ] as const)("keeps what it cannot convert as it came: %o", (change, issue) => {
    const { unit, ...rest } = Object.assign(
      { unit: "mg/dL" as string | undefined },
      change as { unit?: string; value?: LabDraft["value"] },
    );
    const { unit: _given, ...plain } = draft(rest);
    expect(readResult({ ...plain, ...(unit !== undefined && { unit }) }, AT, NOBODY)).toMatchObject({ canonical: null, issue });
  });

  test("without a number is not compared", () => {
    expect(readResult(draft({ value: { text: "Amber" } }), AT, NOBODY)).toMatchObject({
      canonical: null,
      interpretation: null,
      issue: null,
    });
  });

  test("that is bounded stays bounded", () => {
    expect(readResult(draft({ value: { comparator: ">", number: 500 } }), AT, NOBODY).canonical).toEqual({
      comparator: ">",
      number: 500,
      unit: "mg/dL",
    });
  });
});

describe("values and ranges as they are written", () => {
  test.each([
    ["7.1", null, 7.1],
    ["7,500", null, 7_500],
    ["< 0.5", "<", 0.5],
    ["≥90", ">=", 90],
    ["=>3", ">=", 3],
    ["1e3", null, 1_000],
  ])("%s", (text, comparator, number) => expect(numberOf(text)).toEqual({ comparator, number }));

  test.each(["", "positive", "1:40", "3+", "12 mg/dL", "1,5", ">", "--1", "1.2.3", "NaN", "1e999"])("%j is no number", (text) =>
    expect(numberOf(text)).toBeUndefined(),
  );

  test.each([
    ["12.0-15.5", { low: 12, high: 15.5 }],
    ["4,000 - 11,000", { low: 4_000, high: 11_000 }],
    ["36-46%", { low: 36, high: 46, unit: "%" }],
    ["3.5 to 5 mmol/L", { low: 3.5, high: 5, unit: "mmol/L" }],
    ["<200", { high: 200, isHighExcluded: true }],
    [">= 40 mg/dL", { low: 40, unit: "mg/dL" }],
    ["Negative", {}],
  ])("%s", (text, expected) => expect(rangeOf(text)).toEqual({ ...expected, text }));

  test.each([
    ["<", 5, { high: 10 }, "normal"],
    ["<", 15, { high: 10 }, null],
    ["<", 5, { low: 6, high: 10 }, "low"],
    ["<", 8, { low: 6, high: 10 }, null],
    [">", 500, { low: 80, high: 140 }, "high"],
    [">", 60, { low: 60 }, "normal"],
    [">", 50, { low: 60 }, null],
    [null, 200, { high: 200, isHighExcluded: true }, "high"],
    [null, 1, {}, null],
  ] as const)("%s%d in %o is %s", (comparator, number, ends, expected) => expect(interpret({ comparator, number }, ends)).toBe(expected));

  test("for any range and bounded value, what is said of it is said of every value that it allows", () => {
    const edge = fc.integer({ min: -20, max: 20 });
    const ends = fc.record(
      { low: edge, high: edge, isLowExcluded: fc.constant(true as const), isHighExcluded: fc.constant(true as const) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.constantFrom(...COMPARATORS), edge, ends, fc.integer({ min: 1, max: 60 }), (comparator, number, range, distance) => {
        const said = interpret({ comparator, number }, range);
        if (said === null) return;
        const away = comparator.startsWith("<") ? -distance : distance;
        const values = comparator.length === 2 ? [number, number + away] : [number + Math.sign(away) * 1e-6, number + away];
        // A range that is empty says nothing about anybody.
        if (range.low !== undefined && range.high !== undefined && range.low >= range.high) return;
        for (const value of values) expect(interpret({ comparator: null, number: value }, range)).toBe(said);
      }),
    );
  });

  test("no text breaks a reader", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), (text) => {
        for (const read of [numberOf, rangeOf, decimal, fromHl7Time]) read(text);
        expect(whenOf(text, "UTC")?.at ?? 0).toEqual(expect.any(Number));
      }),
    );
  });
});

describe("instants", () => {
  test.each([
    ["20141006064500+0700", "2014-10-06T06:45:00+07:00"],
    ["201203141259-0215", "2012-03-14T12:59:00-02:15"],
    ["20120815", "2012-08-15"],
    ["201208", "2012-08"],
    ["20141006082100.12", "2014-10-06T08:21:00.12"],
    ["2014030200908-0500", undefined],
    ["2014-10-06", undefined],
  ])("%s", (text, expected) => expect(fromHl7Time(text)).toBe(expected));

  test("are placed in the person's zone where they tell none", () => {
    expect(whenOf("2014-10-06T06:45:00+07:00", "Europe/Berlin")).toEqual({ at: Date.UTC(2014, 9, 5, 23, 45), precision: "instant" });
    expect(whenOf("2026-11-20T08:30", "Europe/Berlin")).toEqual({ at: Date.UTC(2026, 10, 20, 7, 30), precision: "instant" });
    expect(whenOf("2026-11-20", "Europe/Berlin")).toEqual({ at: Date.UTC(2026, 10, 19, 23), precision: "day" });
    for (const text of ["2026-13-01", "2026-02-30", "2026-11-20T25:00", "1800-01-01", "yesterday"])
      expect(whenOf(text, "UTC")).toBeUndefined();
  });
});

/** The check digit of LOINC is a Luhn digit. */
function isCheckedLoinc(code: string): boolean {
  const [digits = "", check] = code.split("-");
  const sum = Array.from(digits)
    .toReversed()
    .reduce((total, digit, i) => {
      const value = Number(digit) * (i % 2 === 0 ? 2 : 1);
      return total + (value > 9 ? value - 9 : value);
    }, 0);
  return String((10 - (sum % 10)) % 10) === check;
}
