import type { Region } from "../../shared/region";

/** A webhook call that is to be taken: where its pointers go, and how it is known again where its signature makes that possible. */
export interface Arrival {
  readonly region: Region;
  /** Pointers of the region's sync queue, as JSON texts. */
  readonly pointers: readonly string[];
  readonly call?: { readonly digest: string; readonly forgetAt: number } | undefined;
}

export interface Waiting {
  readonly ids: readonly number[];
  readonly region: Region;
  readonly pointers: readonly string[];
}

/** Calls that are remembered at most, whatever their age: the oldest go first, and a repetition of one is read again, which changes nothing. */
const MOST_CALLS = 50_000;

/** What came in by webhooks: pointers that the queue has not taken yet, and which signed calls were here before. */
export class Inbox {
  readonly #sql: SqlStorage;
  readonly #mostCalls: number;

  constructor(sql: SqlStorage, mostCalls = MOST_CALLS) {
    this.#sql = sql;
    this.#mostCalls = mostCalls;
  }

  /** Keeps the pointers of a call, unless the call was here before. Returns whether it is new. Part of the caller's write. */
  take({ region, pointers, call }: Arrival): boolean {
    if (call !== undefined && !this.#isNew(call.digest, call.forgetAt)) return false;
    for (const pointer of pointers) this.#sql.exec("insert into inbox (region, pointer) values (?, ?)", region, pointer);
    return true;
  }

  #isNew(digest: string, forgetAt: number): boolean {
    const [added] = this.#sql
      .exec<{ id: number }>("insert or ignore into calls (digest, expires_at) values (?, ?) returning id", digest, forgetAt)
      .toArray();
    if (added === undefined) return false;
    this.#sql.exec("delete from calls where id <= ?", added.id - this.#mostCalls);
    return true;
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
