import { fieldsIn, type Fields, isFields, textAt } from "./r4/issue";
import { SYSTEM } from "../health/codes";
import { URN } from "./systems";

/**
 * What an Observation is of, as `system|code`: its LOINC codes, or where it has none its other standard codes, its own ones, or the text.
 * A vendor's code, and Meridian's, stand beside others and name more than one thing: a day's total and its parts.
 */
export function subjectCodes(observation: Fields): string[] {
  const code = observation["code"];
  const codings = fieldsIn(isFields(code) ? (code["coding"] ?? []) : []);
  const token = (coding: Fields) => `${textAt(coding, "system") ?? ""}|${textAt(coding, "code") ?? ""}`;
  const loinc = codings.filter((coding) => coding["system"] === SYSTEM.loinc);
  const standard = codings.filter((coding) => !isOwn(textAt(coding, "system") ?? ""));
  const chosen = [loinc, standard, codings].find((list) => list.length > 0) ?? [];
  return chosen.length > 0 ? [...new Set(chosen.map(token))] : [`text|${textAt(code, "text") ?? ""}`];
}

/** Groups of what is about the same: of Observations that share a code, directly or by way of others. The order of the list stays. */
export function groupByCode(observations: readonly Fields[]): Fields[][] {
  const parents = new Map<string, string>();
  const rootOf = (code: string): string => {
    const parent = parents.get(code) ?? code;
    if (parent === code) return code;
    const root = rootOf(parent);
    parents.set(code, root);
    return root;
  };
  const codes = observations.map(subjectCodes);
  for (const [first = "", ...rest] of codes) for (const other of rest) parents.set(rootOf(other), rootOf(first));
  const groups = new Map<string, Fields[]>();
  for (const [i, observation] of observations.entries()) {
    const root = rootOf(codes[i]?.[0] ?? "");
    groups.set(root, [...(groups.get(root) ?? []), observation]);
  }
  return [...groups.values()];
}

/** The newest `max` of each group; `timeOf` tells when (epoch milliseconds). Resources that come twice count once. */
export function newestOfEach(observations: readonly Fields[], max: number, timeOf: (observation: Fields) => number): Fields[] {
  const distinct = [...new Map(observations.map((one) => [textAt(one, "id") ?? "", one])).values()];
  const times = new Map(distinct.map((one) => [one, timeOf(one)]));
  const newest = distinct.toSorted((a, b) => (times.get(b) ?? 0) - (times.get(a) ?? 0));
  return groupByCode(newest).flatMap((group) => group.slice(0, max));
}

function isOwn(system: string): boolean {
  return system === URN.metric || system.startsWith(URN.vendor) || system === SYSTEM.appleHealthKit;
}
