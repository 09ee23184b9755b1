import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { isProblem } from "../problem";
import { UNITS } from "./unit-table";
import { ALIASES, EXACT_ALIASES } from "./unit-aliases";
import { convert, converter, dimensionOf, normaliseUnit, TEMPERATURE_DIFFERENCE } from "./units";

const CODES = [...UNITS.keys()];
const unit = fc.constantFrom(...CODES);
/** Two units of one dimension. */
const convertible = unit.chain((from) =>
  fc.tuple(fc.constant(from), fc.constantFrom(...CODES.filter((to) => dimensionOf(to) === dimensionOf(from)))),
);
const magnitude = fc.double({ min: 1e-3, max: 1e6, noNaN: true });

/** Pairs of different dimensions that convert by a documented rule. */
const bridged = (from: string, to: string): boolean =>
  (from === "1" && dimensionOf(to) === "ratio") ||
  (to === "1" && dimensionOf(from) === "ratio") ||
  (to === TEMPERATURE_DIFFERENCE && dimensionOf(from) === "temperature");

describe("normaliseUnit", () => {
  it.each([
    ["bpm", "/min"],
    ["count/min", "/min"],
    ["Beats/Min", "/min"],
    ["count", "1"],
    ["steps", "{steps}"],
    ["mmHg", "mm[Hg]"],
    ["degC", "Cel"],
    ["°C", "Cel"],
    ["℃", "Cel"],
    ["degF", "[degF]"],
    ["°F", "[degF]"],
    ["Cal", "kcal"],
    ["kJ", "kJ"],
    ["KJ", "kJ"],
    ["mi", "[mi_i]"],
    ["in", "[in_i]"],
    ["ft", "[ft_i]"],
    ["lb", "[lb_av]"],
    ["%", "%"],
    ["mcg", "ug"],
    ["µg", "ug"],
    ["μg", "ug"],
    ["IU", "[iU]"],
    ["mL/min·kg", "mL/kg/min"],
    ["ml/(kg*min)", "mL/kg/min"],
    ["mL/kg*min", "mL/kg/min"],
    ["mL/min/kg{body_wt}", "mL/min/kg"],
    ["dBASPL", "dB[SPL]"],
    ["dB(SPL)", "dB[SPL]"],
    ["dBHL", "dB{HL}"],
    ["mg/dL", "mg/dL"],
    ["mg/dl", "mg/dL"],
    ["mmol<180.1558800000541>/L", "mmol/L"],
    ["mmol/l", "mmol/L"],
    ["kcal/hr/kg", "kcal/h/kg"],
    ["kcal/hr·kg", "kcal/h/kg"],
    ["kg/m²", "kg/m2"],
    ["mEq/L", "meq/L"],
    ["uIU/mL", "u[iU]/mL"],
    ["10^9/L", "10*9/L"],
    ["/min{beats}", "/min"],
    ["{steps}", "{steps}"],
    ["dB{HL}", "dB{HL}"],
    [" km / h ", "km/h"],
    ["mcS", "uS"],
    ["fl_oz_us", "[foz_us]"],
  ])("reads %s as %s", (wild, ucum) => {
    expect(normaliseUnit(wild)).toBe(ucum);
  });

  it.each(["", " ", "calories", "furlong", "mg/dL/banana", "constructor", "__proto__", "units", "{}"])("does not guess at %j", (wild) => {
    expect(normaliseUnit(wild)).toBeUndefined();
  });

  it("points every alias at a unit that exists", () => {
    const targets = [...ALIASES.values(), ...Object.values(EXACT_ALIASES)];
    expect(targets.filter((target) => dimensionOf(target) === undefined)).toEqual([]);
  });

  it("is idempotent", () => {
    const wild = fc.oneof(
      unit,
      fc.constantFrom(...ALIASES.keys(), ...Object.keys(EXACT_ALIASES)),
      fc.string(),
      fc.tuple(unit, fc.string({ maxLength: 4 })).map(([code, tail]) => `${code}{${tail}}`),
    );
    fc.assert(
      fc.property(wild, (text) => {
        const once = normaliseUnit(text);
        expect(once === undefined ? undefined : normaliseUnit(once)).toBe(once);
      }),
    );
  });
});

describe("convert", () => {
  it.each([
    [1, "kcal", "kJ", 4.184],
    [1, "Cal", "cal", 1000],
    [1, "[mi_i]", "m", 1609.344],
    [1, "km", "m", 1000],
    [70, "in", "cm", 177.8],
    [1, "lb", "kg", 0.45359237],
    [1, "st", "lb", 14],
    [98.6, "degF", "Cel", 37],
    [-40, "Cel", "[degF]", -40],
    [273.15, "K", "Cel", 0],
    [1.8, "degF", TEMPERATURE_DIFFERENCE, 1],
    [0.4, "Cel", TEMPERATURE_DIFFERENCE, 0.4],
    [0.3, "K", TEMPERATURE_DIFFERENCE, 0.3],
    [36, "km/h", "m/s", 10],
    [1, "Hz", "/min", 60],
    [0.97, "1", "%", 97],
    [97, "%", "1", 0.97],
    [5, "{steps}", "1", 5],
    [5, "count", "{flight}", 5],
    [90, "s", "min", 1.5],
    [1, "kPa", "mm[Hg]", 7.500638],
    [1, "fl_oz_us", "mL", 29.5735295625],
    [86_400, "J", "kJ", 86.4],
    [1, "W", "kcal/d", 20.650096],
    [1, "g/dL", "mg/dL", 1000],
    [1000, "ng/mL", "mg/L", 1],
    [1, "ukat/L", "U/L", 60],
  ])("%d %s → %s", (value, from, to, result) => {
    expect(convert(value, from, to)).toBeCloseTo(result, 6);
  });

  it("converts amount to mass for glucose only", () => {
    expect(convert(5.5, "mmol<180.1558800000541>/L", "mg/dL", "glucose")).toBeCloseTo(99.0858, 9);
    expect(convert(180.156, "mg/dL", "mmol/L", "glucose")).toBeCloseTo(10, 9);
    expect(convert(0.0055, "mol/L", "g/L", "glucose")).toBeCloseTo(0.990858, 9);
    expect(convert(0.1, "mmol/L/min", "mg/dL/min", "glucose")).toBeCloseTo(1.80156, 9);
    expect(() => convert(5.5, "mmol/L", "mg/dL")).toThrow(/do not measure the same/);
    expect(() => convert(1, "kg", "mmol/L", "glucose")).toThrow(/do not measure the same/);
  });

  it.each([
    ["mg/dL", "mmol/L"],
    ["kg", "cm"],
    ["/min", "ms"],
    ["mL/min", "mL/kg/min"],
    ["dB[SPL]", "dB{HL}"],
    [TEMPERATURE_DIFFERENCE, "Cel"],
    ["{steps}", "%"],
    ["[iU]/L", "U/L"],
    ["[MET]", "kcal/h/kg"],
    ["furlong", "m"],
    ["m", "furlong"],
  ])("refuses %s → %s", (from, to) => {
    let thrown: unknown;
    try {
      convert(1, from, to);
    } catch (error) {
      thrown = error;
    }
    expect(isProblem(thrown) && [thrown.code, thrown.status]).toEqual(["unit_mismatch", 422]);
    expect(converter(from, to)).toBeUndefined();
  });

  it("refuses every pair of different dimensions, and converts every other", () => {
    const wrong = CODES.flatMap((from) =>
      CODES.filter((to) => {
        const allowed = dimensionOf(from) === dimensionOf(to) || bridged(from, to);
        return (converter(from, to) !== undefined) !== allowed;
      }).map((to) => `${from} → ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  it("survives a round trip within 1e-9", () => {
    fc.assert(
      fc.property(convertible, magnitude, ([from, to], value) => {
        // Relative to the value, plus what an offset of some hundred degrees costs in floating point.
        const scale = dimensionOf(from) === "temperature" ? value + 500 : value;
        expect(Math.abs(convert(convert(value, from, to), to, from) - value) / scale).toBeLessThanOrEqual(1e-9);
      }),
      { numRuns: 2000 },
    );
  });

  it("agrees with its converter", () => {
    fc.assert(
      fc.property(convertible, magnitude, ([from, to], value) => {
        expect(convert(value, from, to)).toBe(converter(from, to)?.(value));
      }),
    );
  });

  it("throws exactly where there is no converter", () => {
    fc.assert(
      fc.property(unit, unit, (from, to) => {
        let code: string | undefined;
        try {
          convert(1, from, to);
        } catch (error) {
          code = isProblem(error) ? error.code : "other";
        }
        expect(code).toBe(converter(from, to) ? undefined : "unit_mismatch");
      }),
    );
  });

  it("keeps order: a larger value stays larger in any unit", () => {
    fc.assert(
      fc.property(convertible, magnitude, ([from, to], value) => {
        expect(convert(value * 2, from, to)).toBeGreaterThan(convert(value, from, to));
      }),
    );
  });
});
