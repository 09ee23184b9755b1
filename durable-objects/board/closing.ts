import type { Clock } from "../../shared/clock";
import type { Across } from "../../shared/ranking/across";
import type { Entry, Placed, Terms } from "../../shared/ranking/terms";
import type { Given, PeriodStatus, Prize } from "./terms";

/** Rewards of one statement: the text of a bound value must stay under 2 MB. */
const ROWS_AT_ONCE = 5_000;

/** Entries read at once when prizes are given. */
const AT_ONCE = 1_000;

type PeriodRow = { state: PeriodStatus["state"]; prizes: string; closed_at: number | null; entries: number | null };
type RewardRow = { period: number; reward: string; alias: string; rank: number };

/** The ends of periods, and what they give. */
export class Closing {
  readonly #storage: DurableObjectStorage;
  readonly #now: Clock;
  /** Periods that are known to be open: asked with every batch. */
  readonly #isOpen = new Set<number>();

  constructor(storage: DurableObjectStorage, now: Clock) {
    this.#storage = storage;
    this.#now = now;
  }

  status(period: number): PeriodStatus {
    const row = this.#row(period);
    return { period, state: row?.state ?? "open", closedAt: row?.closed_at ?? null, entries: row?.entries ?? null };
  }

  /** The state of a period that scores come for; it exists from now on. */
  open(period: number): PeriodStatus["state"] {
    if (!this.#isOpen.has(period)) {
      this.#storage.sql.exec("INSERT INTO periods (period, state) VALUES (?, 'open') ON CONFLICT DO NOTHING", period);
      const { state } = this.status(period);
      if (state !== "open") return state;
      this.#isOpen.add(period);
    }
    return "open";
  }

  /** Stops the scores of a period; true where this call did. */
  begin(period: number, prizes: readonly Prize[]): boolean {
    this.#isOpen.delete(period);
    const written = this.#storage.sql.exec(
      `INSERT INTO periods (period, state, prizes) VALUES (?1, 'closing', ?2)
       ON CONFLICT DO UPDATE SET state = 'closing', prizes = excluded.prizes WHERE state = 'open' RETURNING period`,
      period,
      JSON.stringify(prizes),
    );
    return written.toArray().length > 0;
  }

  /** Gives the prizes and closes, in one transaction: a crash before it leaves a period that is closing, after it everything is done. */
  async finish(period: number, terms: Terms, board: Across): Promise<void> {
    const { prizes = "[]" } = this.#row(period) ?? {};
    const given: RewardRow[] = [];
    for (const prize of JSON.parse(prizes) as Prize[]) {
      for (const { alias, rank } of await winners(terms, board, prize)) given.push({ period, reward: prize.reward, alias, rank });
    }
    const entries = await board.count();
    this.#storage.transactionSync(() => {
      const { sql } = this.#storage;
      const closed = sql.exec(
        "UPDATE periods SET state = 'closed', closed_at = ?, entries = ? WHERE period = ? AND state = 'closing' RETURNING period",
        Math.floor(this.#now()),
        entries,
        period,
      );
      if (closed.toArray().length === 0) return;
      for (let at = 0; at < given.length; at += ROWS_AT_ONCE)
        sql.exec(
          `INSERT INTO rewards (period, reward, alias, rank)
         SELECT value->>'period', value->>'reward', value->>'alias', value->>'rank' FROM json_each(?) WHERE true ON CONFLICT DO NOTHING`,
          JSON.stringify(given.slice(at, at + ROWS_AT_ONCE)),
        );
    });
  }

  unsettled(limit: number): Given[] {
    return this.#storage.sql
      .exec<RewardRow>(
        "SELECT period, reward, alias, rank FROM rewards WHERE settled_at IS NULL ORDER BY period, reward, alias LIMIT ?",
        limit,
      )
      .toArray();
  }

  settle(given: readonly Given[]): void {
    this.#storage.sql.exec(
      `UPDATE rewards SET settled_at = ?1 WHERE settled_at IS NULL AND (period, reward, alias) IN (
         SELECT value->>'period', value->>'reward', value->>'alias' FROM json_each(?2))`,
      Math.floor(this.#now()),
      JSON.stringify(given),
    );
  }

  of(alias: string): Given[] {
    return this.#storage.sql
      .exec<RewardRow>("SELECT period, reward, alias, rank FROM rewards WHERE alias = ? ORDER BY period, reward", alias)
      .toArray();
  }

  forget(alias: string): void {
    this.#storage.sql.exec("DELETE FROM rewards WHERE alias = ?", alias);
  }

  /** Forgets what is in memory. */
  drop(): void {
    this.#isOpen.clear();
  }

  #row(period: number): PeriodRow | undefined {
    return this.#storage.sql.exec<PeriodRow>("SELECT state, prizes, closed_at, entries FROM periods WHERE period = ?", period).toArray()[0];
  }
}

/** Those of a board whom a prize goes to: by rank, so that a shared last rank gets it as a whole. */
async function winners(terms: Terms, board: Across, { from, to, reaches }: Prize): Promise<Placed[]> {
  const won: Placed[] = [];
  const sign = terms.order === "descending" ? 1 : -1;
  for (let key: Entry | null = null; ;) {
    const { items, hasAfter } = await board.page(key, AT_ONCE);
    for (const entry of items) {
      if (entry.rank > to) return won;
      if (reaches !== undefined && sign * (entry.score - reaches) < 0) return won;
      if (entry.rank >= from) won.push(entry);
    }
    key = items.at(-1) ?? null;
    if (!hasAfter || key === null) return won;
  }
}
