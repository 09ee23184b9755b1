import type { UnreadView } from "../../shared/messaging/views";
import type { Member } from "./members";

/** Threads that a member follows, in an answer. */
const MOST_THREADS = 100;

/**
 * How far members have read, and what that leaves. A mark means everything up to and including its message; of the public and the private
 * one the further decides. Counts are computed when they are asked for, and kept nowhere: there is nothing that could be wrong.
 */
export class Unread {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Moves a mark forward; false where it was there already. */
  read(member: number, thread: number, kind: "public" | "private", seq: number, at: number): boolean {
    return (
      this.#sql
        .exec(
          `INSERT INTO marks (member, thread, kind, seq, at) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET seq = excluded.seq, at = excluded.at WHERE excluded.seq > marks.seq RETURNING seq`,
          member,
          thread,
          kind,
          seq,
          at,
        )
        .toArray().length > 0
    );
  }

  /** Makes a message the first that is unread, whatever was read. */
  unread(member: number, thread: number, seq: number, at: number): void {
    this.#sql.exec("UPDATE marks SET seq = min(seq, ?1 - 1), at = ?2 WHERE member = ?3 AND thread = ?4", seq, at, member, thread);
  }

  markOf(member: Member, thread: number): number {
    const { seq } = this.#sql
      .exec<{ seq: number | null }>("SELECT max(seq) AS seq FROM marks WHERE member = ? AND thread = ?", member.no, thread)
      .one();
    return Math.max(seq ?? 0, member.seesFrom - 1);
  }

  /** Public marks of members who let theirs be seen, of the main timeline. */
  publicMarks(limit: number): { readonly member: number; readonly seq: number; readonly delivered: number }[] {
    return this.#sql
      .exec<{ member: number; seq: number; delivered: number }>(
        `SELECT members.no AS member, coalesce(marks.seq, 0) AS seq, members.delivered FROM members
         LEFT JOIN marks ON marks.member = members.no AND marks.thread = 0 AND marks.kind = 'public'
         WHERE members.state = 'active' AND members.receipts = 'public' ORDER BY members.no LIMIT ?`,
        limit,
      )
      .toArray();
  }

  follow(member: number, thread: number): void {
    this.#sql.exec("INSERT INTO follows (member, thread) VALUES (?, ?) ON CONFLICT DO NOTHING", member, thread);
  }

  /** Threads that a member follows, the newest first. */
  followed(member: number, limit: number): number[] {
    return this.#sql
      .exec<{ thread: number }>("SELECT thread FROM follows WHERE member = ? ORDER BY thread DESC LIMIT ?", member, limit)
      .toArray()
      .map(({ thread }) => thread);
  }

  view(member: Member): UnreadView {
    const readTo = this.markOf(member, 0);
    const threads = this.followed(member.no, MOST_THREADS)
      .map((thread) => ({ thread, ...this.#counts(member.no, thread, this.markOf(member, thread)) }))
      .filter(({ messages }) => messages > 0);
    return { ...this.#counts(member.no, 0, readTo), marked: member.isMarkedUnread, readTo, threads };
  }

  #counts(member: number, thread: number, after: number): { messages: number; mentions: number } {
    return this.#sql
      .exec<{ messages: number; mentions: number }>(`SELECT (${COUNT}) AS messages, (${MENTIONS}) AS mentions`, thread, after, member)
      .one();
  }
}

export const COUNT =
  "SELECT count(*) FROM messages INDEXED BY messages_unread WHERE thread = ?1 AND seq > ?2 AND author <> ?3 AND deleted_at IS NULL AND author <> 0";
export const MENTIONS = `SELECT count(*) FROM (
  SELECT message FROM mentions WHERE member = ?3 AND thread = ?1 AND message > ?2
  UNION SELECT message FROM mentions WHERE member = 0 AND thread = ?1 AND message > ?2
) AS named JOIN messages ON messages.seq = named.message AND messages.author <> ?3 AND messages.deleted_at IS NULL`;
