import type { PersonId } from "../../shared/id";
import type { MemberRole, RoomSettings } from "../../shared/messaging/verbs";
import type { MemberState } from "../../shared/messaging/views";
import { notFound, problem } from "../../shared/problem";
import type { Attachments } from "./attachments";
import { type Changes, settingsView } from "./changes";
import type { EventLog } from "./log";
import { isStaff, type Member, type Members, memberView } from "./members";
import type { Messages } from "./messages";
import type { Sockets } from "./sockets";
import type { Facts, RoomFacts, RoomState } from "./state";
import type { Tells } from "./tells";

/** The timers of those who have gone and are known for as long as they are silenced. */
const SILENCES = "silences";

/** Most members of a room. */
export const MOST_MEMBERS = 10_000;

/** Somebody who is to be in a room. */
export interface Entrant {
  readonly person: PersonId;
  readonly role?: MemberRole;
  /** `invited`: nothing of theirs is here before they accept. */
  readonly state?: "active" | "invited";
  /** What they go by: who they are is shown to nobody then. */
  readonly alias?: string;
  /**
   * Who they are here, whatever they go by: under the same they are called anew, under another they are another member, who comes in with a
   * later call than the one that takes the first one out. Needs an alias.
   */
  readonly handle?: string;
}

interface Parts {
  readonly facts: Facts;
  readonly members: Members;
  readonly messages: Messages;
  readonly log: EventLog;
  readonly changes: Changes;
  readonly attachments: Attachments;
  readonly sockets: Sockets;
  readonly tells: Tells;
  /** Staff has come, gone or changed. */
  readonly onStaff: () => void;
}

/** Who comes, goes, and may do what. Each may be repeated. */
export class Membership {
  readonly #state: RoomState;
  readonly #parts: Parts;

  constructor(state: RoomState, parts: Parts) {
    this.#state = state;
    this.#parts = parts;
    state.timers.on(SILENCES, async (no) => await this.#silenceIsOver(Number(no)));
  }

  /**
   * Takes people in. Whoever is in stays as they are; whoever left comes back under their number; whoever was banned stays out. `asker` is whoever
   * asks the others, here already or the first of them. Returns whether somebody was only taken out, under another handle, and is to come in with a
   * later call.
   */
  add(entrants: readonly Entrant[], by: number, asker?: PersonId): boolean {
    const { members, changes, facts } = this.#parts;
    if (facts.get().closedAt !== null) throw problem("conflict", "The room is closed.");
    const silences = new Map<PersonId, number>();
    const later = new Set<PersonId>();
    for (const entrant of entrants) {
      const { isLater, silencedUntil } = this.#recognise(entrant, by);
      if (isLater) later.add(entrant.person);
      if (silencedUntil !== null) silences.set(entrant.person, silencedUntil);
    }
    const fresh = entrants.filter(({ person, state = "active" }) => {
      if (later.has(person)) return false;
      const known = members.byPerson(person);
      if (known === undefined) return true;
      return known.state === "left" || known.state === "removed" || (known.state === "invited" && state === "active");
    });
    if (fresh.length === 0) return later.size > 0;
    if (members.active + fresh.length > MOST_MEMBERS) throw problem("conflict", "The room is full.");
    changes.make((append, now) => {
      for (const { person, role = "member", state = "active", alias, handle } of fresh) {
        const known = members.byPerson(person);
        let member =
          known === undefined
            ? members.add(person, { role, state, alias: alias ?? null, handle: handle ?? null, at: now, seesFrom: this.#seesFrom() })
            : members.set(known.no, {
                role,
                state,
                alias: alias ?? known.alias,
                handle: handle ?? known.handle,
                joined_at: now,
                sees_from: Math.max(known.seesFrom, known.state === "invited" ? 0 : this.#seesFrom()),
                invited_by: null,
                is_untold: 1,
              });
        // Whoever is in what they were asked into has asked in turn.
        const askedBy = known?.state === "invited" ? undefined : this.#askerOf(person, asker);
        if (askedBy !== undefined) member = members.set(member.no, { invited_by: askedBy.no });
        if (known !== undefined) this.#state.timers.clear(SILENCES, String(known.no));
        const silencedUntil = silences.get(person);
        if (silencedUntil !== undefined) member = members.set(member.no, { silenced_until: silencedUntil });
        append({ kind: "member", member: by, message: null, data: { member: member.no } }, () => ({ member: memberView(member) }));
      }
    });
    return later.size > 0;
  }

  /**
   * Whoever has a handle is found by it after a move, is called what they go by now, and under another handle is somebody else: later, so that
   * nobody reads from the log who that is, and silenced for as long as they were.
   */
  #recognise({ person, alias, handle }: Entrant, by: number): { readonly isLater: boolean; readonly silencedUntil: number | null } {
    const { members } = this.#parts;
    const asTheyAre = { isLater: false, silencedUntil: null };
    if (handle === undefined || alias === undefined) return asTheyAre;
    const holder = members.byHandle(handle);
    if (holder?.person != null && holder.person !== person) this.follow(holder.person, person);
    const known = members.byPerson(person);
    if (known === undefined || known.state === "banned") return asTheyAre;
    if (known.handle === handle) {
      if (known.alias !== alias && known.state === "active") this.#change(known, { alias }, by, false);
      return asTheyAre;
    }
    const silencedUntil = (known.silencedUntil ?? 0) > this.#state.now() ? known.silencedUntil : null;
    if (known.state !== "erased") {
      // The silence is kept with the number that was theirs until they come back.
      this.withdraw(known, silencedUntil);
      return { isLater: true, silencedUntil: null };
    }
    // Their vault hears of the new membership in the place of the end of the old one.
    members.set(known.no, { person: null, silenced_until: null, is_untold: 0 });
    this.#state.timers.clear(SILENCES, String(known.no));
    return { isLater: false, silencedUntil };
  }

  /**
   * Takes somebody out with what they said: their vault is told that they have left, and nothing of theirs stays but the number. With a silence they
   * are known by it until they come back.
   */
  withdraw(member: Member, silencedUntil: number | null = null): void {
    if (member.state === "erased") return;
    this.#empty(member, true, silencedUntil);
    if (silencedUntil !== null) this.#state.timers.set(SILENCES, String(member.no), silencedUntil);
    if (isStaff(member)) this.#parts.onStaff();
  }

  /** Takes somebody out who is silenced: what they said goes with the silence, unless they are back by then. */
  withdrawLater(member: Member): void {
    if (member.state === "erased" || member.state === "removed") return;
    this.remove({ ...member, role: "member" }, "removed", 0);
    this.#state.timers.set(SILENCES, String(member.no), member.silencedUntil ?? this.#state.now());
  }

  /** Of whoever has gone for good nothing is known any more. Again changes nothing; returns when a silence that was made longer is over. */
  async #silenceIsOver(no: number): Promise<number | undefined> {
    const { members } = this.#parts;
    const member = members.byNo(no);
    if (member === undefined || (member.state !== "erased" && member.state !== "removed")) return undefined;
    if ((member.silencedUntil ?? 0) > this.#state.now()) return member.silencedUntil ?? undefined;
    if (member.state === "erased") members.letGo(no);
    else {
      this.withdraw(member);
      await this.#parts.tells.memberships();
    }
    return undefined;
  }

  /** Takes somebody out: their sockets close at once. */
  remove(member: Member, state: "left" | "removed" | "banned", by: number): void {
    if (member.state === state || member.state === "erased" || member.state === "banned") return;
    if (member.role === "owner" && member.state === "active") this.#requireAnotherOwner(member);
    this.#change(member, { state }, by);
    this.#parts.sockets.expel(member.no);
  }

  /** Lets somebody in again who was banned, should they be asked. */
  unban(member: Member, by: number): void {
    if (member.state === "banned") this.#change(member, { state: "removed" }, by);
  }

  /** An invitation is accepted. */
  accept(member: Member): void {
    if (member.state === "active") return;
    if (member.state !== "invited") throw notFound("invitation");
    this.#change(member, { state: "active", invited_by: null }, member.no);
  }

  setRole(member: Member, role: MemberRole, by: Member): void {
    if (member.role === role) return;
    if (by.role !== "owner") throw problem("forbidden", "Only an owner changes roles.");
    if (member.state !== "active") throw notFound("member");
    if (member.role === "owner") this.#requireAnotherOwner(member);
    this.#change(member, { role }, by.no);
  }

  silence(member: Member, until: number | null, by: number): void {
    if (member.silencedUntil === until) return;
    this.#change(member, { silenced_until: until }, by, false);
  }

  /** One of a direct room blocks the other, or does not any more. Nobody is told. */
  block(member: Member, isBlocked: boolean): void {
    if (member.hasBlocked !== isBlocked) this.#parts.members.set(member.no, { has_blocked: Number(isBlocked) });
  }

  /** The room is called anew after what it belongs to; what was told before changes nothing. */
  rename(name: string | null, version: number): void {
    const { facts, changes } = this.#parts;
    const known = facts.get();
    if (version <= known.nameVersion) return;
    if (known.name === name) return facts.set({ name_version: version });
    changes.make((append) => {
      facts.set({ name, name_version: version });
      append({ kind: "settings", member: 0, message: null, data: null }, () => ({ settings: settingsView(facts) }));
    });
  }

  /** Sets what is named. What is so already makes no event. Problem `conflict` for what is not this room's to set. */
  configure(settings: RoomSettings, by: number): void {
    const { facts, changes } = this.#parts;
    const { name, whoSends, history, slowModeS, blocklist, retentionDays } = settings;
    const known = facts.get();
    if (known.isSealed && blocklist !== undefined && blocklist.length > 0)
      throw problem("conflict", "A sealed room has no blocklist: nobody but its members can read it.");
    if (known.isManaged && name !== undefined && name !== known.name)
      throw problem("conflict", "The room is called as what it belongs to.");
    if (isSame(known, settings)) return;
    changes.make((append) => {
      facts.set({
        ...(name !== undefined && { name }),
        ...(whoSends !== undefined && { who_sends: whoSends }),
        ...(history !== undefined && { history }),
        ...(slowModeS !== undefined && { slow_mode_s: slowModeS }),
        ...(blocklist !== undefined && { blocklist: JSON.stringify(blocklist) }),
        ...(retentionDays !== undefined && { retention_days: retentionDays }),
      });
      append({ kind: "settings", member: by, message: null, data: null }, () => ({ settings: settingsView(facts) }));
    });
  }

  /** Nobody writes any more; what was written can be read. */
  close(by: number): void {
    const { facts, changes } = this.#parts;
    if (facts.get().closedAt !== null) return;
    changes.make((append, now) => {
      facts.set({ closed_at: now });
      append({ kind: "settings", member: by, message: null, data: null }, () => ({ settings: settingsView(facts) }));
    });
  }

  /** A person has another id since they moved to another region. */
  follow(from: PersonId, to: PersonId): void {
    const { members, sockets } = this.#parts;
    const member = members.byPerson(from);
    if (member === undefined) return;
    sockets.expel(member.no);
    // In a room of two the other one's vault knows the first by their id.
    this.#state.storage.transactionSync(() => {
      members.set(member.no, { person: to, is_untold: 1 });
      if (this.#parts.facts.get().kind === "direct") this.#state.sql.exec("UPDATE members SET is_untold = 1 WHERE person IS NOT NULL");
    });
    members.forget();
  }

  /**
   * Leaves nothing of a person but numbers: what they wrote becomes tombstones, what they chose and marked goes. Returns whether anybody is
   * left.
   */
  erase(person: PersonId): boolean {
    const { sql } = this.#state;
    const member = this.#parts.members.byPerson(person);
    if (member !== undefined) this.#empty(member, false);
    this.#promote();
    if (member !== undefined && isStaff(member)) this.#parts.onStaff();
    return sql.exec("SELECT 1 FROM members WHERE person IS NOT NULL AND state IN ('active', 'invited') LIMIT 1").toArray().length > 0;
  }

  /** What a member wrote becomes tombstones, what they chose and marked goes. With `isTold` the person is kept until their vault has heard of it. */
  #empty(member: Member, isTold: boolean, silencedUntil: number | null = null): void {
    const { members, messages, attachments, changes, sockets, facts } = this.#parts;
    const { sql } = this.#state;
    sockets.expel(member.no);
    changes.make((append, now) => {
      for (const { seq } of sql
        .exec<{ seq: number }>("SELECT seq FROM messages WHERE author = ? AND deleted_at IS NULL", member.no)
        .toArray())
        messages.bury(seq, now);
      attachments.dropOf(member.no);
      for (const table of ["reactions", "votes", "marks", "follows", "keys", "scheduled", "mentions"])
        sql.exec(`DELETE FROM ${table} WHERE member = ?`, member.no);
      sql.exec("DELETE FROM reports WHERE reporter = ?", member.no);
      sql.exec(
        "UPDATE reports SET evidence = NULL WHERE evidence IS NOT NULL AND handed_at IS NULL AND message IN (SELECT seq FROM messages WHERE author = ?)",
        member.no,
      );
      sql.exec("DELETE FROM call_signals WHERE sender = ?1 OR recipient = ?1", member.no);
      sql.exec("DELETE FROM call_tracks WHERE session IN (SELECT session FROM call_sessions WHERE member = ?)", member.no);
      sql.exec("DELETE FROM call_sessions WHERE member = ?", member.no);
      sql.exec("UPDATE calls SET client_id = no WHERE by_member = ?", member.no);
      sql.exec("UPDATE events SET client_id = NULL, digest = NULL WHERE member = ?", member.no);
      sql.exec("UPDATE actions SET reason = NULL WHERE concerned = ?", member.no);
      members.set(member.no, {
        person: isTold ? member.person : null,
        alias: null,
        handle: null,
        role: "member",
        state: "erased",
        silenced_until: silencedUntil,
        muted_until: null,
        invited_by: null,
        is_untold: Number(isTold),
      });
      if (facts.get().kind === "direct") sql.exec("UPDATE members SET is_untold = 1 WHERE person IS NOT NULL");
      append({ kind: "erased", member: 0, message: null, data: { member: member.no } }, () => ({ member: member.no }));
    });
    members.forget();
  }

  /** A room whose last owner has gone gets one: the longest-standing of the staff, or else of all. */
  #promote(): void {
    const { sql } = this.#state;
    const { kind, isManaged } = this.#parts.facts.get();
    if (kind === "direct" || isManaged) return;
    const isLed = sql.exec("SELECT 1 FROM members WHERE state = 'active' AND role = 'owner' LIMIT 1").toArray().length > 0;
    if (isLed) return;
    const [next] = sql
      .exec<{ no: number }>("SELECT no FROM members WHERE state = 'active' ORDER BY role = 'member', joined_at, no LIMIT 1")
      .toArray();
    const member = next === undefined ? undefined : this.#parts.members.byNo(next.no);
    if (member !== undefined) this.#change(member, { role: "owner" }, 0);
  }

  /** Who asks somebody in, where that is to be told: nobody does for themselves, nor while they may not write. */
  #askerOf(person: PersonId, asker: PersonId | undefined): Member | undefined {
    const member = asker === undefined || asker === person ? undefined : this.#parts.members.byPerson(asker);
    return (member?.silencedUntil ?? 0) > this.#state.now() ? undefined : member;
  }

  #requireAnotherOwner(member: Member): void {
    const { kind, isManaged } = this.#parts.facts.get();
    if (kind === "direct" || isManaged) return;
    const { sql } = this.#state;
    const others = sql.exec("SELECT 1 FROM members WHERE state = 'active' AND role = 'owner' AND no <> ? LIMIT 1", member.no).toArray();
    const anybody = sql.exec("SELECT 1 FROM members WHERE state = 'active' AND no <> ? LIMIT 1", member.no).toArray();
    if (others.length === 0 && anybody.length > 0) throw problem("conflict", "Make somebody else an owner first: you are the last.");
  }

  #change(member: Member, columns: Readonly<Record<string, string | number | null>>, by: number, isTold = true): void {
    const { changes, members, onStaff } = this.#parts;
    const changed = changes.make((append) => {
      const set = members.set(member.no, { ...columns, ...(isTold && { is_untold: 1 }) });
      append({ kind: "member", member: by, message: null, data: { member: member.no } }, () => ({ member: memberView(set) }));
      return set;
    });
    if (isStaff(member) || isStaff(changed)) onStaff();
  }

  #seesFrom(): number {
    const { facts, log } = this.#parts;
    const { history, floor } = facts.get();
    return history === "all" ? floor + 1 : log.head + 1;
  }
}

/** Whether a room is set like this already. */
function isSame(known: RoomFacts, settings: RoomSettings): boolean {
  return (Object.keys(settings) as (keyof RoomSettings)[]).every(
    (key) => settings[key] === undefined || JSON.stringify(settings[key]) === JSON.stringify(known[key]),
  );
}

/** States of whoever is shown in the list of members. */
export const LISTED: readonly MemberState[] = ["active", "invited"];

/** Throws `forbidden` for whoever is not of the room's staff. */
export function requireStaff(member: Member): void {
  if (!isStaff(member)) throw problem("forbidden", "This is for the room's staff.");
}
