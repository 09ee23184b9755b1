import { DAY_MS } from "../../shared/clock";
import type { AttachmentView } from "../../shared/messaging/views";
import { notFound, problem } from "../../shared/problem";
import { storesOf } from "../doors";
import { regionOf } from "../../shared/id";
import { attachmentKey } from "../../shared/messaging/files";
import { attachmentView, type AttachmentRow } from "./messages";
import type { RoomState } from "./state";

/** An attachment that no message brings is deleted after this time. */
const UNSENT_MS = DAY_MS;
/** Attachments of one member that no message has brought yet. */
const MOST_UNSENT = 50;
const TIMER = "attachments";
const DROP = "drop";
const AT_ONCE = 100;

type Row = AttachmentRow & { member: number; message: number | null; at: number };

/** Files of messages. What they are lies here, the bytes in the region's bucket. */
export class Attachments {
  readonly #state: RoomState;

  constructor(state: RoomState) {
    this.#state = state;
    state.timers.on(TIMER, async () => await this.#clean());
    state.timers.on(DROP, async (id) => {
      await this.#bucket().delete(attachmentKey(state.id, id));
      return undefined;
    });
  }

  /** Notes a file whose bytes are in the bucket. Throws `rate_limited` for whoever uploads and sends nothing. */
  note(member: number, file: AttachmentView): AttachmentView {
    const { sql, now, timers } = this.#state;
    const { n } = sql.exec<{ n: number }>("SELECT count(*) AS n FROM attachments WHERE member = ? AND message IS NULL", member).one();
    if (n >= MOST_UNSENT) throw problem("rate_limited", "Send what you have uploaded first.", { retryAfter: 60 });
    const at = Math.floor(now());
    sql.exec(
      "INSERT INTO attachments (id, member, type, kind, size, name, width, height, duration_ms, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
      file.id,
      member,
      file.type,
      file.kind,
      file.size,
      file.name,
      file.width,
      file.height,
      file.durationMs,
      at,
    );
    timers.setEarliest(TIMER, "", at + UNSENT_MS);
    return file;
  }

  /** A member's own attachments that a message may bring; throws `invalid` for any other. */
  claimable(member: number, ids: readonly string[], isSealed: boolean): AttachmentView[] {
    return [...new Set(ids)].map((id) => {
      const row = this.#row(id);
      const fits = row?.member === member && row.message === null && (row.kind === "sealed") === isSealed;
      if (row === undefined || !fits) {
        throw problem("invalid", undefined, {
          errors: [{ pointer: "/attachments", code: "unknown_attachment", message: "There is no such attachment of yours that waits." }],
        });
      }
      return attachmentView(row);
    });
  }

  claim(ids: readonly string[], message: number): void {
    this.#state.sql.exec("UPDATE attachments SET message = ? WHERE id IN (SELECT value FROM json_each(?))", message, JSON.stringify(ids));
  }

  /** An attachment that a member may read: of a message that is there, or their own. Throws `not_found`. */
  readable(member: number, seesFrom: number, id: string): AttachmentView {
    const row = this.#row(id);
    if (row === undefined || (row.message === null ? row.member !== member : row.message < seesFrom)) throw notFound("attachment");
    return attachmentView(row);
  }

  /** The files of the room, the newest first. */
  page(seesFrom: number, before: number, limit: number): (AttachmentView & { readonly message: number })[] {
    return this.#state.sql
      .exec<AttachmentRow & { message: number }>(
        "SELECT * FROM attachments WHERE message IS NOT NULL AND message >= ? AND message < ? ORDER BY message DESC, id LIMIT ?",
        seesFrom,
        before,
        limit,
      )
      .toArray()
      .map((row) => ({ ...attachmentView(row), message: row.message }));
  }

  /** Deletes the files of a message; the bytes as soon as that can be. Part of the caller's transaction. */
  drop(message: number): void {
    this.#forget("message = ?", message);
  }

  dropOf(member: number): void {
    this.#forget("member = ?", member);
  }

  /** Deletes the files of messages up to and including one. */
  purge(floor: number): void {
    this.#forget("message <= ?", floor);
  }

  /** Deletes whatever the bucket has of the room. */
  async destroy(): Promise<void> {
    const bucket = this.#bucket();
    for (;;) {
      const { objects } = await bucket.list({ prefix: attachmentKey(this.#state.id, ""), limit: AT_ONCE });
      if (objects.length === 0) return;
      await bucket.delete(objects.map(({ key }) => key));
    }
  }

  #forget(condition: string, value: number): void {
    const { sql, timers, now } = this.#state;
    const gone = sql.exec<{ id: string }>(`DELETE FROM attachments WHERE ${condition} RETURNING id`, value).toArray();
    for (const { id } of gone) timers.set(DROP, id, now());
  }

  async #clean(): Promise<number | undefined> {
    const { sql, now } = this.#state;
    const old = sql
      .exec<{ id: string }>("SELECT id FROM attachments WHERE message IS NULL AND at <= ? LIMIT ?", now() - UNSENT_MS, AT_ONCE)
      .toArray()
      .map(({ id }) => id);
    if (old.length > 0) {
      await this.#bucket().delete(old.map((id) => attachmentKey(this.#state.id, id)));
      sql.exec("DELETE FROM attachments WHERE message IS NULL AND id IN (SELECT value FROM json_each(?))", JSON.stringify(old));
    }
    const { next } = sql.exec<{ next: number | null }>("SELECT min(at) AS next FROM attachments WHERE message IS NULL").one();
    return next === null ? undefined : Math.max(next + UNSENT_MS, now() + 1);
  }

  #row(id: string): Row | undefined {
    return this.#state.sql.exec<Row>("SELECT * FROM attachments WHERE id = ?", id).toArray()[0];
  }

  #bucket(): R2Bucket {
    return storesOf(this.#state.env, regionOf(this.#state.id)).files;
  }
}
