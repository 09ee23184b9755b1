import * as z from "zod";
import { type Id, parseId, type PersonId, regionOf } from "../../shared/id";
import type { Region } from "../../shared/region";

export const MOVE_STATES = ["running", "switching", "done", "cancelling", "cancelled", "failed"] as const;

const placeSchema = z.object({ table: z.int(), after: z.array(z.union([z.string(), z.number()])).optional() });

/** What the new region's records need and the old region's do not have: made while the person was there to say it. */
const arrivalSchema = z.object({
  emailHash: z.string(),
  keyVersion: z.string(),
  passwordHash: z.string(),
  /** SHA-256 of the hash that was stored when the password was proven: it must still be the one. */
  proven: z.string(),
  /** SHA-256 of the keyed hash of the address, which must still be the one too. */
  address: z.string(),
});
export type ArrivalHashes = z.infer<typeof arrivalSchema>;

/** Why a move was given up. */
export const MOVE_FAULTS = ["log_not_intact", "copies_differ", "password_changed", "address_changed"] as const;
export type MoveFault = (typeof MOVE_FAULTS)[number];

/** One move, as the records of the region that is left hold it. */
export interface MoveJob {
  readonly id: Id<"move">;
  readonly from: PersonId;
  readonly to: PersonId;
  /** The region that is left, which keeps the books. */
  readonly home: Region;
  readonly state: (typeof MOVE_STATES)[number];
  readonly step: number;
  readonly attempts: number;
  readonly nextAt: number;
  readonly requestedAt: number;
  readonly finishedAt: number | null;
  readonly done: number;
  readonly total: number;
  readonly place: z.infer<typeof placeSchema> | undefined;
  readonly arrival: ArrivalHashes | undefined;
  readonly problem: string | null;
}

export interface MoveRow {
  id: string;
  person_id: string;
  new_person_id: string;
  state: MoveJob["state"];
  step: number;
  attempts: number;
  next_at: number;
  requested_at: number;
  finished_at: number | null;
  done: number;
  total: number;
  place: string | null;
  arrival: string | null;
  problem: string | null;
}

export const MOVE_COLUMNS =
  "id, person_id, new_person_id, state, step, attempts, next_at, requested_at, finished_at, done, total, place, arrival, problem";

export function moveOf(row: MoveRow): MoveJob {
  const id = parseId("move", row.id);
  const from = parseId("person", row.person_id);
  const to = parseId("person", row.new_person_id);
  if (id === undefined || from === undefined || to === undefined) throw new TypeError("a move's row holds ids that are none");
  return {
    id,
    from,
    to,
    home: regionOf(from),
    state: row.state,
    step: row.step,
    attempts: row.attempts,
    nextAt: row.next_at,
    requestedAt: row.requested_at,
    finishedAt: row.finished_at,
    done: row.done,
    total: row.total,
    place: row.place === null ? undefined : placeSchema.parse(JSON.parse(row.place)),
    arrival: row.arrival === null ? undefined : arrivalSchema.parse(JSON.parse(row.arrival)),
    problem: row.problem,
  };
}
