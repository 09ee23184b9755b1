import { DurableObject } from "cloudflare:workers";
import initial from "../../migrations/board/0082_board.sql";
import { MINUTE_MS, systemClock } from "../../shared/clock";
import { type BoardId, parseId } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import { type Across, type Listed, percentile } from "../../shared/ranking/across";
import { type Entry, isSubmission, type Outcome, type Placed, type Submission } from "../../shared/ranking/terms";
import { boardPartDoor } from "../doors";
import { migrate } from "../migrate";
import { Timers } from "../vault/timers";
import { Closing } from "./closing";
import { Live } from "./live";
import { answer, type Answer, type Exported, exportHalf, keepOnly, Parts, type PartSubmitted, type Question } from "./parts";
import type { Kept } from "./standing";
import { Store } from "./store";
import {
  type BoardPage,
  type BoardTerms,
  type Given,
  MOST_AT_ONCE,
  MOST_LISTED,
  type PeriodStatus,
  type Prize,
  type Standing,
} from "./terms";
import { Turns } from "./turns";

/** What was taken out is gone from old pages and lines of the log so long after it. */
const REWRITE_MS = MINUTE_MS;

/**
 * One board, pinned to its region: who stands where, by an alias that the board's owner gives. It holds aliases, scores and times, and never
 * learns whose they are. A period is a whole number that the owner chooses, one for each window of a challenge; each is a ranking of its
 * own, and keeps its result after it was closed.
 *
 * Who may read a board its owner decides before asking it. Problem `not_found` where the board was not defined.
 *
 * Beside the board itself, under its id, the parts of a large one are objects of this class, under the id and a number: they are spoken to
 * by the board alone, through the methods that begin with `part`.
 */
export class Board extends DurableObject<Env> {
  readonly #store: Store;
  readonly #timers: Timers;
  readonly #closing: Closing;
  readonly #parts: Parts;
  readonly #live: Live;
  readonly #turns = new Turns();
  #terms: BoardTerms | undefined;
  #isReady = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const id = idOf(ctx.id.name ?? "");
    const { sql } = ctx.storage;
    this.#store = new Store(sql, () => this.#known());
    this.#timers = new Timers(ctx.storage, systemClock);
    this.#closing = new Closing(ctx.storage, systemClock);
    this.#parts = new Parts({ sql, store: this.#store, terms: () => this.#known(), door: (part) => boardPartDoor(env, id, part) });
    this.#live = new Live(ctx, {
      across: (period) => this.#parts.across(period),
      state: (period) => this.#closing.status(period).state,
      now: systemClock,
      wakeAt: (at) => this.#timers.setEarliest("watch", "", at),
    });
    this.#timers.on("watch", async () => this.#live.dismissEnded());
    this.#timers.on("close", async (period) => {
      await this.#turns.alone(async () => await this.#finish(Number(period)));
      return undefined;
    });
    this.#timers.on("divide", async () => {
      await this.#turns.alone(async () => await this.#parts.divide());
      return undefined;
    });
    this.#timers.on("rewrite", async () => {
      this.#store.rewrite();
      return undefined;
    });
  }

  /** Opens a socket for whoever the Worker let in; see `shared/ranking/watch.ts` and docs/boards.md. */
  override async fetch(request: Request): Promise<Response> {
    if (!this.#exists()) return Response.json({ code: "not_found" }, { status: 404 });
    return await this.#read(async () => await this.#live.open(request));
  }

  override async webSocketMessage(ws: WebSocket): Promise<void> {
    this.#live.heard(ws);
  }

  override async webSocketClose(ws: WebSocket): Promise<void> {
    this.#live.remove(ws);
  }

  override async webSocketError(ws: WebSocket): Promise<void> {
    this.#live.remove(ws);
  }

  override async alarm(): Promise<void> {
    if (this.#exists()) await this.#timers.run();
  }

  /** Fixes how the board counts. Again with the same terms changes nothing; problem `conflict` with others. */
  async define(terms: BoardTerms): Promise<void> {
    migrate(this.ctx.storage, [["0082_board", initial]]);
    this.#isReady = true;
    const text = JSON.stringify(canonical(terms));
    this.ctx.storage.sql.exec("INSERT INTO board (one, terms) VALUES (1, ?) ON CONFLICT DO NOTHING", text);
    if (JSON.stringify(canonical(this.#known())) !== text) throw problem("conflict", "The board counts in another way already.");
  }

  /**
   * Counts a batch of scores, all of it or nothing, and answers what became of each. Sent again, or in another order, it comes to the same.
   * Problems `invalid`, `too_large`, `conflict` where the period is closed.
   */
  async submit(submissions: readonly Submission[], period = 0): Promise<Outcome[]> {
    requirePeriod(period);
    if (submissions.length > MOST_AT_ONCE) throw problem("too_large", `At most ${MOST_AT_ONCE} scores at once.`);
    const terms = this.#known();
    if (submissions.some((submission) => !isSubmission(terms, submission))) throw problem("invalid", "A score cannot be counted as it is.");
    return await this.#read(async () => {
      if (this.#closing.open(period) !== "open") throw problem("conflict", "The period is closed.");
      const { outcomes, isFull } = await this.#parts.submit(period, submissions);
      if (isFull) this.#timers.setEarliest("divide", "", systemClock());
      if (outcomes.includes("counted")) this.#live.changed(period);
      return [...outcomes];
    });
  }

  /** Where an alias stands; null where it does not. */
  async rank(alias: string, period = 0): Promise<Standing | null> {
    requirePeriod(period);
    return await this.#read(async () => {
      const board = this.#across(period);
      const [entry = null] = await board.ranked([alias]);
      if (entry === null) return null;
      const count = await board.count();
      return { entry, count, percentile: percentile(entry.rank, count) };
    });
  }

  /** The best, up to a thousand. */
  async top(limit: number, period = 0): Promise<BoardPage> {
    return await this.page({ limit, period });
  }

  /** A page behind an entry of an earlier one, or before it. Items are in the board's order either way. */
  async page({ key = null, limit, backwards = false, period = 0 }: PageRequest): Promise<BoardPage> {
    requirePeriod(period);
    return await this.#read(async () => await this.#shown(period, await this.#across(period).page(key, within(limit), backwards)));
  }

  /** So many entries with an alias in their middle, filled up at the ends of the board; null where it is not there. */
  async around(alias: string, limit: number, period = 0): Promise<BoardPage | null> {
    requirePeriod(period);
    return await this.#read(async () => {
      const board = this.#across(period);
      const listed = await board.around(alias, within(limit));
      return listed === null ? null : await this.#shown(period, listed);
    });
  }

  /** Those of some aliases that are there, in the board's order, with their ranks among all. Up to a thousand. */
  async subset(aliases: readonly string[], period = 0): Promise<Placed[]> {
    requirePeriod(period);
    if (aliases.length > MOST_LISTED) throw problem("too_large", `At most ${MOST_LISTED} aliases at once.`);
    return await this.#read(async () => await this.#across(period).subset(aliases));
  }

  /** How many entries there are. */
  async count(period = 0): Promise<number> {
    requirePeriod(period);
    return await this.#read(async () => await this.#across(period).count());
  }

  /**
   * Ends a period for good: it takes no score any more, its result stays, and each prize is given once to each of those who won it. Called
   * again, after a crash too, it comes to the same; the prizes of the first call count.
   */
  async close(period = 0, prizes: readonly Prize[] = []): Promise<PeriodStatus> {
    this.#known();
    requirePeriod(period);
    return await this.#turns.alone(async () => {
      if (this.#closing.begin(period, prizes)) this.#timers.set("close", String(period), systemClock());
      return await this.#finish(period);
    });
  }

  /** Periods that hold entries or were closed. */
  async periods(): Promise<PeriodStatus[]> {
    this.#known();
    return this.#store.periods().map((period) => this.#closing.status(period));
  }

  /** Rewards of closes that nobody has taken over yet, up to a thousand. */
  async unsettled(limit = MOST_LISTED): Promise<Given[]> {
    this.#known();
    return this.#closing.unsettled(within(limit));
  }

  /** Notes that rewards were taken over: they were paid, or will be. Again changes nothing. */
  async settle(given: readonly Given[]): Promise<void> {
    this.#known();
    this.#closing.settle(given);
  }

  /** What closes gave to an alias, and its entries: what an export shows of it. */
  async held(alias: string): Promise<{ readonly entries: (Placed & { readonly period: number })[]; readonly rewards: Given[] }> {
    this.#known();
    return await this.#read(async () => {
      const entries: (Placed & { readonly period: number })[] = [];
      for (const period of this.#store.periods()) {
        const [entry = null] = await this.#across(period).ranked([alias]);
        if (entry !== null) entries.push({ period, ...entry });
      }
      return { entries, rewards: this.#closing.of(alias) };
    });
  }

  /**
   * Takes an alias out of every period, closed ones too: the others' ranks are anew at once, what closes gave them stays. Its bytes are gone
   * from the storage within minutes.
   */
  async forget(alias: string): Promise<void> {
    if (!this.#exists()) return;
    await this.#turns.alone(async () => {
      await this.#even();
      this.#closing.forget(alias);
      await this.#parts.forget(alias);
      this.#timers.setEarliest("rewrite", "", systemClock() + REWRITE_MS);
      for (const period of this.#store.periods()) this.#live.changed(period);
    });
  }

  /** Ends the sockets of a tag: whoever watched by it may not any more. */
  async dismiss(tag: string): Promise<void> {
    this.#live.dismiss(tag);
  }

  /** Deletes the board with everything. */
  async erase(): Promise<void> {
    if (!this.#exists()) return;
    await this.#turns.alone(async () => {
      this.#live.end();
      await this.#parts.erase();
      this.#closing.drop();
      this.#store.drop();
      this.#terms = undefined;
      this.#isReady = false;
      await this.ctx.storage.deleteAll();
    });
  }

  async partSubmit(terms: BoardTerms, period: number, submissions: readonly Submission[]): Promise<PartSubmitted> {
    await this.#beginPart(terms);
    const outcomes = this.#store.submit(period, submissions);
    return { outcomes, size: this.#store.of(period).ranking.size };
  }

  async partAsk(terms: BoardTerms, period: number, question: Question): Promise<Answer> {
    await this.#beginPart(terms);
    return answer(this.#store, period, question);
  }

  async partExport(terms: BoardTerms, period: number, from: number, parts: number, part: number): Promise<Exported> {
    await this.#beginPart(terms);
    return exportHalf(this.#store, period, from, parts, part);
  }

  async partAbsorb(terms: BoardTerms, period: number, entries: readonly Kept[]): Promise<void> {
    await this.#beginPart(terms);
    this.#store.change(period, (standing) => standing.absorb(entries));
  }

  async partSeal(terms: BoardTerms, period: number): Promise<void> {
    await this.#beginPart(terms);
    this.#store.seal(period);
  }

  async partForget(terms: BoardTerms, alias: string): Promise<void> {
    await this.#beginPart(terms);
    this.#store.remove([alias]);
    this.#timers.setEarliest("rewrite", "", systemClock() + REWRITE_MS);
  }

  async partKeep(terms: BoardTerms, parts: number, part: number): Promise<void> {
    await this.#beginPart(terms);
    keepOnly(this.#store, parts, part);
  }

  async partErase(): Promise<void> {
    this.#store.drop();
    this.#terms = undefined;
    this.#isReady = false;
    await this.ctx.storage.deleteAll();
  }

  async #beginPart(terms: BoardTerms): Promise<void> {
    if (this.#terms === undefined) await this.define(terms);
  }

  /** Reads, or counts, beside others. */
  async #read<T>(work: () => Promise<T>): Promise<T> {
    this.#known();
    if (this.#parts.isUneven) await this.#turns.alone(async () => await this.#even());
    return await this.#turns.together(work);
  }

  /** Ends a division that was interrupted where entries lie in two places. */
  async #even(): Promise<void> {
    if (this.#parts.isUneven) await this.#parts.divide();
  }

  /** Ends what `close` began. */
  async #finish(period: number): Promise<PeriodStatus> {
    await this.#even();
    if (this.#closing.status(period).state === "closing") {
      await this.#parts.seal(period);
      await this.#closing.finish(period, this.#known(), this.#across(period));
      this.#timers.clear("close", String(period));
      this.#live.changed(period);
    }
    return this.#closing.status(period);
  }

  async #shown(period: number, listed: Listed): Promise<BoardPage> {
    return { ...listed, count: await this.#across(period).count(), state: this.#closing.status(period).state };
  }

  #across(period: number): Across {
    requirePeriod(period);
    return this.#parts.across(period);
  }

  #known(): BoardTerms {
    if (this.#terms !== undefined) return this.#terms;
    const [row] = this.#exists() ? this.ctx.storage.sql.exec<{ terms: string }>("SELECT terms FROM board").toArray() : [];
    if (row === undefined) throw notFound("board");
    return (this.#terms = JSON.parse(row.terms) as BoardTerms);
  }

  /** Whether the board was defined: asking an id that nobody made leaves no trace. */
  #exists(): boolean {
    this.#isReady ||= this.ctx.storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'board'").toArray().length > 0;
    return this.#isReady;
  }
}

export interface PageRequest {
  /** An entry of an earlier page; the best or, backwards, the worst where absent. */
  readonly key?: Entry | null;
  readonly limit: number;
  readonly backwards?: boolean;
  readonly period?: number;
}

const MOST_PERIOD = 2 ** 31;

/** The board that an object's name says, whichever part of it the object is. */
function idOf(name: string): BoardId {
  const [text = "", part = "1", more] = name.split(".");
  const id = parseId("board", text);
  if (id === undefined || more !== undefined || !/^[1-9]\d{0,3}$/.test(part)) throw new TypeError("a board is opened by its id");
  return id;
}

function requirePeriod(period: number): void {
  if (!Number.isInteger(period) || period < 0 || period > MOST_PERIOD) throw problem("invalid", "The period is none.");
}

function within(limit: number): number {
  return Math.max(1, Math.min(MOST_LISTED, Math.floor(limit)));
}

function canonical({ operator, order, ties, start = 0, partSize }: BoardTerms): BoardTerms {
  return { operator, order, ties, start, ...(partSize === undefined ? {} : { partSize }) };
}
