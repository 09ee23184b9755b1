import { HOUR_MS } from "../../../shared/clock";
import type { EmergencyAccessId, PersonId, SessionId } from "../../../shared/id";
import { notFound, problem } from "../../../shared/problem";
import type { Sealer } from "../sealer";
import type { VaultState } from "../state";
import { EMERGENCY_COLUMNS, type EmergencyAccess, type EmergencyOutcome, type EmergencyRow, isOpen } from "./rows";

/** So long an emergency access lasts. It cannot be extended. */
export const EMERGENCY_MS = HOUR_MS;

/** Who breaks the glass, in which session, and why. */
export interface Opening {
  readonly clinician: PersonId;
  readonly name: string;
  readonly session: SessionId;
  readonly reason: string;
}

/** The emergency accesses to one person: their lasting notice, and what the door asks. Rows are few and kept in memory by clinician. */
export class EmergencyAccesses {
  readonly #state: VaultState;
  readonly #sealer: Sealer;
  #byClinician: ReadonlyMap<string, readonly EmergencyRow[]> | undefined;

  constructor(state: VaultState, sealer: Sealer) {
    this.#state = state;
    this.#sealer = sealer;
  }

  /** The access that is open to somebody at this moment in one of these sessions. */
  openTo(clinician: string, sessions: readonly string[]): EmergencyAccessId | undefined {
    const now = this.#state.now();
    this.#byClinician ??= Map.groupBy(
      this.#read("state = 'open' AND ended_at IS NULL AND ends_at > ?", now),
      (row: EmergencyRow): string => row.clinician,
    );
    const rows = this.#byClinician.get(clinician) ?? [];
    return rows.find((row) => isOpen(row, now) && sessions.includes(row.session))?.id;
  }

  /** Writes the notice. It opens nothing yet. */
  async prepare(id: EmergencyAccessId, { clinician, name, session, reason }: Opening): Promise<{ openedAt: number; endsAt: number }> {
    const sealed = await this.#sealer.seal(placeOf(id, "sealed_reason"), JSON.stringify({ name, reason }));
    const openedAt = Math.floor(this.#state.now());
    const endsAt = openedAt + EMERGENCY_MS;
    this.#state.sql.exec(
      "INSERT INTO emergency_accesses (id, clinician, session, state, opened_at, ends_at, sealed_reason) VALUES (?, ?, ?, 'prepared', ?, ?, ?)",
      id,
      clinician,
      session,
      openedAt,
      endsAt,
      sealed,
    );
    return { openedAt, endsAt };
  }

  /** Opens what was prepared; problem `not_found`. */
  open(id: EmergencyAccessId): void {
    this.#get(id);
    this.#change("state = 'open'", id);
  }

  /** Ends an access before its time; done already is fine. Problem `not_found`. */
  end(id: EmergencyAccessId): void {
    const row = this.#get(id);
    const now = Math.floor(this.#state.now());
    if (row.ended_at === null && now < row.ends_at) this.#change("ended_at = ?", id, now);
  }

  /** Ends whatever is open. */
  endAll(): void {
    const now = Math.floor(this.#state.now());
    this.#state.sql.exec("UPDATE emergency_accesses SET ended_at = ?1 WHERE ended_at IS NULL AND ends_at > ?1", now);
    this.#byClinician = undefined;
  }

  /** Counts a read that the access allowed. */
  countRead(id: EmergencyAccessId): void {
    this.#state.sql.exec("UPDATE emergency_accesses SET reads = reads + 1 WHERE id = ?", id);
  }

  /** The parties of an access; problem `not_found`. */
  clinicianOf(id: EmergencyAccessId): PersonId {
    return this.#get(id).clinician;
  }

  /** Latest first, below an id. */
  async page(before: string | undefined, limit: number): Promise<EmergencyAccess[]> {
    const rows = this.#read("(?1 IS NULL OR id < ?1) ORDER BY id DESC LIMIT ?2", before ?? null, limit);
    return await Promise.all(rows.map((row) => this.#show(row)));
  }

  /** One access; problem `not_found`. */
  async show(id: EmergencyAccessId): Promise<EmergencyAccess> {
    return await this.#show(this.#get(id));
  }

  /**
   * Keeps the outcome of the review, for good. An access that turns out unjustified ends at once. Problems `not_found`, and `conflict`
   * where it was decided otherwise or by somebody else.
   */
  async decide(id: EmergencyAccessId, reviewer: PersonId, outcome: EmergencyOutcome, note: string): Promise<{ decidedAt: number }> {
    const sealed = await this.#sealer.seal(placeOf(id, "sealed_note"), note);
    const row = this.#get(id);
    if (row.decided_at !== null) {
      if (row.outcome === outcome && row.reviewer === reviewer) return { decidedAt: row.decided_at };
      throw problem("conflict", "This access has been reviewed already.");
    }
    const decidedAt = Math.floor(this.#state.now());
    this.#change("outcome = ?, reviewer = ?, decided_at = ?, sealed_note = ?", id, outcome, reviewer, decidedAt, sealed);
    if (outcome === "unjustified") this.end(id);
    return { decidedAt };
  }

  #get(id: string): EmergencyRow {
    const [row] = this.#read("id = ?", id);
    if (row === undefined) throw notFound("emergency access");
    return row;
  }

  #read(condition: string, ...values: (string | number | null)[]): EmergencyRow[] {
    return this.#state.sql
      .exec<EmergencyRow>(`SELECT ${EMERGENCY_COLUMNS} FROM emergency_accesses WHERE ${condition}`, ...values)
      .toArray();
  }

  #change(what: string, id: string, ...values: (string | number)[]): void {
    this.#state.sql.exec(`UPDATE emergency_accesses SET ${what} WHERE id = ?`, ...values, id);
    this.#byClinician = undefined;
  }

  async #show(row: EmergencyRow): Promise<EmergencyAccess> {
    const { id, clinician, opened_at: openedAt, ends_at, ended_at, outcome, decided_at: decidedAt, sealed_note } = row;
    const opening = JSON.parse(await this.#sealer.unseal(placeOf(id, "sealed_reason"), row.sealed_reason)) as Pick<
      Opening,
      "name" | "reason"
    >;
    const note = sealed_note === null ? "" : await this.#sealer.unseal(placeOf(id, "sealed_note"), sealed_note);
    return {
      id,
      clinician: { id: clinician, name: opening.name },
      reason: opening.reason,
      state: row.state === "prepared" ? "not_opened" : isOpen(row, this.#state.now()) ? "open" : "ended",
      openedAt,
      endsAt: ended_at ?? ends_at,
      reads: row.reads,
      review: outcome === null || decidedAt === null ? null : { outcome, decidedAt, note },
    };
  }
}

function placeOf(id: string, column: "sealed_reason" | "sealed_note") {
  return { table: "emergency_accesses", column, row: id };
}
