import { type Clock, DAY_MS } from "../../shared/clock";
import type { PersonId, ResearchExportId } from "../../shared/id";
import { notFound } from "../../shared/problem";
import type { Given } from "./terms";

/** So long a release can be read. */
export const KEPT_MS = 7 * DAY_MS;

/** Counts of a release. */
export interface ExportResult {
  readonly people: number;
  readonly suppressedPeople: number;
  readonly suppressedValues: number;
}

export interface ExportFault {
  readonly code: "cohort_too_small" | "too_large" | "unavailable";
}

export interface ExportStatus {
  readonly id: ResearchExportId;
  readonly state: "enlisting" | "running" | "done" | "failed" | "expired";
  readonly createdAt: number;
  readonly fromDay: number;
  readonly toDay: number;
  readonly expiresAt: number | null;
  /** Per cent of the people who were asked: their number is nobody's business before the release. */
  readonly progress: number;
  readonly result: ExportResult | null;
  readonly fault: ExportFault | null;
}

export interface ReleasedTo {
  readonly export: ResearchExportId;
  readonly releasedAt: number;
}

type Row = {
  id: ResearchExportId;
  state: ExportStatus["state"];
  created_at: number;
  from_day: number;
  to_day: number;
  released_at: number | null;
  result: string | null;
};

const COLUMNS = "id, state, created_at, from_day, to_day, released_at, result";

/** The tables of exports. */
export class ExportRows {
  readonly #sql: SqlStorage;
  readonly #now: Clock;

  constructor(sql: SqlStorage, now: Clock) {
    this.#sql = sql;
    this.#now = now;
  }

  create(id: ResearchExportId, fromDay: number, toDay: number): void {
    this.#sql.exec(
      "INSERT INTO exports (id, state, created_at, from_day, to_day) VALUES (?, 'enlisting', ?, ?, ?) ON CONFLICT DO NOTHING",
      id,
      Math.floor(this.#now()),
      fromDay,
      toDay,
    );
  }

  enlist(id: ResearchExportId, people: readonly PersonId[]): void {
    this.#sql.exec(
      "INSERT INTO staged (export, person, state) SELECT ?1, value, 'asked' FROM json_each(?2) WHERE true ON CONFLICT DO NOTHING",
      id,
      JSON.stringify(people),
    );
  }

  /** True where it was begun by this call. */
  start(id: ResearchExportId): boolean {
    if (this.status(id).state !== "enlisting") return false;
    this.#sql.exec("UPDATE exports SET state = 'running' WHERE id = ?", id);
    return true;
  }

  /** Problem `not_found`. */
  status(id: ResearchExportId): ExportStatus {
    const [row] = this.#sql.exec<Row>(`SELECT ${COLUMNS} FROM exports WHERE id = ?`, id).toArray();
    if (row === undefined) throw notFound("export");
    const result = row.result === null ? null : (JSON.parse(row.result) as ExportResult | ExportFault);
    const expiresAt = row.released_at === null ? null : row.released_at + KEPT_MS;
    return {
      id,
      state: row.state === "done" && expiresAt !== null && this.#now() >= expiresAt ? "expired" : row.state,
      createdAt: row.created_at,
      fromDay: row.from_day,
      toDay: row.to_day,
      expiresAt,
      progress: this.#progress(row),
      result: result !== null && "people" in result ? result : null,
      fault: result !== null && "code" in result ? result : null,
    };
  }

  /** People who have not been asked yet. */
  asked(id: ResearchExportId, limit: number): PersonId[] {
    return this.#people("SELECT person FROM staged WHERE export = ? AND state = 'asked' ORDER BY person LIMIT ?", id, limit);
  }

  /** Keeps what a person gave, unless they have withdrawn meanwhile. */
  give(id: ResearchExportId, person: PersonId, given: Given | null): void {
    this.#sql.exec(
      "UPDATE staged SET state = ?, body = ? WHERE export = ? AND person = ? AND state = 'asked'",
      given === null ? "refused" : "given",
      given === null ? null : JSON.stringify(given),
      id,
      person,
    );
  }

  /** Takes a person out of an export that is not released. */
  refuse(id: ResearchExportId, person: PersonId): void {
    this.#sql.exec("UPDATE staged SET state = 'refused', body = NULL WHERE export = ? AND person = ? AND state = 'given'", id, person);
  }

  /** What was given, in pages by person. */
  given(id: ResearchExportId, after: string, limit: number): { person: PersonId; given: Given }[] {
    return this.#sql
      .exec<{ person: PersonId; body: string }>(
        "SELECT person, body FROM staged WHERE export = ? AND state = 'given' AND person > ? ORDER BY person LIMIT ?",
        id,
        after,
        limit,
      )
      .toArray()
      .map(({ person, body }) => ({ person, given: JSON.parse(body) as Given }));
  }

  /** Who is in it at this moment: compared before and after the file is written. */
  whoGave(id: ResearchExportId): string {
    return this.#people("SELECT person FROM staged WHERE export = ? AND state = 'given' ORDER BY person LIMIT ?", id, -1).join(" ");
  }

  /** Ends an export with its release: what was given is forgotten, pointers to those who are in it stay. */
  finish(id: ResearchExportId, result: ExportResult, released: readonly PersonId[]): void {
    this.#sql.exec(
      "UPDATE staged SET state = 'released', body = NULL WHERE export = ?1 AND person IN (SELECT value FROM json_each(?2))",
      id,
      JSON.stringify(released),
    );
    this.#sql.exec("DELETE FROM staged WHERE export = ? AND state <> 'released'", id);
    this.#sql.exec(
      "UPDATE exports SET state = 'done', released_at = ?, result = ? WHERE id = ?",
      Math.floor(this.#now()),
      JSON.stringify(result),
      id,
    );
  }

  /** Ends an export without one. */
  fail(id: ResearchExportId, fault: ExportFault): void {
    this.#sql.exec("DELETE FROM staged WHERE export = ?", id);
    this.#sql.exec("UPDATE exports SET state = 'failed', result = ? WHERE id = ?", JSON.stringify(fault), id);
  }

  expire(id: ResearchExportId): void {
    this.#sql.exec("UPDATE exports SET state = 'expired' WHERE id = ? AND state = 'done'", id);
  }

  withdraw(person: PersonId): void {
    this.#sql.exec("UPDATE staged SET state = 'refused', body = NULL WHERE person = ? AND state IN ('asked', 'given')", person);
  }

  forget(person: PersonId): void {
    this.#sql.exec("DELETE FROM staged WHERE person = ?", person);
  }

  releasesOf(person: PersonId): ReleasedTo[] {
    return this.#sql
      .exec<{ export: ResearchExportId; released_at: number }>(
        "SELECT export, released_at FROM staged JOIN exports ON exports.id = staged.export WHERE person = ? AND staged.state = 'released' ORDER BY export",
        person,
      )
      .toArray()
      .map((row) => ({ export: row.export, releasedAt: row.released_at }));
  }

  #progress({ id, state }: Row): number {
    if (state === "enlisting") return 0;
    if (state !== "running") return 100;
    const { all, asked } = this.#sql
      .exec<{ all: number; asked: number }>(
        "SELECT count(*) AS 'all', coalesce(sum(state = 'asked'), 0) AS asked FROM staged WHERE export = ?",
        id,
      )
      .one();
    // In tenths, so that a small number of people does not show by its steps.
    return all === 0 ? 0 : Math.floor(((all - asked) * 10) / (all + 1)) * 10;
  }

  #people(query: string, id: string, limit: number): PersonId[] {
    return this.#sql
      .exec<{ person: PersonId }>(query, id, limit)
      .toArray()
      .map(({ person }) => person);
  }
}
