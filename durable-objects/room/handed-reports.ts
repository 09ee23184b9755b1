import { MINUTE_MS } from "../../shared/clock";
import { type PersonId, regionOf, type RoomId } from "../../shared/id";
import type { REPORT_REASONS } from "../../shared/messaging/verbs";
import { storesOf } from "../doors";
import type { Members } from "./members";
import type { Message, Messages } from "./messages";
import type { Facts, RoomState } from "./state";
import type { Verbs } from "./verbs";

/** What a queue message says: something was reported that nobody of the room may decide. */
export interface ReportPointer {
  readonly kind: "room-report";
  readonly room: RoomId;
  readonly no: number;
}

/** A report for moderators. `author` and `reporter` are who they are now; `evidence` is what was there when it was reported. */
export interface HandedReport {
  readonly seq: number;
  readonly author: PersonId | null;
  readonly reporter: PersonId;
  readonly reason: (typeof REPORT_REASONS)[number];
  readonly note: string;
  readonly evidence: string;
}

const TIMER = "reports";
/** Of the timer that judges what is open, instead of handing over what waits. */
const OPEN = "open";
/** What nobody has taken by then is told again. */
const AGAIN_MS = 10 * MINUTE_MS;
const AT_ONCE = 50;
export const TO_HAND = "SELECT no FROM reports WHERE evidence IS NOT NULL AND handed_at IS NULL ORDER BY no LIMIT ?";

interface Parts {
  readonly facts: Facts;
  readonly members: Members;
  readonly messages: Messages;
  readonly verbs: () => Verbs;
}

/**
 * Hands what is reported and nobody of the room may decide to the region's moderators, and does what they decide: all of a direct room, and elsewhere
 * what was said by somebody whom nobody of the staff that is left may act on.
 */
export class HandedReports {
  readonly #state: RoomState;
  readonly #parts: Parts;

  constructor(state: RoomState, parts: Parts) {
    this.#state = state;
    this.#parts = parts;
    state.timers.on(TIMER, async (ref) => {
      if (ref !== OPEN) return await this.#run();
      this.staffChanged();
      return undefined;
    });
  }

  /** A message was just reported. Part of the caller's transaction; a second time changes nothing. */
  reported(reporter: number, message: Message): void {
    if (this.#isOurs(message)) this.#keep(reporter, message);
  }

  /** Staff has come, gone or changed: what is open and nobody here may decide any more is handed over. Again changes nothing. */
  staffChanged(): void {
    const rows = this.#state.sql
      .exec<{ message: number; reporter: number }>(
        "SELECT message, reporter FROM reports WHERE state = 'open' AND evidence IS NULL AND handed_at IS NULL ORDER BY no",
      )
      .toArray();
    for (const { message: seq, reporter } of rows) {
      const message = this.#parts.messages.get(seq);
      if (message !== undefined && this.#isOurs(message)) this.#keep(reporter, message);
    }
  }

  /** Whether a message is the moderators' to decide. Of whoever has been erased nothing is left to decide. */
  #isOurs({ author: no }: Message): boolean {
    const { facts, members } = this.#parts;
    const author = members.byNo(no);
    return author !== undefined && author.state !== "erased" && (facts.get().kind === "direct" || !members.hasStaffOver(author));
  }

  /** Keeps what a message says with a report of it, as it is now, until it is handed over. */
  #keep(reporter: number, message: Message): void {
    const { sql, timers, now } = this.#state;
    sql.exec(
      "UPDATE reports SET evidence = ? WHERE message = ? AND reporter = ? AND state = 'open' AND evidence IS NULL AND handed_at IS NULL",
      evidenceOf(message),
      message.seq,
      reporter,
    );
    timers.setEarliest(TIMER, "", now());
  }

  /** A report that waits; undefined for one that was taken, or whose reporter is gone. */
  read(no: number): HandedReport | undefined {
    const { members, messages } = this.#parts;
    const [row] = this.#state.sql
      .exec<{ message: number; reporter: number; reason: HandedReport["reason"]; note: string | null; evidence: string }>(
        "SELECT message, reporter, reason, note, evidence FROM reports WHERE no = ? AND evidence IS NOT NULL AND handed_at IS NULL",
        no,
      )
      .toArray();
    const reporter = row === undefined ? null : (members.byNo(row.reporter)?.person ?? null);
    if (row === undefined || reporter === null) return undefined;
    const author = members.byNo(messages.get(row.message)?.author ?? 0)?.person ?? null;
    return { seq: row.message, author, reporter, reason: row.reason, note: row.note ?? "", evidence: author === null ? "" : row.evidence };
  }

  /** The moderators have it: the room keeps no words of it beside the message. */
  handed(no: number): void {
    this.#state.sql.exec("UPDATE reports SET handed_at = ?, evidence = NULL WHERE no = ?", Math.floor(this.#state.now()), no);
  }

  /**
   * Does what moderators have decided about a message that was handed to them. They may be faster than the word that they have it: what is on its
   * way to them counts as theirs. Again changes nothing.
   */
  decide(seq: number, outcome: "removed" | "kept"): void {
    const { sql, now } = this.#state;
    const isHanded =
      sql.exec("SELECT 1 FROM reports WHERE message = ? AND (handed_at IS NOT NULL OR evidence IS NOT NULL)", seq).toArray().length > 0;
    const message = this.#parts.messages.get(seq);
    if (!isHanded) return;
    if (outcome === "removed" && message?.deletedAt === null) this.#parts.verbs().bury(0, message);
    sql.exec(
      "UPDATE reports SET state = ?, decided_by = 0, decided_at = ? WHERE message = ? AND state = 'open'",
      outcome === "removed" ? "upheld" : "dismissed",
      Math.floor(now()),
      seq,
    );
  }

  async #run(): Promise<number | undefined> {
    const { sql, env, id, now } = this.#state;
    const waiting = sql.exec<{ no: number }>(TO_HAND, AT_ONCE).toArray();
    if (waiting.length === 0) return undefined;
    const pointers = waiting.map(({ no }): { body: ReportPointer } => ({ body: { kind: "room-report", room: id, no } }));
    await storesOf(env, regionOf(id)).hooks.sendBatch(pointers);
    return now() + AGAIN_MS;
  }
}

function evidenceOf({ text, kind, body, deletedAt }: Message): string {
  if (deletedAt !== null) return "[deleted]";
  if (kind === "sealed") return "[sealed]";
  return text ?? (body.card === undefined ? `[${kind}]` : `[card: ${body.card.kind}]`);
}
