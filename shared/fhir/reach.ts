import type { Category } from "../policy/vocabulary";
import { ADVICE_TYPES, type Class } from "./classes";

/**
 * What a caller may do to which resources of one person's compartment. It is data: it crosses RPC into the vault, and becomes part of
 * every query there. Grants unite: what one of them allows is allowed.
 */
export type Interaction = "c" | "r" | "u" | "d" | "s";
const LETTERS: readonly Interaction[] = ["c", "r", "u", "d", "s"];

export interface Grant {
  /** A resource type, or `*` for all. */
  readonly type: string;
  /** A subset of `cruds` (SMART App Launch 2.2 §3.0.2.1): create, read (and vread, instance history), update (and patch), delete, search. */
  readonly interactions: string;
  /** Search parameters that a resource must satisfy, all of them: `[["category", "…|laboratory"]]`. */
  readonly where?: readonly (readonly [name: string, value: string])[];
}

export interface Reach {
  readonly grants: readonly Grant[];
  /** Of somebody else than the person: of which categories they see readings and results. Views are cut to these. */
  readonly sees?: readonly Category[];
}

/** The parameter of a grant that names classes of data, parted by commas: a resource must belong to none but these. For grants alone. */
export const CLASS = "_class";

/** The person's own reach over the own compartment. */
export const WHOLE_REACH: Reach = { grants: [{ type: "*", interactions: "cruds" }] };

/** What the resources of a type must satisfy: `all` of them do, `none` may be seen, or one of the lists of parameters must hold. */
export type Limits = "all" | "none" | readonly (readonly (readonly [name: string, value: string])[])[];

/** The limits on one interaction with one type: the union of the grants that speak of it. */
export function limitsOf({ grants }: Reach, type: string, interaction: Interaction): Limits {
  const fitting = grants.filter((grant) => (grant.type === "*" || grant.type === type) && grant.interactions.includes(interaction));
  if (fitting.length === 0) return "none";
  const limits = fitting.map(({ where = [] }) => where);
  return limits.some((where) => where.length === 0) ? "all" : limits;
}

/** Whether some resource of a type may be within reach of an interaction: the first check, before any resource is looked at. */
export function permits(reach: Reach, type: string, interaction: Interaction): boolean {
  return limitsOf(reach, type, interaction) !== "none";
}

/** What consents allow somebody with another person's data. */
export interface Allowed {
  readonly read: readonly Category[];
  readonly write: readonly Category[];
  readonly advise: readonly Category[];
}

/**
 * What consents allow, as a reach: reading and searching what belongs to categories that may be read; making and changing what belongs to
 * categories that may be written; and where advice is allowed, making and changing resources that advise. Nobody but the person deletes.
 * The more is allowed the more is within reach, and never less.
 */
export function reachOfReader({ read, write, advise }: Allowed): Reach {
  const within = (classes: readonly Class[]) => [[CLASS, classes.join(",")]] as const;
  const grants: Grant[] = [];
  if (read.length > 0) grants.push({ type: "*", interactions: "rs", where: within([...read, "person"]) });
  if (write.length > 0) grants.push({ type: "*", interactions: "cu", where: within(write) });
  if (advise.length > 0) grants.push(...ADVICE_TYPES.map((type) => ({ type, interactions: "cu", where: within(advise) })));
  return { grants, sees: read };
}

/** What lies within both: never more than either. */
export function intersection(one: Reach, other: Reach): Reach {
  const grants = one.grants.flatMap((a) =>
    other.grants.flatMap((b): Grant[] => {
      const type = a.type === "*" ? b.type : b.type === "*" || a.type === b.type ? a.type : undefined;
      const interactions = LETTERS.filter((letter) => a.interactions.includes(letter) && b.interactions.includes(letter)).join("");
      const where = [...(a.where ?? []), ...(b.where ?? [])];
      return type === undefined || interactions === "" ? [] : [{ type, interactions, ...(where.length > 0 && { where }) }];
    }),
  );
  const sees = one.sees === undefined ? other.sees : other.sees === undefined ? one.sees : one.sees.filter((a) => other.sees?.includes(a));
  return { grants, ...(sees !== undefined && { sees }) };
}
