import type { Message } from "./messages";
import type { RoomState } from "./state";

export interface SearchQuery {
  readonly words: string;
  readonly author?: number | undefined;
  readonly before?: number | undefined;
  /** Epoch milliseconds. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly kind?: Message["kind"] | undefined;
  readonly limit: number;
}

/** A message that was found, and its text with what was found between marks. */
export interface Hit {
  readonly seq: number;
  readonly marked: string;
}

/** Around what was found, in `marked`: characters that no message has use for. */
export const MARKS = ["\u0002", "\u0003"] as const;
/** Messages that are indexed in one statement. */
const AT_ONCE = 1_000;

/**
 * Search by words within a room. Words are indexed when somebody searches, and not when a message is sent: a message costs nothing for it,
 * and the first search after many takes them in.
 */
export class Search {
  readonly #state: RoomState;

  constructor(state: RoomState) {
    this.#state = state;
  }

  /** Messages with all of the words, as beginnings of words, the newest first. */
  find(query: SearchQuery, seesFrom: number): Hit[] {
    const match = matchOf(query.words);
    if (match === undefined) return [];
    this.#index();
    return this.#state.sql
      .exec<{ seq: number; marked: string }>(
        `SELECT messages.seq, highlight(texts, 0, ?1, ?2) AS marked FROM texts JOIN messages ON messages.seq = texts.rowid
         WHERE texts MATCH ?3 AND texts.rowid >= ?4 AND texts.rowid < ?5 AND messages.deleted_at IS NULL
           AND (?6 IS NULL OR messages.author = ?6) AND messages.at >= ?7 AND messages.at < ?8 AND (?9 IS NULL OR messages.kind = ?9)
         ORDER BY texts.rowid DESC LIMIT ?10`,
        ...MARKS,
        match,
        seesFrom,
        query.before ?? Number.MAX_SAFE_INTEGER,
        query.author ?? null,
        query.from ?? 0,
        query.to ?? Number.MAX_SAFE_INTEGER,
        query.kind ?? null,
        query.limit,
      )
      .toArray();
  }

  /** A message says something else: it is taken in anew with the next search. */
  changed(seq: number, text: string | null): void {
    const { sql } = this.#state;
    const { to } = sql.exec<{ to: number }>('SELECT indexed_to AS "to" FROM room').one();
    if (seq > to) return;
    sql.exec("DELETE FROM texts WHERE rowid = ?", seq);
    if (text !== null) sql.exec("INSERT INTO texts (rowid, text) VALUES (?, ?)", seq, text);
  }

  #index(): void {
    const { sql, storage } = this.#state;
    for (;;) {
      const more = storage.transactionSync(() => {
        const { to } = sql.exec<{ to: number }>('SELECT indexed_to AS "to" FROM room').one();
        const rows = sql
          .exec<{ seq: number; text: string | null }>("SELECT seq, text FROM messages WHERE seq > ? ORDER BY seq LIMIT ?", to, AT_ONCE)
          .toArray();
        const last = rows.at(-1);
        if (last === undefined) return false;
        for (const { seq, text } of rows) if (text !== null) sql.exec("INSERT INTO texts (rowid, text) VALUES (?, ?)", seq, text);
        sql.exec("UPDATE room SET indexed_to = ?", last.seq);
        return rows.length === AT_ONCE;
      });
      if (!more) return;
    }
  }
}

/** Words as FTS5 takes them: each as the beginning of a word, none as an operator. */
export function matchOf(words: string): string | undefined {
  const parts = words.normalize("NFKC").match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
  return parts.length === 0
    ? undefined
    : parts
        .slice(0, 10)
        .map((part) => `"${part}"*`)
        .join(" ");
}
