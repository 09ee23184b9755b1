import type { Region } from "../../shared/region";
import type { AddressedPush } from "../../shared/vendors/push";

/** A webhook call that is to be taken: where its pointers go, what data it brings, and how it is known again where its signature makes that possible. */
export interface Arrival {
  readonly region: Region;
  /** Pointers of the region's sync queue, as JSON texts. */
  readonly pointers: readonly string[];
  readonly pushes?: readonly AddressedPush[];
  readonly call?: { readonly signature: string; readonly forgetAt: number } | undefined;
}

export interface Waiting {
  readonly ids: readonly number[];
  readonly region: Region;
  readonly pointers: readonly string[];
}

/** Calls that are remembered at most, whatever their age: the oldest go first, and a repetition of one is read again, which changes nothing. */
const MOST_CALLS = 50_000;

/** A value that is bound may have 2 MB; a pointer takes some hundred letters. */
const ROWS_AT_ONCE = 2_000;

/** What came in by webhooks: pointers that the queue has not taken yet, and which signed calls were here before. */
export class Inbox {
  readonly #sql: SqlStorage;
  readonly #mostCalls: number;

  constructor(sql: SqlStorage, mostCalls = MOST_CALLS) {
    this.#sql = sql;
    this.#mostCalls = mostCalls;
  }

  /**
   * Keeps the pointers of calls, in their order, but for those that were here before. Returns of each whether it is new. Part of the caller's
   * write; a few statements, however many calls come together.
   */
  take(arrivals: readonly Arrival[]): boolean[] {
    const unseen = this.#remember(arrivals.flatMap(({ call }) => call ?? []));
    // Of two that are the same, one is new.
    const taken = arrivals.map(({ call }) => call === undefined || unseen.delete(call.signature));
    const rows = arrivals.flatMap(({ region, pointers }, i) => (taken[i] === true ? pointers.map((pointer) => [region, pointer]) : []));
    for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
      this.#sql.exec(
        "insert into inbox (region, pointer) select value ->> 0, value ->> 1 from json_each(?) order by key",
        JSON.stringify(rows.slice(at, at + ROWS_AT_ONCE)),
      );
    }
    return taken;
  }

  /** Remembers calls; returns the signatures of those that are new. */
  #remember(calls: readonly NonNullable<Arrival["call"]>[]): Set<string> {
    const unseen = new Set<string>();
    let newest = 0;
    for (let at = 0; at < calls.length; at += ROWS_AT_ONCE) {
      const added = this.#sql.exec<{ id: number; signature: string }>(
        `insert or ignore into calls (signature, expires_at) select value ->> 0, value ->> 1 from json_each(?) order by key
         returning id, signature`,
        JSON.stringify(calls.slice(at, at + ROWS_AT_ONCE).map(({ signature, forgetAt }) => [signature, forgetAt])),
      );
      for (const { id, signature } of added) {
        unseen.add(signature);
        newest = Math.max(newest, id);
      }
    }
    if (newest > 0) this.#sql.exec("delete from calls where id <= ?", newest - this.#mostCalls);
    return unseen;
  }

  get isEmpty(): boolean {
    return this.#sql.exec("select 1 from inbox limit 1").toArray().length === 0;
  }

  /** The oldest pointers of one region, `most` of them; undefined where none waits. */
  next(most: number): Waiting | undefined {
    const rows = this.#sql
      .exec<{ id: number; region: Region; pointer: string }>("select id, region, pointer from inbox order by id limit ?", most)
      .toArray();
    const [first] = rows;
    if (first === undefined) return undefined;
    const own = rows.filter(({ region }) => region === first.region);
    return { ids: own.map(({ id }) => id), region: first.region, pointers: own.map(({ pointer }) => pointer) };
  }

  /** The queue has them. */
  sent({ ids }: Waiting): void {
    this.#sql.exec("delete from inbox where id in (select value from json_each(?))", JSON.stringify(ids));
  }
}
