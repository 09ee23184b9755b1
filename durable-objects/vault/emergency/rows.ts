import type { EmergencyAccessId, PersonId, SessionId } from "../../../shared/id";

export const EMERGENCY_OUTCOMES = ["justified", "unjustified"] as const;
export type EmergencyOutcome = (typeof EMERGENCY_OUTCOMES)[number];

export type EmergencyRow = {
  id: EmergencyAccessId;
  clinician: PersonId;
  session: SessionId;
  state: "prepared" | "open";
  opened_at: number;
  ends_at: number;
  ended_at: number | null;
  reads: number;
  sealed_reason: string;
  outcome: EmergencyOutcome | null;
  reviewer: PersonId | null;
  decided_at: number | null;
  sealed_note: string | null;
};

export const EMERGENCY_COLUMNS =
  "id, clinician, session, state, opened_at, ends_at, ended_at, reads, sealed_reason, outcome, reviewer, decided_at, sealed_note";

/** An emergency access as the person, and whoever reviews it, may see it. Times epoch ms. */
export interface EmergencyAccess {
  readonly id: EmergencyAccessId;
  readonly clinician: { readonly id: PersonId; readonly name: string };
  readonly reason: string;
  readonly state: "not_opened" | "open" | "ended";
  readonly openedAt: number;
  /** When it ends, or has ended. */
  readonly endsAt: number;
  /** Number of reads that it allowed. */
  readonly reads: number;
  readonly review: { readonly outcome: EmergencyOutcome; readonly decidedAt: number; readonly note: string } | null;
}

/** Whether an access counts at this moment: its end is exclusive. */
export function isOpen({ state, opened_at, ends_at, ended_at }: EmergencyRow, now: number): boolean {
  return state === "open" && ended_at === null && opened_at <= now && now < ends_at;
}
