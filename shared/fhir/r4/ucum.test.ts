import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { METRICS } from "../../health/catalogue";
import { LAB_TESTS } from "../../labs/catalogue";
import { canonical, dimension, isUcum } from "./ucum";

describe("canonical", () => {
  it.each([
    [1, "[lb_av]", 453.59237, "g"],
    [453.59237, "g", 453.59237, "g"],
    [70, "kg", 70_000, "g"],
    [1, "[in_i]", 0.0254, "m"],
    [72, "/min", 1.2, "s-1"],
    [72, "{beats}/min", 1.2, "s-1"],
    [37, "Cel", 310.15, "K"],
    [98.6, "[degF]", 310.15, "K"],
    [0.5, "Cel{difference}", 0.5, "K"],
    [120, "mm[Hg]", 15_998_640, "g.m-1.s-2"],
    [95, "%", 0.95, "1"],
    [8_000, "{steps}", 8_000, "1"],
    [24, "kg/m2", 24_000, "g.m-2"],
    [100, "mg/dL", 1_000, "g.m-3"],
    [5.5, "mmol/L", 5.5, "m-3.mol"],
    [5.5, "meq/L", 5.5, "m-3.mol"],
    [2.5, "u[IU]/mL", 2.5, "[iU].m-3"],
    [2.5, "m[IU]/L", 2.5, "[iU].m-3"],
    [30, "U/L", 0.0005, "m-3.mol.s-1"],
    [500, "nkat/L", 0.0005, "m-3.mol.s-1"],
    [250, "10*3/uL", 2.5e14, "m-3"],
    [250, "10*9/L", 2.5e14, "m-3"],
    [35, "mL/kg/min", 5.833333333333333e-10, "g-1.m3.s-1"],
    [35, "mL/min/kg{body_wt}", 5.833333333333333e-10, "g-1.m3.s-1"],
    [90, "mL/min/{1.73_m2}", 1.5e-6, "m3.s-1"],
    [1, "kcal", 4_184_000, "g.m2.s-2"],
    [1, "[Cal]", 4_184_000, "g.m2.s-2"],
    [15, "mm/h", 15 / 3_600_000, "m.s-1"],
    [3, "d/wk", 3 / 7, "1"],
    [1, "{steps}/(24.h)", 1 / 86_400, "s-1"],
    [60, "dB[SPL]", 6, "B[SPL]"],
    [1, "ug", 1e-6, "g"],
    [1, "dag", 10, "g"],
    [1, "mmol/mol", 0.001, "1"],
    [-5, "kg", -5_000, "g"],
    [0, "kg", 0, "g"],
    [-0, "kg", 0, "g"],
  ])("%d %s is %d %s", (value, code, expected, base) => {
    const found = canonical(value, code);
    expect(found?.code).toBe(base);
    expect(found?.value).toBe(expected);
  });

  it("is the nearest number to the exact product, of decimals of any length", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }), fc.integer({ min: 0, max: 20 }), (digits, places) => {
        const value = Number(`${digits}e${-places}`);
        // What a number says is its shortest decimal.
        const [, sign = "", whole = "", part = "", power = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? [];
        const pounds = BigInt(`${whole}${part}`) * 45_359_237n;
        expect(canonical(value, "[lb_av]")?.value).toBe(Number(`${sign}${pounds}e${Number(power) - part.length - 5}`) || 0);
      }),
    );
  });

  it.each([
    "bpm",
    "steps",
    "mEq/L",
    "uIU/mL",
    "IU",
    "in",
    "lbs",
    "mL/kg*min",
    "dB(SPL)",
    "",
    "kg m",
    "kg/",
    "//kg",
    "(kg",
    "kg)",
    "{",
    "m0",
    "m999",
    "0",
    "kCel",
    "Cel/min",
    "k[lb_av]",
    "__proto__",
    "constructor",
    "m.",
    " kg",
  ])("knows no unit %j", (code) => expect(isUcum(code)).toBe(false));

  it("reads the unit of every metric", () => {
    const units = METRICS.flatMap(({ unit, components }) => [unit, ...(components ?? []).map((one) => one.unit)]);
    expect(units.filter((unit) => unit !== "" && !isUcum(unit))).toEqual([]);
  });

  it("reads every unit of the laboratory tests", () => {
    const units = LAB_TESTS.flatMap(({ unit, otherUnits }) => [unit, ...otherUnits.map((other) => other.unit)]);
    expect([...new Set(units)].filter((unit) => unit !== "" && !isUcum(unit))).toEqual([]);
  });

  it("brings a value to the same number however its unit is prefixed", () => {
    const units = fc.constantFrom("g", "m", "L", "mol", "s", "Pa", "J", "V");
    const prefixes = fc.constantFrom<[string, number]>(["k", 3], ["m", -3], ["u", -6], ["n", -9], ["d", -1], ["c", -2], ["M", 6]);
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), units, prefixes, (value, unit, [prefix, power]) => {
        const plain = canonical(Number(`${value}e${power}`), unit);
        const prefixed = canonical(value, `${prefix}${unit}`);
        expect(prefixed).toEqual(plain);
      }),
    );
  });

  it("divides by what it multiplies with", () => {
    const terms = fc.array(fc.constantFrom("kg", "mL", "min", "mm[Hg]", "[lb_av]", "10*3", "{x}", "U"), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(terms, (parts) => {
        const term = parts.join(".");
        expect(canonical(1, `(${term})/(${term})`)).toEqual({ value: 1, code: "1" });
      }),
    );
  });

  it("never throws, whatever the code", () => {
    fc.assert(fc.property(fc.string(), fc.double(), (code, value) => void canonical(value, code)));
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from("kgmL/.()[]{}10*3-+ %'u")) }), (code) => void dimension(code)),
      { numRuns: 2_000 },
    );
  });
});
