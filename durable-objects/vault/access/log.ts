import { DAY_MS, HOUR_MS } from "../../../shared/clock";
import { currentKey, type RegionalKeys, regionalKeys } from "../../../shared/crypto/keys";
import { storesOf } from "../../doors";
import type { VaultState } from "../state";
import { type Anchor, readAnchor, signAnchor, writeAnchor } from "./anchor";
import { chainKey, genesis, linkHash } from "./chain";
import { Checkpoints } from "./checkpoints";
import { type AccessEvent, bodyOf, eventOf, type LoggedEvent, type Outcome, PATH } from "./event";
import { type Verification, verifyChain } from "./verify";

/** Which lines of the log, and how many. Times epoch ms, `to` exclusive; `before` is the number above the first line wanted. */
export interface LogQuery {
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly resource?: string | undefined;
  /** Lines about any of these: metric keys, categories or ids. */
  readonly about?: readonly string[] | undefined;
  readonly outcome?: Outcome | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly before?: number | undefined;
  readonly limit: number;
}

export interface LogPage {
  readonly items: readonly LoggedEvent[];
  /** What to ask `before` for the next page. */
  readonly next: number | null;
}

export interface Head {
  readonly seq: number;
  readonly hash: string;
}

const TIMER = "access-checkpoint";
/** Whoever reads leaves lines, which are not kept for good. */
export const RETENTION_TIMER = "retention";
const CHECKPOINT_EVERY = HOUR_MS;
/** A bucket that does not answer is asked again for so long before its silence is called a fault. */
const CHECKPOINT_LATE = 6 * HOUR_MS;
/** So many lines are looked at for one page: a filter that fits little must not hold the object. */
const MOST_SCANNED = 50_000;
/** So many lines are removed at once. */
const MOST_REMOVED = 5_000;

type Row = { seq: number; at: number; body: string };

/** The access log of a vault. Its newest hash is kept in memory, so that an append is one INSERT. */
export class AccessLog {
  readonly #state: VaultState;
  readonly #keys: RegionalKeys;
  readonly #checkpoints: Checkpoints;
  #head: Head | undefined;
  #isArmed = false;

  constructor(state: VaultState) {
    this.#state = state;
    const stores = storesOf(state.env, state.region);
    this.#keys = regionalKeys(stores.keys);
    this.#checkpoints = new Checkpoints(stores.files, this.#keys, state.person);
    state.timers.on(TIMER, async () => this.#checkpoint());
  }

  /**
   * Appends an event, synchronously: the runtime holds the answer of the call back until it is durable. Must not be part of a transaction
   * that may be rolled back.
   */
  append(event: AccessEvent): void {
    const { version } = currentKey(this.#keys.chain);
    const key = chainKey(this.#keys, version);
    if (key === undefined) throw new TypeError("the key ring has no current key");
    const head = this.head();
    const row = { seq: head.seq + 1, at: Math.floor(this.#state.now()), key: version, body: bodyOf(event) };
    const hash = linkHash(key, row, head.hash);
    this.#state.sql.exec(
      "INSERT INTO access_log (seq, at, key, body, hash) VALUES (?, ?, ?, ?, ?)",
      row.seq,
      row.at,
      row.key,
      row.body,
      hash,
    );
    this.#head = { seq: row.seq, hash };
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#state.timers.setEarliest(TIMER, "", row.at + CHECKPOINT_EVERY);
  }

  /** Takes over lines of a log that began in another region, as they were written there, chained with this region's key. In order. */
  carry(lines: readonly { readonly seq: number; readonly at: number; readonly body: string }[]): void {
    const { version } = currentKey(this.#keys.chain);
    const key = chainKey(this.#keys, version);
    if (key === undefined) throw new TypeError("the key ring has no current key");
    this.#state.storage.transactionSync(() => {
      let head = this.head();
      for (const { seq, at, body } of lines) {
        if (seq <= head.seq) continue;
        if (seq !== head.seq + 1) throw new RangeError("a line of the log is missing");
        const row = { seq, at, key: version, body };
        const hash = linkHash(key, row, head.hash);
        this.#state.sql.exec("INSERT INTO access_log (seq, at, key, body, hash) VALUES (?, ?, ?, ?, ?)", seq, at, version, body, hash);
        head = { seq, hash };
      }
      this.#head = undefined;
    });
  }

  /** Takes over where a log that began in another region was cut off at its beginning, signed with this region's key. Before its lines. */
  carryAnchor({ seq, at, hash }: Pick<Anchor, "seq" | "at" | "hash">): void {
    writeAnchor(this.#state.sql, this.#anchorAt({ seq, at, hash }));
    this.#head = undefined;
  }

  #anchorAt({ seq, at, hash }: Pick<Anchor, "seq" | "at" | "hash">): Anchor {
    const { version } = currentKey(this.#keys.chain);
    const signature = signAnchor(this.#keys, version, this.#state.person, { seq, at, hash });
    if (signature === undefined) throw new TypeError("the key ring has no current key");
    return { seq, at, hash, key: version, signature };
  }

  /** The newest line; before the first of them where the log begins, number 0 for one that was never cut off. */
  head(): Head {
    return (this.#head ??= this.#state.sql
      .exec<{ seq: number; hash: string }>("SELECT seq, hash FROM access_log ORDER BY seq DESC LIMIT 1")
      .toArray()[0] ??
      readAnchor(this.#state.sql) ?? { seq: 0, hash: genesis(this.#state.person) });
  }

  /**
   * Removes lines before an instant from the beginning, and signs where the rest begins. The newest line stays. Called again while
   * `isMore`.
   */
  truncate(before: number): { readonly removed: number; readonly isMore: boolean } {
    const { sql, storage } = this.#state;
    const head = this.head().seq;
    type Line = { seq: number; at: number; hash: string };
    const lines = sql.exec<Line>("SELECT seq, at, hash FROM access_log ORDER BY seq LIMIT ?", MOST_REMOVED).toArray();
    const kept = lines.findIndex(({ seq, at }) => at >= before || seq >= head);
    const old = kept < 0 ? lines : lines.slice(0, kept);
    const last = old.at(-1);
    if (last === undefined) return { removed: 0, isMore: false };
    const anchor = this.#anchorAt(last);
    storage.transactionSync(() => {
      writeAnchor(sql, anchor);
      sql.exec("DELETE FROM access_log WHERE seq <= ?", last.seq);
    });
    return { removed: old.length, isMore: kept < 0 };
  }

  /** Lines, newest first. A page may be short, or empty, although there is a next one. */
  page(query: LogQuery): LogPage {
    const before = query.before ?? this.head().seq + 1;
    const first = (readAnchor(this.#state.sql)?.seq ?? 0) + 1;
    const floor = Math.max(first, before - MOST_SCANNED);
    const conditions: string[] = ["seq < ?", "seq >= ?"];
    const values: (string | number)[] = [before, floor];
    for (const field of ["actor", "action", "resource", "outcome"] as const) {
      const wanted = query[field];
      if (wanted === undefined) continue;
      conditions.push(`json_extract(body, '${PATH[field]}') = ?`);
      values.push(wanted);
    }
    if (query.about !== undefined) {
      conditions.push(`EXISTS (SELECT 1 FROM json_each(body, '${PATH.about}') a WHERE a.value IN (SELECT value FROM json_each(?)))`);
      values.push(JSON.stringify(query.about));
    }
    if (query.from !== undefined) {
      conditions.push("at >= ?");
      values.push(query.from);
    }
    if (query.to !== undefined) {
      conditions.push("at < ?");
      values.push(query.to);
    }
    const rows = this.#state.sql
      .exec<Row>(
        `SELECT seq, at, body FROM access_log WHERE ${conditions.join(" AND ")} ORDER BY seq DESC LIMIT ?`,
        ...values,
        query.limit + 1,
      )
      .toArray();
    const items = rows.slice(0, query.limit).map((row) => eventOf(row.seq, row.at, row.body));
    const last = items.at(-1);
    return { items, next: rows.length > query.limit && last !== undefined ? last.seq : floor > first ? floor : null };
  }

  /** Proves `limit` lines after number `after` against each other and against the newest checkpoints. */
  async verify(after: number, limit: number): Promise<Verification> {
    const checkpoints = await this.#checkpoints.newest();
    return verifyChain(this.#state.sql, this.#keys, this.#state.person, {
      after,
      limit,
      checkpoints,
      head: this.#head,
      coveredBefore: this.#state.now() - CHECKPOINT_EVERY - CHECKPOINT_LATE,
    });
  }

  /** Puts the head where this storage cannot reach it, now. */
  async putCheckpoint(): Promise<void> {
    const { seq, hash } = this.head();
    if (seq > 0) await this.#checkpoints.put({ seq, hash }, this.#state.now());
  }

  /** Puts the head where this storage cannot reach it. Asks to be called again where lines came meanwhile. */
  async #checkpoint(): Promise<number | undefined> {
    const head = this.head();
    if (head.seq > 0) await this.#checkpoints.put(head, this.#state.now());
    this.#state.timers.setEarliest(RETENTION_TIMER, "", this.#state.now() + DAY_MS);
    this.#isArmed = this.head().seq > head.seq;
    return this.#isArmed ? this.#state.now() + CHECKPOINT_EVERY : undefined;
  }
}
