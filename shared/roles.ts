import { DAY_MS, HOUR_MS, MINUTE_MS } from "./clock";

/** How long a session lasts for somebody who holds a role, in milliseconds. */
export interface SessionLimits {
  /** Without a refresh. */
  readonly idleMs: number;
  /** After the sign-in, whatever happens. */
  readonly absoluteMs: number;
}

const OWN_USE: SessionLimits = { idleMs: 14 * DAY_MS, absoluteMs: 90 * DAY_MS };
/** Whoever works with other people's data signs in every day, and again after a pause. */
const AT_WORK: SessionLimits = { idleMs: 15 * MINUTE_MS, absoluteMs: 12 * HOUR_MS };

/**
 * What somebody may be to Meridian, and how long their sessions last. A person may hold several roles: the strictest limits count.
 * Roles are read from the region's records where they matter; nothing in a token says them.
 */
export const ROLES = {
  user: OWN_USE,
  trainer: AT_WORK,
  nutritionist: AT_WORK,
  therapist: AT_WORK,
  clinician: AT_WORK,
  gym_staff: AT_WORK,
  moderator: AT_WORK,
  admin: AT_WORK,
  partner: AT_WORK,
} as const satisfies Readonly<Record<string, SessionLimits>>;

export type Role = keyof typeof ROLES;
export const ROLE_NAMES = [
  "user",
  "trainer",
  "nutritionist",
  "therapist",
  "clinician",
  "gym_staff",
  "moderator",
  "admin",
  "partner",
] as const satisfies readonly Role[];
