import { MINUTE_MS, SECOND_MS } from "../../shared/clock";
import { ROLES, type SessionLimits } from "../../shared/roles";

/**
 * For so long after a rotation the token before it still gets the same successor, so that a lost answer or two refreshes at once do
 * not end the session. A deliberate deviation from ASVS 10.4.5, for first-party clients alone.
 */
export const GRACE_MS = 10 * SECOND_MS;
/** What a first-party session may do: everything that belongs to its person. */
export const FIRST_PARTY_SCOPE = "me";
/** For so long after proving who they are may a person change credentials and the like. */
export const STEP_UP_MS = 5 * MINUTE_MS;

/** The limits of all roles, for `strictest`. */
export const LIMITS = JSON.stringify(ROLES);

/**
 * SQL for the strictest limit over the roles that a person holds at this moment, so that a changed role takes effect with the next
 * refresh. A role that is not known ends the session.
 *
 * @param limits parameter that is bound to `LIMITS`
 * @param person SQL that names the person's id
 */
export function strictest(limit: keyof SessionLimits, limits: string, person: string): string {
  return `(select coalesce(min(coalesce(json_extract(${limits}, '$.' || held.value || '.${limit}'), 0)), 0)
    from people, json_each(people.roles) as held where people.id = ${person})`;
}
