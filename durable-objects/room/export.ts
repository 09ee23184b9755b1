import type { Member } from "./members";
import type { Messages } from "./messages";
import { iso, isoOrNull, type RoomState } from "./state";

/** What a room gives into a member's export: a record each of what they wrote and did, in order. */
export function exportOf(state: RoomState, messages: Messages, member: Member, after: number, limit: number): Record<string, unknown>[] {
  return messages.views(messages.of(member.no, after, limit), state.now()).map((view) => ({
    seq: view.seq,
    at: view.at,
    thread: view.thread,
    kind: view.kind,
    text: view.text,
    sealed: view.sealed,
    replyTo: view.replyTo,
    attachments: view.attachments,
    card: view.card,
    poll: view.poll === null ? null : { question: view.poll.question, options: view.poll.options.map(({ text }) => text) },
    editedAt: view.editedAt,
    before: messages.edits(view.seq).map(({ at, text }) => ({ at: iso(at), text })),
  }));
}

/** What is said of the membership itself. */
export function membershipOf(state: RoomState, member: Member): Record<string, unknown> {
  const { sql } = state;
  return {
    member: member.no,
    alias: member.alias,
    role: member.role,
    state: member.state,
    joinedAt: iso(member.joinedAt),
    receipts: member.receipts,
    presence: member.presence,
    notify: member.notify,
    mutedUntil: isoOrNull(member.mutedUntil),
    reactions: sql
      .exec<{ message: number; emoji: string; at: number }>(
        "SELECT message, emoji, at FROM reactions WHERE member = ? LIMIT 10000",
        member.no,
      )
      .toArray()
      .map(({ at, ...rest }) => ({ ...rest, at: iso(at) })),
    votes: sql
      .exec<{ message: number; option: number; at: number }>(
        "SELECT message, option, at FROM votes WHERE member = ? LIMIT 10000",
        member.no,
      )
      .toArray()
      .map(({ at, ...rest }) => ({ ...rest, at: iso(at) })),
    reports: sql
      .exec<{ message: number; reason: string; note: string | null; at: number }>(
        "SELECT message, reason, note, at FROM reports WHERE reporter = ? LIMIT 10000",
        member.no,
      )
      .toArray()
      .map(({ at, ...rest }) => ({ ...rest, at: iso(at) })),
    scheduled: sql
      .exec<{ due_at: number; verb: string }>("SELECT due_at, verb FROM scheduled WHERE member = ? LIMIT 1000", member.no)
      .toArray()
      .map(({ due_at, verb }) => ({ at: iso(due_at), message: JSON.parse(verb) as unknown })),
  };
}
