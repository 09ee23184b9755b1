import type { Role } from "../roles";
import { limitsOf } from "./roles";
import {
  type Action,
  type Category,
  type Consent,
  type Purpose,
  type Resource,
  type Scope,
  SHAREABLE,
  SHARED_ACTIONS,
  type SharedAction,
  SPECIAL,
  type Subject,
} from "./vocabulary";

/** Why somebody may not. The order is that of the list: the deny names the consent that came closest. */
export const DENIALS = [
  "scope_missing",
  "not_shareable",
  "category_missing",
  "no_consent",
  "consent_revoked",
  "consent_expired",
  "consent_not_yet_valid",
  "purpose_not_granted",
  "category_not_granted",
  "special_category_not_granted",
  "action_not_granted",
  "role_not_held",
  "role_not_permitted",
  "second_factor_missing",
  "emergency_role_missing",
  "emergency_second_factor_missing",
  "emergency_justification_missing",
  "emergency_reads_only",
] as const;
export type Denial = (typeof DENIALS)[number];

/**
 * What an allowed access owes. `log` always. After an emergency access the person is told, somebody reviews it, and it ends an hour
 * after it began. What a model reads for the person leaves out the sources whose vendors keep their data from models (`noAi`).
 */
export const OBLIGATIONS = ["log", "notify_person", "review", "end_within_hour", "leave_out_no_ai"] as const;
export type Obligation = (typeof OBLIGATIONS)[number];

export type Decision =
  | {
      readonly allow: true;
      readonly reason: "self" | "consent" | "role" | "break_glass" | "review";
      /** The version that allowed it, for `consent`. */
      readonly consent?: { readonly id: string; readonly version: number };
      readonly obligations: readonly Obligation[];
    }
  | { readonly allow: false; readonly reason: Denial };

const LOGGED: readonly Obligation[] = ["log"];
const GUIDANCE: readonly Obligation[] = ["log", "leave_out_no_ai"];
const EMERGENCY: readonly Obligation[] = ["log", "notify_person", "review", "end_within_hour"];

const REVIEWERS: readonly Role[] = ["moderator", "admin"];

/** How close a consent came, for the reason of a deny: the later in the list, the closer. */
const CLOSENESS = new Map<Denial, number>(DENIALS.map((denial, i) => [denial, i]));

const deny = (reason: Denial): Decision => ({ allow: false, reason });

/**
 * Decides whether a subject may act on a resource. Nobody may, unless
 *
 * - it is their own and their token's scope covers it, save that nobody gives themselves roles; where a model reads for them, purpose
 *   `guidance`, without what vendors keep from models, or
 * - one valid consent of the owner names subject, role, action, category and purpose, the subject holds the role at this moment, the
 *   role can be given that much (`limitsOf`), and the token's scope covers it; in every role but `user` with a second factor, or
 * - an administrator with a second factor reads or sets what roles somebody holds, or
 * - a moderator or administrator with a second factor reviews an emergency access that they had no part in, or
 * - a clinician breaks the glass: purpose `emergency`, a second factor, a justification, reading only. That brings obligations which the
 *   caller must be able to keep.
 *
 * Everything only adds: leaving out a role, a scope or a consent never turns a deny into an allow.
 *
 * @param consents versions in force of any consents; those of others count for nothing
 * @param now epoch milliseconds
 */
export function decide(
  subject: Subject,
  action: Action,
  resource: Resource,
  purpose: Purpose,
  consents: readonly Consent[],
  scopes: readonly Scope[],
  now: number,
): Decision {
  if (!inScope(scopes, action, resource)) return deny("scope_missing");
  if (resource.kind === "role" && action === "manage") return administer(subject);
  if (resource.kind === "emergency_access" && purpose === "administration") return review(subject, action, resource);
  if (subject.kind === "person" && subject.id === resource.owner)
    return { allow: true, reason: "self", obligations: purpose === "guidance" ? GUIDANCE : LOGGED };
  if (resource.kind === "role" && action === "read") return administer(subject);
  if (!isShared(action) || !SHAREABLE.has(resource.kind)) return deny("not_shareable");
  if (resource.category === undefined) return deny("category_missing");
  if (purpose === "emergency") return emergency(subject, action);
  let closest: Denial = "no_consent";
  for (const consent of consents) {
    const fault = faultOf(consent, subject, action, { ...resource, category: resource.category }, purpose, now);
    if (fault === undefined) {
      return { allow: true, reason: "consent", consent: { id: consent.id, version: consent.version }, obligations: LOGGED };
    }
    if ((CLOSENESS.get(fault) ?? 0) > (CLOSENESS.get(closest) ?? 0)) closest = fault;
  }
  return deny(closest);
}

function faultOf(
  consent: Consent,
  subject: Subject,
  action: SharedAction,
  { owner, category }: Resource & { readonly category: Category },
  purpose: Purpose,
  now: number,
): Denial | undefined {
  const { grantee } = consent;
  if (consent.owner !== owner || grantee.kind !== subject.kind || grantee.id !== subject.id) return "no_consent";
  if (consent.state !== "active") return "consent_revoked";
  if (consent.until !== null && now >= consent.until) return "consent_expired";
  if (now < consent.from) return "consent_not_yet_valid";
  if (consent.purpose !== purpose) return "purpose_not_granted";
  if (!consent.categories.includes(category)) return SPECIAL.has(category) ? "special_category_not_granted" : "category_not_granted";
  if (!consent.actions.includes(action)) return "action_not_granted";
  if (!subject.roles.includes(consent.role)) return "role_not_held";
  const limits = limitsOf(grantee.kind, consent.role);
  const isPermitted = limits.categories.includes(category) && limits.actions.includes(action) && limits.purposes.includes(consent.purpose);
  if (!isPermitted) return "role_not_permitted";
  // Family and friends sign in as for their own data; whoever works with other people's proves more.
  return consent.role === "user" || subject.assurance === "aal2" ? undefined : "second_factor_missing";
}

function administer(subject: Subject): Decision {
  if (subject.kind !== "person" || !subject.roles.includes("admin")) return deny("role_not_held");
  return subject.assurance === "aal2" ? { allow: true, reason: "role", obligations: LOGGED } : deny("second_factor_missing");
}

/** Reviewers see what was done and never health data; whoever had a part in it may look, and not judge. */
function review(subject: Subject, action: Action, { owner, parties = [] }: Resource): Decision {
  if (subject.kind !== "person" || !REVIEWERS.some((role) => subject.roles.includes(role))) return deny("role_not_held");
  if (subject.assurance !== "aal2") return deny("second_factor_missing");
  const isParty = subject.id === owner || parties.includes(subject.id);
  const mayDo = action === "read" || (action === "manage" && !isParty);
  return mayDo ? { allow: true, reason: "review", obligations: LOGGED } : deny("not_shareable");
}

function emergency(subject: Subject, action: SharedAction): Decision {
  if (!subject.roles.includes("clinician")) return deny("emergency_role_missing");
  if (subject.assurance !== "aal2") return deny("emergency_second_factor_missing");
  if ((subject.justification ?? "").trim() === "") return deny("emergency_justification_missing");
  if (action !== "read") return deny("emergency_reads_only");
  return { allow: true, reason: "break_glass", obligations: EMERGENCY };
}

/** `me` covers everything that its person could do; a wildcard covers what is not special. */
function inScope(scopes: readonly Scope[], action: Action, { category }: Resource): boolean {
  if (scopes.includes("me")) return true;
  if (!isShared(action) || category === undefined) return false;
  return scopes.includes(`${action}:${category}`) || (!SPECIAL.has(category) && scopes.includes(`${action}:*`));
}

function isShared(action: Action): action is SharedAction {
  return (SHARED_ACTIONS as readonly Action[]).includes(action);
}
