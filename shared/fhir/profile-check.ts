import { SYSTEM } from "../health/codes";
import type { Observation, Quantity } from "./types";

/**
 * The rules of the R4 vital-signs profiles that generic validators do not see: coding, unit, components, subject and time by code. A row
 * per LOINC code: units allowed, and components where the profile wants some.
 */
const RULES: Readonly<
  Record<string, { readonly units: readonly string[]; readonly components?: readonly string[]; readonly with?: string }>
> = {
  "8867-4": { units: ["/min"] },
  "9279-1": { units: ["/min"] },
  "2708-6": { units: ["%"], with: "59408-5" },
  "8310-5": { units: ["Cel", "[degF]"] },
  "29463-7": { units: ["kg", "[lb_av]", "g"] },
  "8302-2": { units: ["cm", "[in_i]"] },
  "39156-5": { units: ["kg/m2"] },
  "85354-9": { units: ["mm[Hg]"], components: ["8480-6", "8462-4"] },
};

/** What an Observation of category vital-signs lacks, in words; empty where it conforms, or is no vital sign. */
export function checkVitalSigns(observation: Observation): string[] {
  if (
    !observation.category.some(({ coding }) =>
      coding?.some(({ system, code }) => system === SYSTEM.observationCategory && code === "vital-signs"),
    )
  )
    return [];
  const faults: string[] = [];
  if (!observation.subject.reference.startsWith("Patient/")) faults.push("subject is no Patient");
  if (observation.effectiveDateTime === undefined && observation.effectivePeriod === undefined) faults.push("no effective time");
  const hasValue = [
    observation.valueQuantity,
    observation.valueSampledData,
    observation.valueCodeableConcept,
    observation.valueString,
    observation.valueBoolean,
  ].some((value) => value !== undefined);
  if (!hasValue && (observation.component ?? []).length === 0) faults.push("neither value nor components (vs-2)");
  for (const { system, code = "" } of observation.code.coding ?? []) {
    const rule = system === SYSTEM.loinc ? RULES[code] : undefined;
    if (rule !== undefined) faults.push(...ruleFaults(observation, code, rule));
  }
  return faults;
}

function ruleFaults(observation: Observation, code: string, rule: (typeof RULES)[string]): string[] {
  const faults: string[] = [];
  const codes = loincCodes(observation.code.coding ?? []);
  if (rule.with !== undefined && !codes.includes(rule.with)) faults.push(`${code} without ${rule.with}`);
  if (rule.components === undefined) {
    faults.push(...quantityFaults(code, observation.valueQuantity ?? observation.valueSampledData?.origin, rule.units));
    return faults;
  }
  if (observation.valueQuantity !== undefined) faults.push(`${code} with a value of its own`);
  for (const wanted of rule.components) {
    const part = observation.component?.find((component) => loincCodes(component.code.coding ?? []).includes(wanted));
    faults.push(...quantityFaults(wanted, part?.valueQuantity, rule.units));
  }
  return faults;
}

function quantityFaults(code: string, quantity: Quantity | undefined, units: readonly string[]): string[] {
  if (quantity === undefined) return [`${code} without a quantity`];
  const whole = quantity.system === SYSTEM.ucum && quantity.unit !== undefined && quantity.unit !== "";
  return whole && units.includes(quantity.code ?? "") ? [] : [`${code} in unit ${quantity.code ?? "none"}`];
}

function loincCodes(codings: readonly { readonly system?: string; readonly code?: string }[]): string[] {
  return codings.flatMap(({ system, code }) => (system === SYSTEM.loinc && code !== undefined ? [code] : []));
}
