import { problem } from "../problem";
import { ALIASES, EXACT_ALIASES } from "./unit-aliases";
import { TEMPERATURE_DIFFERENCE, type UnitEntry, UNITS } from "./unit-table";

export { TEMPERATURE_DIFFERENCE } from "./unit-table";

/** Molar mass of glucose is 180.156 g/mol: 1 mmol/L = 18.0156 mg/dL. */
export const GLUCOSE_MG_DL_PER_MMOL_L = 18.0156;

const ANNOTATION = /\{[^{}]*\}/g;
const PURE_ANNOTATION = /^\{[^{}]+\}$/;

function lookUp(unit: string): string | undefined {
  if (UNITS.has(unit) || PURE_ANNOTATION.test(unit)) return unit;
  return Object.hasOwn(EXACT_ALIASES, unit) ? EXACT_ALIASES[unit] : ALIASES.get(unit.toLowerCase());
}

/**
 * The UCUM code of a unit as people and devices write it (`bpm`, `mmHg`, `mL/min·kg`, `mmol<180.16>/L`, `°F`), or
 * `undefined` when the unit is not known. UCUM codes of the table come back unchanged, so the function is idempotent;
 * a mere annotation (`{steps}`) is a unit of its own, annotations on a known unit are dropped (`/min{beats}` → `/min`).
 */
export function normaliseUnit(unit: string): string | undefined {
  const known = lookUp(unit);
  if (known !== undefined) return known;
  const cleaned = unit
    .normalize("NFKC")
    .replace(/\s+/g, "")
    // U+00B5 becomes U+03BC by NFKC.
    .replace(/\u03bc/g, "u")
    .replace(/[\u00b7\u22c5\u2219\u2022]/g, "*")
    // HealthKit writes the molar mass into the unit.
    .replace(/<[^<>]*>/g, "");
  return lookUp(cleaned) ?? lookUp(cleaned.replace(ANNOTATION, ""));
}

const COUNT: UnitEntry = { dimension: "count", factor: 1, offset: 0 };
const entryOf = (unit: string): UnitEntry | undefined => UNITS.get(unit) ?? (PURE_ANNOTATION.test(unit) ? COUNT : undefined);

/** Glucose only: factor from the substance dimension's base to the mass dimension's base. */
const SUBSTANCE_TO_MASS: Readonly<Record<string, string>> = {
  substance_concentration: "mass_concentration",
  substance_concentration_rate: "mass_concentration_rate",
};

type Conversion = (value: number) => number;

const identity: Conversion = (value) => value;

function build(from: string, to: string, substance?: "glucose"): Conversion | undefined {
  const source = entryOf(from);
  const target = entryOf(to);
  if (!source || !target) return undefined;
  if (from === to) return identity;
  if (source.dimension === target.dimension) {
    if (source.factor === target.factor && source.offset === target.offset) return identity;
    return (value) => (value * source.factor + source.offset - target.offset) / target.factor;
  }
  // A fraction written as a plain number: 1 = 100 %.
  if (from === "1" && target.dimension === "ratio") return (value) => (value * 100) / target.factor;
  if (to === "1" && source.dimension === "ratio") return (value) => (value * source.factor) / 100;
  // Sources state deviations in plain degrees; towards a difference the offset must not apply.
  if (to === TEMPERATURE_DIFFERENCE && source.dimension === "temperature") {
    return source.factor === 1 ? identity : (value) => value * source.factor;
  }
  if (substance === "glucose") {
    const ratio = target.factor / source.factor;
    if (SUBSTANCE_TO_MASS[source.dimension] === target.dimension) {
      return (value) => (value * GLUCOSE_MG_DL_PER_MMOL_L) / ratio;
    }
    if (SUBSTANCE_TO_MASS[target.dimension] === source.dimension) {
      return (value) => value / GLUCOSE_MG_DL_PER_MMOL_L / ratio;
    }
  }
  return undefined;
}

/** Distinct unit strings come from input, so the cache is bounded. */
const CACHE_LIMIT = 2000;
const cache = new Map<string, Conversion | undefined>();

/**
 * The conversion between two units (UCUM or a known wild spelling), or `undefined` when one of them is unknown or their
 * dimensions differ. Cached: ask once per column, not once per value.
 *
 * Special rules: `1` is a fraction when the other unit is a percentage (1 = 100 %); towards `Cel{difference}` plain
 * temperature units are read as differences (no 32 °F offset); amount and mass of glucose convert only when
 * `substance` says so, with 18.0156 mg/dL per mmol/L.
 */
export function converter(from: string, to: string, substance?: "glucose"): Conversion | undefined {
  const key = `${from}\n${to}\n${substance ?? ""}`;
  if (cache.has(key)) return cache.get(key);
  const source = normaliseUnit(from);
  const target = normaliseUnit(to);
  const conversion = source === undefined || target === undefined ? undefined : build(source, target, substance);
  if (cache.size >= CACHE_LIMIT) cache.clear();
  cache.set(key, conversion);
  return conversion;
}

/**
 * `value` in `from` expressed in `to`.
 *
 * @throws Problem `unit_mismatch` (422) when a unit is unknown or the dimensions differ; see `converter` for the rules.
 */
export function convert(value: number, from: string, to: string, substance?: "glucose"): number {
  const conversion = converter(from, to, substance);
  if (!conversion) throw problem("unit_mismatch", "A unit is unknown, or the two do not measure the same thing.");
  return conversion(value);
}

/** The dimension of a unit (`mass`, `frequency`, …), or `undefined` when the unit is not known. */
export function dimensionOf(unit: string): string | undefined {
  const known = normaliseUnit(unit);
  return known === undefined ? undefined : entryOf(known)?.dimension;
}
