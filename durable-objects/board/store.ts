import type { Part } from "../../shared/ranking/across";
import type { Outcome, Submission, Terms } from "../../shared/ranking/terms";
import { problem } from "../../shared/problem";
import { Standing } from "./standing";

/** Entries that stay in memory beside those in use: periods that are read now and then are loaded anew. */
const MOST_KEPT = 1_000_000;

/** The entries of one object: a board's, or one part's of a large one. */
export class Store {
  readonly #sql: SqlStorage;
  readonly #terms: () => Terms;
  /** By period, the one that was used last at the end. */
  readonly #standings = new Map<number, Standing>();
  #seq: number | undefined;

  constructor(sql: SqlStorage, terms: () => Terms) {
    this.#sql = sql;
    this.#terms = terms;
  }

  /** The number of the last change. */
  get seq(): number {
    this.#seq ??= this.#sql.exec<{ seq: number }>("SELECT coalesce(max(seq), 0) AS seq FROM log").one().seq;
    return this.#seq;
  }

  of(period: number): Standing {
    let standing = this.#standings.get(period);
    if (standing === undefined) {
      standing = new Standing(this.#sql, period, this.#terms(), { next: () => (this.#seq = this.seq + 1) });
      this.#standings.set(period, standing);
      this.#makeRoom(period);
    } else if (this.#standings.size > 1) {
      this.#standings.delete(period);
      this.#standings.set(period, standing);
    }
    return standing;
  }

  /** Counts a batch of submissions, each of which must be valid. Problem `conflict` where the period is closed. */
  submit(period: number, submissions: readonly Submission[]): Outcome[] {
    if (this.state(period) !== "open") throw problem("conflict", "The period is closed.");
    return this.#changing(period, (standing) => standing.submit(submissions));
  }

  /** Does something to a period; where it fails, memory is what the disk says. */
  change<T>(period: number, work: (standing: Standing) => T): T {
    return this.#changing(period, work);
  }

  /** Takes aliases out of every period; the periods in which one was. */
  remove(aliases: readonly string[]): number[] {
    return this.periods().filter((period) => this.#changing(period, (standing) => standing.remove(aliases)) > 0);
  }

  /** Periods in which there is or was something. */
  periods(): number[] {
    return this.#sql
      .exec<{ period: number }>(
        "SELECT period FROM periods UNION SELECT id / 65536 FROM pages UNION SELECT DISTINCT period FROM log ORDER BY 1",
      )
      .toArray()
      .map(({ period }) => period);
  }

  state(period: number): "open" | "closing" | "closed" {
    const [row] = this.#sql.exec<{ state: "open" | "closing" | "closed" }>("SELECT state FROM periods WHERE period = ?", period).toArray();
    return row?.state ?? "open";
  }

  /** Takes no scores any more. */
  seal(period: number): void {
    this.#sql.exec(
      "INSERT INTO periods (period, state) VALUES (?, 'closed') ON CONFLICT DO UPDATE SET state = 'closed' WHERE state = 'open'",
      period,
    );
    this.rewrite([period]);
  }

  /** Leaves nothing of what was taken out. */
  rewrite(periods: readonly number[] = this.periods()): void {
    for (const period of periods) this.#changing(period, (standing) => standing.rewrite());
  }

  /** What can be asked of a period here. */
  part(period: number): Part {
    const ranking = () => this.of(period).ranking;
    return {
      count: () => ranking().size,
      find: (aliases) => aliases.map((alias) => ranking().entry(alias)),
      places: (keys) => keys.map((key) => ranking().place(key)),
      windows: (windows) => windows.map((window) => ranking().window(window)),
    };
  }

  /** Forgets what is in memory. */
  drop(): void {
    this.#standings.clear();
    this.#seq = undefined;
  }

  #changing<T>(period: number, work: (standing: Standing) => T): T {
    try {
      return work(this.of(period));
    } catch (error) {
      this.#standings.delete(period);
      this.#seq = undefined;
      throw error;
    }
  }

  #makeRoom(used: number): void {
    let kept = 0;
    for (const [period, { ranking }] of this.#standings) if (period !== used) kept += ranking.size;
    for (const [period, { ranking }] of this.#standings) {
      if (kept <= MOST_KEPT) return;
      if (period === used) continue;
      this.#standings.delete(period);
      kept -= ranking.size;
    }
  }
}
