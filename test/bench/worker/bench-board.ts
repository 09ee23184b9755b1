import { DurableObject } from "cloudflare:workers";
import { Board } from "../../../durable-objects/board/board";
import { Store } from "../../../durable-objects/board/store";
import type { BoardTerms } from "../../../durable-objects/board/terms";
import { numbered } from "../../../shared/ranking/across";
import type { Placed, Submission } from "../../../shared/ranking/terms";
import { boardAlias } from "../board-data";
import type { BenchEnv } from "./bench-env";

export const BOARD_WORK = ["nothing", "batches", "names", "update", "durable", "rank", "mixed", "top", "around", "load"] as const;
export type BoardWork = (typeof BOARD_WORK)[number];

const TERMS: BoardTerms = { operator: "set", order: "descending", ties: "earlier" };
const AT = 1_700_000_000_000;
const AT_ONCE = 5_000;
/** Submissions of one durable batch. */
const BATCH = 1_000;
const TOP = 100;
const AROUND = 11;

/** The real board, with work that is repeated inside it: clocks stand still there, so it is timed from outside. */
export class BenchBoard extends Board {
  /** Entries of its own: the board's are loaded when it is first asked for them. */
  #store: Store | undefined;
  /** Entries of the board. */
  #count = 0;
  #state = 1;
  #version = 1;

  /** A board of so many entries, by the board's own submissions. */
  async fill(count: number): Promise<void> {
    await this.define(TERMS);
    this.#store = new Store(this.ctx.storage.sql, () => TERMS);
    for (let from = 0; from < count; from += AT_ONCE) {
      const batch = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, i) => this.#submission(boardAlias(from + i)));
      this.#store.submit(0, batch);
    }
    this.#begin(count);
  }

  /** Repeats a piece of work; answers something that depends on it. */
  async repeat(work: BoardWork, times: number): Promise<number> {
    // An object that slept loads its entries again.
    this.#store ??= new Store(this.ctx.storage.sql, () => TERMS);
    const store = this.#store;
    const { ranking } = store.of(0);
    if (this.#count === 0) this.#begin(ranking.size);
    let sum = 0;
    switch (work) {
      case "nothing":
        break;
      // What the others do to ask: it is subtracted.
      case "names":
        for (let i = 0; i < times; i++) sum += this.#pick().length;
        break;
      case "batches":
        for (let i = 0; i < times; i += BATCH) sum += this.#batch().length;
        break;
      case "update":
        for (let i = 0; i < times; i += BATCH) sum += ranking.submitAll(this.#batch(), () => undefined).length;
        break;
      case "durable":
        for (let i = 0; i < times; i += BATCH) sum += store.submit(0, this.#batch()).length;
        break;
      case "rank":
        for (let i = 0; i < times; i++) sum += ranking.rank(this.#pick());
        break;
      case "mixed":
        for (let i = 0; i < times; i++) sum += ranking.submit(this.#submission(this.#pick())).length + ranking.rank(this.#pick());
        break;
      case "top":
        for (let i = 0; i < times; i++) sum += numbered(TERMS, ranking.slice(0, TOP), { ahead: 0, better: 0 }).length;
        break;
      case "around":
        for (let i = 0; i < times; i++) {
          const ahead = Math.max(0, ranking.rank(this.#pick()) - 1 - (AROUND >>> 1));
          sum += numbered(TERMS, ranking.slice(ahead, AROUND), { ahead, better: ahead }).length;
        }
        break;
      case "load":
        for (let i = 0; i < times; i++) sum += new Store(this.ctx.storage.sql, () => TERMS).of(0).ranking.size;
        break;
    }
    return sum;
  }

  /** Writes what is in memory and gives it back to the board. */
  async settleStore(): Promise<void> {
    this.#store?.rewrite();
    this.#store = undefined;
    this.#count = 0;
  }

  /** Asks from now on for entries of a board of so many, with versions that are newer than all before. */
  #begin(count: number): void {
    this.#count = count;
    this.#version = Date.now() * 1_000;
  }

  #submission(alias: string): Submission {
    return { alias, score: this.#roll(100_000), at: AT + this.#roll(86_400_000), version: this.#version++ };
  }

  #batch(): Submission[] {
    return Array.from({ length: BATCH }, () => this.#submission(this.#pick()));
  }

  /** Any alias of the board. */
  #pick(): string {
    return boardAlias(this.#roll(this.#count));
  }

  #roll(below: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % below;
  }
}

/** What anybody would write first: one row for each alias, and no rank but the row itself. */
export class BareBoard extends DurableObject<BenchEnv> {
  constructor(ctx: DurableObjectState, env: BenchEnv) {
    super(ctx, env);
    ctx.storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS scores (alias TEXT PRIMARY KEY, score REAL NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID",
    );
  }

  async submit(submissions: readonly Submission[]): Promise<string[]> {
    for (const { alias, score, at } of submissions)
      this.ctx.storage.sql.exec(
        "INSERT INTO scores VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET score = excluded.score, at = excluded.at",
        alias,
        score,
        at,
      );
    return submissions.map(() => "counted");
  }

  /** Nothing is looked up: what a call costs. */
  async rank(alias: string): Promise<{ readonly entry: Placed; readonly count: number; readonly percentile: number }> {
    return { entry: { rank: 1, alias, score: 1, subscore: 0, at: AT }, count: 1, percentile: 100 };
  }
}
