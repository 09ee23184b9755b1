import { DAY_MS, MINUTE_MS } from "../../shared/clock";
import type { VerbOf } from "../../shared/messaging/verbs";
import { isProblem, notFound, problem } from "../../shared/problem";
import type { Member, Members } from "./members";
import { iso, type RoomState } from "./state";
import type { Verbs } from "./verbs";

const TIMER = "scheduled";
/** Messages of one member that wait. */
const MOST = 50;
const LATEST_MS = 366 * DAY_MS;

export interface ScheduledView {
  readonly no: number;
  readonly at: string;
  readonly message: VerbOf<"send">;
}

/** Messages that are to be sent later: a row and a timer each, so that they survive whatever happens in between. */
export class Scheduled {
  readonly #state: RoomState;
  readonly #members: Members;
  readonly #verbs: Verbs;

  constructor(state: RoomState, { members, verbs }: { readonly members: Members; readonly verbs: Verbs }) {
    this.#state = state;
    this.#members = members;
    this.#verbs = verbs;
    state.timers.on(TIMER, async (ref) => this.#send(Number(ref)));
  }

  /** Keeps a message until it is time. Throws `invalid` for an instant that is past or more than a year away. */
  add(member: Member, at: number, verb: VerbOf<"send">): ScheduledView {
    const { sql, now, timers } = this.#state;
    if (at < now() + 1_000 || at > now() + LATEST_MS) {
      throw problem("invalid", undefined, { errors: [{ pointer: "/at", code: "out_of_range", message: "Choose a time within a year." }] });
    }
    const before = this.list(member.no).find(({ message }) => message.clientId === verb.clientId);
    if (before !== undefined) return before;
    if (this.list(member.no).length >= MOST) throw problem("rate_limited", "Many messages of yours wait already.", { retryAfter: 3_600 });
    const { no } = sql
      .exec<{ no: number }>(
        "INSERT INTO scheduled (member, due_at, verb) VALUES (?, ?, ?) RETURNING no",
        member.no,
        at,
        JSON.stringify(verb),
      )
      .one();
    timers.set(TIMER, String(no), at);
    return { no, at: iso(at), message: verb };
  }

  list(member: number): ScheduledView[] {
    return this.#state.sql
      .exec<{ no: number; due_at: number; verb: string }>(
        "SELECT no, due_at, verb FROM scheduled WHERE member = ? ORDER BY due_at, no",
        member,
      )
      .toArray()
      .map(({ no, due_at, verb }) => ({ no, at: iso(due_at), message: JSON.parse(verb) as VerbOf<"send"> }));
  }

  /** Throws `not_found`. */
  cancel(member: number, no: number): void {
    const { sql, timers } = this.#state;
    const gone = sql.exec("DELETE FROM scheduled WHERE no = ? AND member = ? RETURNING no", no, member).toArray();
    if (gone.length === 0) throw notFound("scheduled message");
    timers.clear(TIMER, String(no));
  }

  #send(no: number): number | undefined {
    const { sql, now } = this.#state;
    const [row] = sql.exec<{ member: number; verb: string }>("SELECT member, verb FROM scheduled WHERE no = ?", no).toArray();
    const member = row === undefined ? undefined : this.#members.byNo(row.member);
    if (row === undefined || member === undefined) return undefined;
    try {
      // The client's id makes a run after a crash the same message.
      if (member.state === "active") this.#verbs.perform(member, JSON.parse(row.verb) as VerbOf<"send">);
    } catch (error) {
      if (!isProblem(error)) throw error;
      if (error.code === "rate_limited") return now() + (error.retryAfter ?? 60) * 1_000;
      // Refused for good, as when the thread was deleted; somebody silenced may write again later.
      if (error.code === "forbidden" && error.retryAfter !== undefined) return now() + MINUTE_MS;
    }
    sql.exec("DELETE FROM scheduled WHERE no = ?", no);
    return undefined;
  }
}
