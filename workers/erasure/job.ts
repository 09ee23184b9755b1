import * as z from "zod";
import { type ErasureId, parseId, type PersonId, regionOf } from "../../shared/id";
import type { Region } from "../../shared/region";

export const REASONS = ["asked", "moved", "restored"] as const;
export type Reason = (typeof REASONS)[number];

const reportSchema = z.object({
  /** What there was when the erasure began: `vault.readings`, `records.sessions`, `files.uploads`. */
  counts: z.record(z.string(), z.int()).optional(),
  /** When each step was done, epoch milliseconds. */
  steps: z.record(z.string(), z.int()).optional(),
  vendors: z.object({ revoked: z.int(), shared: z.int(), unconfirmed: z.int() }).optional(),
  letter: z.enum(["sent", "no_address", "not_sent"]).optional(),
});
export type Report = z.infer<typeof reportSchema>;

/** One erasure, as the records hold it. */
export interface ErasureJob {
  readonly id: ErasureId;
  readonly person: PersonId;
  readonly region: Region;
  readonly reason: Reason;
  readonly state: "waiting" | "running" | "done" | "undone";
  readonly step: number;
  readonly attempts: number;
  readonly nextAt: number;
  readonly requestedAt: number;
  readonly dueAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly letter: string | null;
  readonly report: Report;
}

export interface JobRow {
  id: string;
  person_id: string;
  reason: Reason;
  state: ErasureJob["state"];
  step: number;
  attempts: number;
  next_at: number;
  requested_at: number;
  due_at: number;
  started_at: number | null;
  finished_at: number | null;
  letter: string | null;
  report: string;
}

export const JOB_COLUMNS =
  "id, person_id, reason, state, step, attempts, next_at, requested_at, due_at, started_at, finished_at, letter, report";

export function jobOf(row: JobRow): ErasureJob {
  const id = parseId("erasure", row.id);
  const person = parseId("person", row.person_id);
  if (id === undefined || person === undefined) throw new TypeError("an erasure's row holds ids that are none");
  return {
    id,
    person,
    region: regionOf(person),
    reason: row.reason,
    state: row.state,
    step: row.step,
    attempts: row.attempts,
    nextAt: row.next_at,
    requestedAt: row.requested_at,
    dueAt: row.due_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    letter: row.letter,
    report: reportSchema.parse(JSON.parse(row.report)),
  };
}
