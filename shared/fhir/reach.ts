/**
 * What a caller may do to which resources of one person's compartment. It is data: it crosses RPC into the vault, and becomes part of
 * every query there. Grants unite: what one of them allows is allowed.
 */
export type Interaction = "c" | "r" | "u" | "d" | "s";

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
}

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
