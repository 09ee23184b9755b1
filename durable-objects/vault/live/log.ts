import { MINUTE_MS } from "../../../shared/clock";
import type { MetricFilter } from "../../../shared/live/filter";
import type { Changed, NewReadings } from "./entries";
import { MOST_ITEMS, write } from "./protocol";

/** How long entries are kept for a watcher that was disconnected, and noted after the last one left. */
export const KEPT_MS = 10 * MINUTE_MS;
/** Bounds of the log, whatever its age. */
const MOST_ENTRIES = 6_000;
const MOST_READINGS = 60_000;
const PRUNE_EVERY = 512;

interface LogRow extends Record<string, SqlStorageValue> {
  seq: number;
  kind: string;
  metrics: string;
  body: string;
  from_at: number;
  to_at: number;
}

/** One entry of the stream. */
export class Entry {
  readonly seq: number;
  readonly #row: LogRow;
  #items: { metric: string }[] | undefined;

  constructor(row: LogRow) {
    this.seq = row.seq;
    this.#row = row;
  }

  /** Whether the entry concerns a filter. */
  concerns(filter: ReadonlySet<string> | undefined): boolean {
    return filter === undefined || this.#row.metrics.split(",").some((metric) => filter.has(metric));
  }

  /** The message for a filter that the entry concerns. */
  text(filter: ReadonlySet<string> | undefined, prev: number): string {
    const { seq, kind, metrics, body, from_at, to_at } = this.#row;
    if (kind === "changed") return write.changed(seq, prev, metrics.slice(1, -1), from_at, to_at);
    if (filter === undefined) return write.readings(seq, prev, body);
    this.#items ??= JSON.parse(`[${body}]`) as { metric: string }[];
    const items = this.#items.filter((item) => filter.has(item.metric)).map((item) => JSON.stringify(item));
    return write.readings(seq, prev, items.join(","));
  }
}

/**
 * The numbered entries of a person's stream, and how far they were sent. Entries are noted inside the transaction that stores what
 * they tell of. While nobody watches, and nobody did for ten minutes, nothing is noted; the first such write breaks the numbering on
 * purpose, so that an old number cannot be taken for a complete one.
 */
export class LiveLog {
  readonly #sql: SqlStorage;
  #watchedUntil: number;
  #sent: number;
  /** Whether entries may exist that were not sent. A rolled-back write may leave it true: then a flush finds nothing. */
  unsent: boolean;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    const { head, sent, watched_until } = sql
      .exec<{ head: number; sent: number; watched_until: number }>("SELECT head, sent, watched_until FROM live_state")
      .one();
    this.#sent = sent;
    this.#watchedUntil = watched_until;
    this.unsent = head > sent;
  }

  /** Number of the newest entry. */
  head(): number {
    return this.#sql.exec<{ head: number }>("SELECT head FROM live_state").one().head;
  }

  isWatched(now: number): boolean {
    return now < this.#watchedUntil;
  }

  /** Notes that somebody watches, or has just stopped: entries are noted for ten minutes more. Not inside a transaction. */
  watch(now: number): void {
    this.#watchedUntil = now + KEPT_MS;
    this.#sql.exec("UPDATE live_state SET watched_until = ?, dormant = 0", this.#watchedUntil);
  }

  /** Called for a write that nobody watches: the first one ends the stream's continuity, the others cost one look. */
  rest(): void {
    const broken = this.#sql
      .exec("UPDATE live_state SET dormant = 1, head = head + 1, sent = head + 1 WHERE dormant = 0 RETURNING head")
      .toArray();
    if (broken.length === 0) return;
    this.#sql.exec("DELETE FROM live_log");
  }

  /** Notes new readings; they join the newest entry while that was not sent. */
  appendReadings({ n, metrics, body }: NewReadings, now: number): void {
    const keys = `${metrics.join(",")},`;
    if (this.unsent) {
      const joined = this.#sql
        .exec(
          `UPDATE live_log SET n = n + ?1, metrics = metrics || ?2, body = body || ',' || ?3
           WHERE seq = (SELECT head FROM live_state) AND seq > ?4 AND kind = 'readings' AND n + ?1 <= ?5 RETURNING seq`,
          n,
          keys,
          body,
          this.#sent,
          MOST_ITEMS,
        )
        .toArray();
      if (joined.length > 0) return;
    }
    this.#append("readings", n, `,${keys}`, body, 0, 0, now);
  }

  /** Notes a window to read again; it joins one of the same metric that was not sent. */
  appendChanged({ metric, from, to }: Changed, now: number): void {
    const key = `,${metric},`;
    if (this.unsent) {
      const joined = this.#sql
        .exec(
          "UPDATE live_log SET from_at = min(from_at, ?), to_at = max(to_at, ?) WHERE seq > ? AND kind = 'changed' AND metrics = ? RETURNING seq",
          from,
          to,
          this.#sent,
          key,
        )
        .toArray();
      if (joined.length > 0) return;
    }
    this.#append("changed", 1, key, "", from, to, now);
  }

  /** The entries that were not sent yet; they count as sent from now on. */
  takeUnsent(): Entry[] {
    this.unsent = false;
    const entries = this.#read(this.#sent);
    this.#sent = entries.at(-1)?.seq ?? this.#sent;
    return entries;
  }

  /** Keeps in storage how far entries were sent. While entries come, each of them does it on the side. */
  settle(): void {
    this.#sql.exec("UPDATE live_state SET sent = ?1 WHERE sent <> ?1", this.#sent);
  }

  /**
   * The entries after a number, or undefined where they are not all there any more, or are longer together than `longest` characters.
   */
  since(after: number, longest: number): Entry[] | undefined {
    const { floor, head } = this.#sql
      .exec<{ floor: number; head: number }>("SELECT coalesce((SELECT min(seq) - 1 FROM live_log), head) AS floor, head FROM live_state")
      .one();
    if (after < floor || after > head) return undefined;
    const { size } = this.#sql
      .exec<{ size: number }>("SELECT coalesce(sum(length(body) + 150), 0) AS size FROM live_log WHERE seq > ?", after)
      .one();
    return size > longest ? undefined : this.#read(after);
  }

  /** The newest entry before a number that concerns a filter; 0 where none is remembered. */
  lastConcerning(filter: MetricFilter, before: number): number {
    if (filter === undefined) return before - 1;
    return this.#sql
      .exec<{ seq: number }>(
        `SELECT coalesce(max(l.seq), 0) AS seq FROM live_log l
         WHERE l.seq < ? AND EXISTS (SELECT 1 FROM json_each(?) f WHERE instr(l.metrics, ',' || f.value || ',') > 0)`,
        before,
        JSON.stringify(filter),
      )
      .one().seq;
  }

  /** Drops entries that are too old or too many. Returns whether any is left. */
  prune(now: number): boolean {
    this.#sql.exec("DELETE FROM live_log WHERE at < ? AND seq <= ?", now - KEPT_MS, this.#sent);
    this.#bound();
    return this.#sql.exec("SELECT 1 FROM live_log LIMIT 1").toArray().length > 0;
  }

  #append(kind: string, n: number, metrics: string, body: string, from: number, to: number, now: number): void {
    const { head } = this.#sql.exec<{ head: number }>("UPDATE live_state SET head = head + 1, sent = ? RETURNING head", this.#sent).one();
    this.#sql.exec(
      "INSERT INTO live_log (seq, at, kind, n, metrics, body, from_at, to_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      head,
      now,
      kind,
      n,
      metrics,
      body,
      from,
      to,
    );
    if (head % PRUNE_EVERY === 0) this.#bound();
    this.unsent = true;
  }

  #bound(): void {
    this.#sql.exec(
      `DELETE FROM live_log WHERE seq <= (SELECT max(seq) FROM (
         SELECT seq, sum(n) OVER newer AS readings, count(*) OVER newer AS entries FROM live_log WINDOW newer AS (ORDER BY seq DESC)
       ) WHERE readings > ? OR entries > ?)`,
      MOST_READINGS,
      MOST_ENTRIES,
    );
  }

  #read(after: number): Entry[] {
    return this.#sql
      .exec<LogRow>("SELECT seq, kind, metrics, body, from_at, to_at FROM live_log WHERE seq > ? ORDER BY seq", after)
      .toArray()
      .map((row) => new Entry(row));
  }
}
