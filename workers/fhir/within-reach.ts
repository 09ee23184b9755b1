import type { Reader } from "../../shared/context";
import { type Interaction, type Limits, limitsOf, WHOLE_REACH } from "../../shared/fhir/reach";
import { notFound, problem } from "../../shared/problem";

type Params = readonly (readonly [string, string])[];

/** The limits on one interaction of the actor with a type. Problem `forbidden` where no resource of it is within reach. */
export function requireReach(actor: Reader, type: string, interaction: Interaction): Exclude<Limits, "none"> {
  const limits = limitsOf((actor.kind === "person" ? actor.reach : undefined) ?? WHOLE_REACH, type, interaction);
  if (limits === "none") throw problem("forbidden", `The app was not given ${type}.`);
  return limits;
}

/**
 * Limits as parameters of a search, all of which must hold: one list as it is, several where all speak of the same parameter.
 * Undefined where a search cannot say them: their resources are looked at one by one.
 */
export function asParams(limits: Exclude<Limits, "none">): Params | undefined {
  if (limits === "all") return [];
  const [first] = limits;
  if (limits.length === 1) return first;
  const name = first?.[0]?.[0];
  const isOneName = name !== undefined && limits.every((where) => where.length === 1 && where[0]?.[0] === name);
  return isOneName ? [[name, limits.flatMap((where) => where.map(([, value]) => value)).join(",")]] : undefined;
}

/** Problem `not_found` for a resource out of reach: hidden and absent look alike. */
export function requireWithin(limits: Exclude<Limits, "none">, type: string, json: string): void {
  if (!isWithin(limits, json)) throw notFound(type);
}

/** Whether a resource satisfies one of the lists of parameters. */
export function isWithin(limits: Exclude<Limits, "none">, json: string): boolean {
  if (limits === "all") return true;
  const resource = JSON.parse(json) as Readonly<Record<string, unknown>>;
  return limits.some((where) => where.every(([name, value]) => value.split(",").some((one) => bears(resource[name], one))));
}

/** A token search (R4 §3.1.1.4.10) over a code, a concept or a list of concepts. */
function bears(element: unknown, wanted: string): boolean {
  if (typeof element === "string") return element === wanted.slice(wanted.indexOf("|") + 1);
  if (Array.isArray(element)) return element.some((one) => bears(one, wanted));
  if (typeof element !== "object" || element === null) return false;
  if ("coding" in element) return bears(element.coding, wanted);
  const [system, code] = wanted.includes("|")
    ? [wanted.slice(0, wanted.indexOf("|")), wanted.slice(wanted.indexOf("|") + 1)]
    : [undefined, wanted];
  const coding = element as { readonly system?: unknown; readonly code?: unknown };
  return (
    (code === "" || coding.code === code) &&
    (system === undefined || (system === "" ? coding.system === undefined : coding.system === system))
  );
}
