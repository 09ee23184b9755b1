import { DAY_MS, SECOND_MS } from "../../shared/clock";

/** A session of a person ends after so long without a refresh. */
export const IDLE_MS = 14 * DAY_MS;
/** A session of a person ends so long after the sign-in, whatever happens. */
export const ABSOLUTE_MS = 90 * DAY_MS;
/**
 * For so long after a rotation the token before it still gets the same successor, so that a lost answer or two refreshes at once do
 * not end the session. A deliberate deviation from ASVS 10.4.5, for first-party clients alone.
 */
export const GRACE_MS = 10 * SECOND_MS;
/** The first-party client. */
export const FIRST_PARTY = "meridian";
/** What a first-party session may do: everything that belongs to its person. */
export const FIRST_PARTY_SCOPE = "me";
