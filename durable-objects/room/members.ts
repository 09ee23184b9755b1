import { problem } from "../../shared/problem";
import { parseId, type PersonId } from "../../shared/id";
import type { MemberRole } from "../../shared/messaging/verbs";
import type { AuthorView, MemberState, MemberView } from "../../shared/messaging/views";
import { iso } from "./state";

/** Somebody in the room. */
export interface Member {
  /** Their number here; never used for another. */
  readonly no: number;
  readonly person: PersonId | null;
  readonly alias: string | null;
  readonly handle: string | null;
  readonly role: MemberRole;
  readonly state: MemberState;
  readonly joinedAt: number;
  readonly seesFrom: number;
  readonly receipts: "public" | "private";
  readonly presence: "public" | "private";
  readonly notify: "all" | "mentions" | "none";
  readonly mutedUntil: number | null;
  readonly isArchived: boolean;
  readonly isMarkedUnread: boolean;
  readonly delivered: number;
  readonly silencedUntil: number | null;
  readonly hasBlocked: boolean;
  readonly lastSentAt: number;
  /** Who asked them in, until their vault knows. */
  readonly invitedBy: number | null;
  readonly told: number;
}

type Row = {
  no: number;
  person: string | null;
  alias: string | null;
  handle: string | null;
  role: MemberRole;
  state: MemberState;
  joined_at: number;
  sees_from: number;
  receipts: "public" | "private";
  presence: "public" | "private";
  notify: "all" | "mentions" | "none";
  muted_until: number | null;
  is_archived: number;
  is_marked_unread: number;
  delivered: number;
  silenced_until: number | null;
  has_blocked: number;
  last_sent_at: number;
  invited_by: number | null;
  told: number;
};

/** Members that are kept in memory. */
const MOST_KNOWN = 10_000;

/** Who is, was and may come to be in the room. */
export class Members {
  readonly #sql: SqlStorage;
  readonly #known = new Map<number, Member>();
  readonly #numbers = new Map<string, number>();
  #active: number | undefined;
  #latestSeesFrom: number | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** How many are active. */
  get active(): number {
    this.#active ??= this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM members WHERE state = 'active'").one().n;
    return this.#active;
  }

  /** From which message on everybody who is active may see. */
  latestSeesFrom(): number {
    this.#latestSeesFrom ??=
      this.#sql.exec<{ seq: number | null }>("SELECT max(sees_from) AS seq FROM members WHERE state = 'active'").one().seq ?? 0;
    return this.#latestSeesFrom;
  }

  byPerson(person: PersonId): Member | undefined {
    const no = this.#numbers.get(person);
    if (no !== undefined) return this.byNo(no);
    const [row] = this.#sql.exec<Row>("SELECT * FROM members WHERE person = ?", person).toArray();
    return row === undefined ? undefined : this.#keep(row);
  }

  byHandle(handle: string): Member | undefined {
    const [row] = this.#sql.exec<Row>("SELECT * FROM members WHERE handle = ?", handle).toArray();
    return row === undefined ? undefined : this.#keep(row);
  }

  byNo(no: number): Member | undefined {
    const known = this.#known.get(no);
    if (known !== undefined) return known;
    const [row] = this.#sql.exec<Row>("SELECT * FROM members WHERE no = ?", no).toArray();
    return row === undefined ? undefined : this.#keep(row);
  }

  /** Takes somebody in; their vault is to be told. */
  add(
    person: PersonId,
    {
      role,
      state,
      alias,
      handle,
      at,
      seesFrom,
    }: Pick<Member, "role" | "state" | "alias" | "handle" | "seesFrom"> & { readonly at: number },
  ): Member {
    const row = this.#sql
      .exec<Row>(
        "INSERT INTO members (person, alias, handle, role, state, joined_at, sees_from) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING *",
        person,
        alias,
        handle,
        role,
        state,
        at,
        seesFrom,
      )
      .one();
    this.#active = undefined;
    this.#latestSeesFrom = undefined;
    return this.#keep(row);
  }

  /** Sets columns of a member by their names. */
  set(no: number, columns: Readonly<Record<string, string | number | null>>): Member {
    const names = Object.keys(columns);
    const row = this.#sql
      .exec<Row>(
        `UPDATE members SET ${names.map((name) => `${name} = ?`).join(", ")} WHERE no = ? RETURNING *`,
        ...Object.values(columns),
        no,
      )
      .one();
    this.#active = undefined;
    this.#latestSeesFrom = undefined;
    this.#numbers.clear();
    return this.#keep(row);
  }

  /** Whether somebody of the staff is here who may act on what a member said. */
  hasStaffOver(member: Member): boolean {
    const roles = this.#sql
      .exec<{ role: MemberRole }>(
        "SELECT DISTINCT role FROM members WHERE state = 'active' AND role IN ('owner', 'moderator') AND no <> ?",
        member.no,
      )
      .toArray();
    return roles.some((staff) => isBelow(staff, member));
  }

  /** Notes when a member has sent last: on the way of every message, so it costs a row and no more. */
  sent(member: Member, at: number): void {
    this.#sql.exec("UPDATE members SET last_sent_at = ? WHERE no = ?", at, member.no);
    this.#known.set(member.no, { ...member, lastSentAt: at });
  }

  /** In the order of their numbers, after one. */
  page(states: readonly MemberState[], after: number, limit: number): Member[] {
    return this.#sql
      .exec<Row>(
        `SELECT * FROM members WHERE state IN (${states.map(() => "?").join(", ")}) AND no > ? ORDER BY no LIMIT ?`,
        ...states,
        after,
        limit,
      )
      .toArray()
      .map(memberOf);
  }

  /** Those whose vaults are to be told of the membership. */
  untold(limit: number): Member[] {
    return this.#sql.exec<Row>("SELECT * FROM members WHERE is_untold = 1 ORDER BY no LIMIT ?", limit).toArray().map(memberOf);
  }

  /** Reads everything anew: what was being written was not. */
  forget(): void {
    this.#known.clear();
    this.#numbers.clear();
    this.#active = undefined;
    this.#latestSeesFrom = undefined;
  }

  /** The vault of a member knows how they stand, unless that has changed again. */
  wasTold(member: Member): void {
    // Whoever has withdrawn is known by their id for so long alone, unless they are to come back as silenced as they were.
    this.#sql.exec(
      "UPDATE members SET is_untold = 0, invited_by = NULL, person = CASE WHEN state = 'erased' AND silenced_until IS NULL THEN NULL ELSE person END WHERE no = ? AND state = ? AND person IS ?",
      member.no,
      member.state,
      member.person,
    );
    if (member.state === "erased" || member.invitedBy !== null) this.forget();
  }

  /** Nobody is behind an emptied row any more, as soon as their vault has heard of it. */
  letGo(no: number): void {
    this.#sql.exec(
      "UPDATE members SET silenced_until = NULL, person = CASE WHEN is_untold = 1 THEN person END WHERE no = ? AND state = 'erased'",
      no,
    );
    this.forget();
  }

  #keep(row: Row): Member {
    const member = memberOf(row);
    if (this.#known.size >= MOST_KNOWN) {
      this.#known.clear();
      this.#numbers.clear();
    }
    this.#known.set(member.no, member);
    if (member.person !== null) this.#numbers.set(member.person, member.no);
    return member;
  }
}

function memberOf(row: Row): Member {
  return {
    no: row.no,
    person: row.person === null ? null : (parseId("person", row.person) ?? null),
    alias: row.alias,
    handle: row.handle,
    role: row.role,
    state: row.state,
    joinedAt: row.joined_at,
    seesFrom: row.sees_from,
    receipts: row.receipts,
    presence: row.presence,
    notify: row.notify,
    mutedUntil: row.muted_until,
    isArchived: row.is_archived === 1,
    isMarkedUnread: row.is_marked_unread === 1,
    delivered: row.delivered,
    silencedUntil: row.silenced_until,
    hasBlocked: row.has_blocked === 1,
    lastSentAt: row.last_sent_at,
    invitedBy: row.invited_by,
    told: row.told,
  };
}

/** Who somebody is to the others: whoever goes by an alias is nobody else, and whoever has withdrawn is nobody. */
export function authorView({ no, person, alias, state }: Pick<Member, "no" | "person" | "alias" | "state">): AuthorView {
  return { member: no, person: alias === null && state !== "erased" ? person : null, alias };
}

export function memberView(member: Member): MemberView {
  return { ...authorView(member), role: member.role, state: member.state, joinedAt: iso(member.joinedAt) };
}

/** Nobody acts on an owner, nor a moderator on another. Problem `forbidden`. */
export function requireBelow(staff: Member, member: Member): void {
  if (!isBelow(staff, member)) throw problem("forbidden", "This is not yours to decide.");
}

/** Whether somebody of the staff may act on a member. */
function isBelow(staff: Pick<Member, "role">, member: Pick<Member, "role">): boolean {
  return isStaff(staff) && (member.role === "member" || (member.role === "moderator" && staff.role === "owner"));
}

export function isStaff(member: Pick<Member, "role">): boolean {
  return member.role !== "member";
}
