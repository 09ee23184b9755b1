import type { Role } from "../roles";
import { CATEGORIES, type Category, type ConsentPurpose, type Grantee, type GranteeKind, type SharedAction } from "./vocabulary";

/** The most that consents can give to somebody in a role: a consent gives it, or less, and never more. */
export interface RoleLimits {
  readonly categories: readonly Category[];
  readonly actions: readonly SharedAction[];
  readonly purposes: readonly ConsentPurpose[];
}

const NOTHING: RoleLimits = { categories: [], actions: [], purposes: [] };

/**
 * What each role can be given about one person. Gym staff see aggregates of several people and operators no health data, so consents
 * cannot give them any. A person may show another everything; a profession gets what it works with.
 */
export const ROLE_LIMITS: Readonly<Record<Role, RoleLimits>> = {
  user: { categories: CATEGORIES, actions: ["read"], purposes: ["personal"] },
  trainer: {
    categories: ["vitals", "activity", "sleep", "nutrition", "body", "location"],
    actions: ["read", "write", "advise"],
    purposes: ["coaching"],
  },
  nutritionist: {
    categories: ["vitals", "activity", "sleep", "nutrition", "body", "labs"],
    actions: ["read", "write", "advise"],
    purposes: ["coaching", "care"],
  },
  therapist: {
    categories: ["vitals", "activity", "sleep", "mental", "journal"],
    actions: ["read", "write", "advise"],
    purposes: ["care"],
  },
  clinician: { categories: CATEGORIES, actions: ["read", "write", "advise"], purposes: ["care", "research"] },
  partner: {
    categories: ["vitals", "activity", "sleep", "nutrition", "body"],
    actions: ["read", "write"],
    purposes: ["personal", "research"],
  },
  gym_staff: NOTHING,
  moderator: NOTHING,
  admin: NOTHING,
};

/**
 * The roles in which a consent can be given, by whom it is given to. A company and its programs are partners; a clinic acts as clinician, where
 * the records of its region say that it is one; a programme acts for a partner.
 */
export const GRANTEE_ROLES: Readonly<Record<GranteeKind, readonly Role[]>> = {
  person: ["user", "trainer", "nutritionist", "therapist", "clinician", "partner"],
  organisation: ["partner", "clinician"],
  app: ["partner", "clinician"],
  programme: ["partner"],
};

/** A programme reads for research alone, special classes too where the person names them. Places never leave a vault for research. */
const PROGRAMME_LIMITS: RoleLimits = {
  categories: CATEGORIES.filter((category) => category !== "location"),
  actions: ["read"],
  purposes: ["research"],
};

/** The most that a grantee of a kind can be given in a role. */
export function limitsOf(kind: GranteeKind, role: Role): RoleLimits {
  if (!GRANTEE_ROLES[kind].includes(role)) return NOTHING;
  return kind === "programme" ? PROGRAMME_LIMITS : ROLE_LIMITS[role];
}

/** The part of a consent that goes beyond what its grantee can be given in the role; undefined where it fits. */
export function beyondRole(consent: {
  /** A person where absent. */
  readonly grantee?: Pick<Grantee, "kind">;
  readonly role: Role;
  readonly categories: readonly Category[];
  readonly actions: readonly SharedAction[];
  readonly purpose: ConsentPurpose;
}): "role" | "categories" | "actions" | "purpose" | undefined {
  const limits = limitsOf(consent.grantee?.kind ?? "person", consent.role);
  if (limits.categories.length === 0) return "role";
  if (!consent.categories.every((category) => limits.categories.includes(category))) return "categories";
  if (!consent.actions.every((action) => limits.actions.includes(action))) return "actions";
  return limits.purposes.includes(consent.purpose) ? undefined : "purpose";
}
