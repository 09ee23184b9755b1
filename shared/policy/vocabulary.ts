import type { PersonId } from "../id";
import type { Role } from "../roles";

/** Classes of data that a consent names one by one. The last eight are special. */
export const CATEGORIES = [
  "vitals",
  "activity",
  "sleep",
  "nutrition",
  "body",
  "labs",
  "reproductive",
  "mental",
  "journal",
  "location",
  "ecg",
  "genetics",
  "documents",
  "history",
] as const;
export type Category = (typeof CATEGORIES)[number];

/**
 * Never covered by anything that does not name them: no wildcard of a scope, no default of a role. Documents are among them because a
 * letter or a scan may hold anything, and a medical history (conditions, medicines, allergies) because each of its items may be of any class.
 */
export const SPECIAL: ReadonlySet<Category> = new Set([
  "reproductive",
  "mental",
  "journal",
  "location",
  "ecg",
  "genetics",
  "documents",
  "history",
]);

/** What somebody may do with another person's data. */
export const SHARED_ACTIONS = ["read", "write", "advise"] as const;
export type SharedAction = (typeof SHARED_ACTIONS)[number];

/** What anybody may try; all but the shared ones are for the person alone. */
export const ACTIONS = [...SHARED_ACTIONS, "delete", "export", "manage", "sign_in", "sign_out"] as const;
export type Action = (typeof ACTIONS)[number];

/**
 * Why data is used. Three cannot be consented to: `emergency` is the way around consent, with its own conditions, `administration` is
 * what operators do with accounts, never with data, and `guidance` is a model that reads for the person themselves.
 */
export const PURPOSES = ["personal", "coaching", "care", "research", "emergency", "administration", "guidance"] as const;
export type Purpose = (typeof PURPOSES)[number];
export type ConsentPurpose = Exclude<Purpose, "emergency" | "administration" | "guidance">;

/** Kinds of things in a vault. Those of `SHAREABLE` consist of readings and results, which have categories; the others are the person's own business. */
export const RESOURCES = [
  "metric",
  "day",
  "sleep",
  "workout",
  "lab_result",
  "lab_report",
  "record",
  "live",
  "reading",
  "source",
  "quarantine",
  "gap",
  "fhir",
  "import",
  "connection",
  "forwarding",
  "profile",
  "session",
  "consent",
  "access_log",
  "role",
  "export",
  "retention",
  "emergency_access",
  "account",
  "webhook",
  "inbox",
  "notification",
  "room",
  "achievement",
  "stream_target",
  "wallet",
  "challenge",
] as const;
export type ResourceKind = (typeof RESOURCES)[number];
export const SHAREABLE: ReadonlySet<ResourceKind> = new Set([
  "metric",
  "day",
  "sleep",
  "workout",
  "lab_result",
  "lab_report",
  "record",
  "fhir",
  "live",
]);

/** Whose, of which kind, and of which class. */
export interface Resource {
  readonly owner: PersonId;
  readonly kind: ResourceKind;
  /** Absent for what is no health data. */
  readonly category?: Category;
  /** Ids of those who had a part in it beside its owner, where others are to judge it. */
  readonly parties?: readonly string[];
}

/** To whom a consent can be given. */
export type GranteeKind = "person" | "organisation" | "app" | "programme";

export interface Grantee {
  readonly kind: GranteeKind;
  readonly id: string;
}

/** Who wants something. */
export interface Subject extends Grantee {
  /** Roles that the account holds now. */
  readonly roles: readonly Role[];
  /** Whether the session was opened with a second factor. */
  readonly assurance: "aal1" | "aal2";
  /** Only for `emergency`: why, in the subject's own words. */
  readonly justification?: string;
}

/**
 * What a token may be used for: everything of its person (`me`), an action on one category (`read:vitals`), or on all that are not
 * special (`read:*`).
 */
export type Scope = "me" | `${SharedAction}:${Category | "*"}`;

/** One version of a person's consent, as far as a decision needs it. Times are epoch milliseconds; `until` is exclusive. */
export interface Consent {
  readonly id: string;
  readonly version: number;
  /** Who gave it. */
  readonly owner: PersonId;
  readonly grantee: Grantee;
  /** The role in which the grantee is to act. */
  readonly role: Role;
  readonly categories: readonly Category[];
  readonly actions: readonly SharedAction[];
  readonly purpose: ConsentPurpose;
  readonly from: number;
  readonly until: number | null;
  readonly state: "active" | "revoked";
}
