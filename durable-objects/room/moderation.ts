import type { REPORT_REASONS } from "../../shared/messaging/verbs";
import type { MessageView } from "../../shared/messaging/views";
import { notFound, problem } from "../../shared/problem";
import { isStaff, type Member, type Members, requireBelow } from "./members";
import type { Membership } from "./membership";
import type { Messages } from "./messages";
import { iso, isoOrNull, type RoomState } from "./state";
import type { Verbs } from "./verbs";

/** What staff may decide about a report. */
export const DECISIONS = ["dismiss", "remove", "silence", "ban"] as const;
export type Decision = (typeof DECISIONS)[number];

/** What was reported, and what became of it. Who reported it is shown to nobody. */
export interface ReportView {
  readonly no: number;
  readonly message: MessageView | null;
  readonly reason: (typeof REPORT_REASONS)[number];
  readonly note: string | null;
  readonly at: string;
  readonly state: "open" | "dismissed" | "upheld";
  readonly decidedBy: number | null;
  readonly decidedAt: string | null;
}

/** A line of what staff did. */
export interface ActionView {
  readonly no: number;
  readonly at: string;
  readonly by: number;
  readonly action: string;
  readonly concerned: number | null;
  readonly message: number | null;
  readonly reason: string | null;
}

interface Parts {
  readonly members: Members;
  readonly messages: Messages;
  readonly verbs: Verbs;
  readonly membership: Membership;
}

type Row = {
  no: number;
  message: number;
  reporter: number;
  reason: ReportView["reason"];
  note: string | null;
  at: number;
  state: ReportView["state"];
  decided_by: number | null;
  decided_at: number | null;
};

/** Reports and what staff does about them. Every action is written down. */
export class Moderation {
  readonly #state: RoomState;
  readonly #parts: Parts;

  constructor(state: RoomState, parts: Parts) {
    this.#state = state;
    this.#parts = parts;
  }

  /** Reports in a state, in the order in which they came, after one. */
  queue(state: ReportView["state"], after: number, limit: number): ReportView[] {
    const rows = this.#state.sql
      .exec<Row>("SELECT * FROM reports WHERE state = ? AND no > ? ORDER BY no LIMIT ?", state, after, limit)
      .toArray();
    const { messages } = this.#parts;
    const views = new Map(
      messages.views(messages.some([...new Set(rows.map(({ message }) => message))]), this.#state.now()).map((view) => [view.seq, view]),
    );
    return rows.map((row) => reportView(row, views.get(row.message) ?? null));
  }

  /** Decides a report, and every other open one about the same message. Problems `not_found`, `conflict`, `forbidden`. */
  decide(staff: Member, no: number, decision: Decision, reason: string | undefined, until: number | undefined): ReportView {
    const { sql, now } = this.#state;
    const { messages, members, verbs } = this.#parts;
    const [row] = sql.exec<Row>("SELECT * FROM reports WHERE no = ?", no).toArray();
    const message = row === undefined ? undefined : messages.get(row.message);
    if (row === undefined || message === undefined) throw notFound("report");
    if (row.state !== "open") throw problem("conflict", "The report has been decided.");
    const author = members.byNo(message.author);
    if (author?.no === staff.no) throw problem("forbidden", "What is said of you others decide.");
    if (decision !== "dismiss") {
      if (author !== undefined) requireBelow(staff, author);
      if (message.deletedAt === null) verbs.bury(staff.no, message);
      if (decision === "silence" && author !== undefined) this.silence(staff, author, until ?? now() + 86_400_000, reason);
      if (decision === "ban" && author !== undefined) this.ban(staff, author, reason);
    }
    sql.exec(
      "UPDATE reports SET state = ?, decided_by = ?, decided_at = ? WHERE message = ? AND state = 'open'",
      decision === "dismiss" ? "dismissed" : "upheld",
      staff.no,
      Math.floor(now()),
      row.message,
    );
    this.note(staff.no, decision === "dismiss" ? "dismiss_report" : "uphold_report", author?.no ?? null, row.message, reason);
    const [decided] = sql.exec<Row>("SELECT * FROM reports WHERE no = ?", no).toArray();
    if (decided === undefined) throw notFound("report");
    const shown = messages.get(row.message);
    return reportView(decided, shown === undefined ? null : messages.view(shown, now()));
  }

  /** Keeps somebody from writing until an instant; null lets them write again. */
  silence(staff: Member, member: Member, until: number | null, reason: string | undefined): void {
    requireBelow(staff, member);
    this.#parts.membership.silence(member, until, staff.no);
    this.note(staff.no, until === null ? "unsilence" : "silence", member.no, null, reason);
  }

  remove(staff: Member, member: Member, reason: string | undefined): void {
    requireBelow(staff, member);
    this.#parts.membership.remove(member, "removed", staff.no);
    this.note(staff.no, "remove", member.no, null, reason);
  }

  ban(staff: Member, member: Member, reason: string | undefined): void {
    requireBelow(staff, member);
    this.#parts.membership.remove(member, "banned", staff.no);
    this.note(staff.no, "ban", member.no, null, reason);
  }

  unban(staff: Member, member: Member, reason: string | undefined): void {
    this.#parts.membership.unban(member, staff.no);
    this.note(staff.no, "unban", member.no, null, reason);
  }

  /** Writes down what staff did. */
  note(by: number, action: string, concerned: number | null, message: number | null, reason?: string): void {
    const { sql, now } = this.#state;
    sql.exec(
      "INSERT INTO actions (at, member, action, concerned, message, reason) VALUES (?, ?, ?, ?, ?, ?)",
      Math.floor(now()),
      by,
      action,
      concerned,
      message,
      reason ?? null,
    );
  }

  /** What staff did, the newest first; to others what concerned them. */
  actions(reader: Member, before: number, limit: number): ActionView[] {
    const of = isStaff(reader) ? null : reader.no;
    return this.#state.sql
      .exec<{
        no: number;
        at: number;
        member: number;
        action: string;
        concerned: number | null;
        message: number | null;
        reason: string | null;
      }>(
        of === null
          ? "SELECT * FROM actions WHERE no < ?1 ORDER BY no DESC LIMIT ?2"
          : "SELECT * FROM actions WHERE concerned = ?3 AND no < ?1 ORDER BY no DESC LIMIT ?2",
        before,
        limit,
        ...(of === null ? [] : [of]),
      )
      .toArray()
      .map(({ at, member, ...rest }) => ({
        no: rest.no,
        at: iso(at),
        by: member,
        action: rest.action,
        concerned: rest.concerned,
        message: rest.message,
        reason: rest.reason,
      }));
  }
}

function reportView(row: Row, message: MessageView | null): ReportView {
  return {
    no: row.no,
    message,
    reason: row.reason,
    note: row.note,
    at: iso(row.at),
    state: row.state,
    decidedBy: row.decided_by,
    decidedAt: isoOrNull(row.decided_at),
  };
}
