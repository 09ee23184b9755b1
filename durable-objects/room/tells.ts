import { SECOND_MS } from "../../shared/clock";
import { isProblem } from "../../shared/problem";
import { vaultDoor } from "../doors";
import type { Asked } from "../vault/rooms/rooms";
import type { Member, Members } from "./members";
import type { Facts, RoomState } from "./state";
import type { Unread } from "./unread";

const MEMBERSHIPS = "memberships";
const NEWS = "news";
const READ = "read";
const AT_ONCE = 20;
/** Members whom the messages of a run may name. */
const MOST_NAMED = 200;
/** News waits so long for more of it. */
const NEWS_MS = 2 * SECOND_MS;
const RETRY_MS = 5 * SECOND_MS;
/** Where there are more members than this, nobody is told of a message that does not name them. */
const MOST_TOLD = 250;

interface Parts {
  readonly facts: Facts;
  readonly members: Members;
  readonly unread: Unread;
  /** How many sockets a member has open. */
  readonly sockets: (member: number) => number;
}

/** What the vaults of members are told: that they are in the room, and, once until they read, that something has come. */
export class Tells {
  readonly #state: RoomState;
  readonly #parts: Parts;
  #newsDue = false;

  constructor(state: RoomState, parts: Parts) {
    this.#state = state;
    this.#parts = parts;
    state.timers.on(MEMBERSHIPS, async () => await this.#run());
    state.timers.on(NEWS, async () => {
      this.#newsDue = false;
      await this.#news();
      return undefined;
    });
    state.timers.on(READ, async (no) => await this.#tellRead(Number(no)));
  }

  /** Tells the vaults of changed memberships now; whoever cannot be told is told later. */
  async memberships(): Promise<void> {
    this.#state.timers.set(MEMBERSHIPS, "", this.#state.now() + RETRY_MS);
    if ((await this.#run().catch(() => 1)) === undefined) this.#state.timers.clear(MEMBERSHIPS, "");
  }

  /** Something was said. Called for every message, so it costs nothing while news is due already. */
  said(): void {
    if (this.#newsDue) return;
    this.#newsDue = true;
    // Moved and not brought forward: the run that is on takes out the time it was called for.
    this.#state.timers.set(NEWS, "", this.#state.now() + NEWS_MS);
  }

  /** A member has read to a number: what they were told of it before is read as well, and they may be told anew. */
  read({ no, told }: Member, seq: number): void {
    if (told === 0 || seq < told) return;
    this.#parts.members.set(no, { told: 0 });
    this.#state.timers.set(READ, String(no), this.#state.now());
  }

  async #tellRead(no: number): Promise<undefined> {
    const person = this.#parts.members.byNo(no)?.person ?? null;
    if (person !== null) await vaultDoor(this.#state.env, person).readNotificationsOf(`room/${this.#state.id}`);
    return undefined;
  }

  async #run(): Promise<number | undefined> {
    for (;;) {
      const untold = this.#parts.members.untold(AT_ONCE);
      if (untold.length === 0) return undefined;
      const told = await Promise.all(untold.map(async (member) => await this.#tell(member)));
      // Whoever cannot be told now is tried again by the timer, with everybody after them.
      if (told.includes(false)) return this.#state.now() + RETRY_MS;
    }
  }

  async #tell(member: Member): Promise<boolean> {
    const { facts, members } = this.#parts;
    const { person } = member;
    const { kind, name } = facts.get();
    try {
      if (person !== null) {
        await vaultDoor(this.#state.env, person).noteRoom(this.#state.id, {
          kind,
          state: member.state === "active" || member.state === "invited" ? member.state : "left",
          peer: kind === "direct" ? (members.byNo(member.no === 1 ? 2 : 1)?.person ?? null) : null,
          at: member.joinedAt,
          asked: await this.#asked(member, name),
        });
      }
    } catch (error) {
      // Of somebody who has been erased nobody keeps anything; the room is told so itself.
      if (!isProblem(error) || error.code !== "gone") return false;
    }
    members.wasTold(member);
    return true;
  }

  /** Who asked a member in, by name, and into what; null where they are not told so, by their own choice or because whoever asked has gone. */
  async #asked(member: Member, name: string | null): Promise<Asked | null> {
    const asker = member.invitedBy === null ? undefined : this.#parts.members.byNo(member.invitedBy);
    const isTold = member.state === "active" || member.state === "invited";
    if (asker?.state !== "active" || asker.person === null || !isTold) return null;
    if (member.hasBlocked || !isToldAt(member, this.#state.now())) return null;
    const called = await vaultDoor(this.#state.env, asker.person).knownAs();
    return { by: asker.person, who: called, what: name };
  }

  /** Tells the vaults of those who are not here, have something unread, and have not been told since they last read. */
  async #news(): Promise<void> {
    const { members, sockets } = this.#parts;
    const isSmall = members.active <= MOST_TOLD;
    const now = this.#state.now();
    const candidates = isSmall ? members.page(["active"], 0, MOST_TOLD) : this.#named();
    const waiting = candidates.filter((member) => isToldAt(member, now) && sockets(member.no) === 0);
    for (let i = 0; i < waiting.length; i += AT_ONCE) {
      await Promise.all(waiting.slice(i, i + AT_ONCE).map(async (member) => await this.#tellNews(member)));
    }
  }

  async #tellNews(member: Member): Promise<void> {
    const { unread, members, facts } = this.#parts;
    const { readTo, threads, ...main } = unread.view(member);
    const all = (kind: "messages" | "mentions") => threads.reduce((sum, thread) => sum + thread[kind], main[kind]);
    const [messages, mentions] = [all("messages"), all("mentions")];
    const isNews = member.told <= readTo && (member.notify === "all" ? messages > 0 : mentions > 0);
    if (!isNews || member.person === null) return;
    const { head } = this.#state.sql.exec<{ head: number }>("SELECT max(seq) AS head FROM messages").one();
    members.set(member.no, { told: head });
    try {
      await vaultDoor(this.#state.env, member.person).roomNews(this.#state.id, {
        kind: facts.get().kind,
        seq: head,
        mentioned: mentions > 0,
      });
    } catch (error) {
      if (isProblem(error) && error.code === "gone") return;
      members.set(member.no, { told: member.told });
      throw error;
    }
  }

  /** Members whom a message of the last minute names. */
  #named(): Member[] {
    const { sql, now } = this.#state;
    const rows = sql
      .exec<{ member: number }>(
        `SELECT DISTINCT member FROM mentions WHERE member <> 0 AND message IN
           (SELECT seq FROM messages WHERE seq > (SELECT max(seq) - 1000 FROM messages) AND at > ?) LIMIT ?`,
        now() - 60 * SECOND_MS,
        MOST_NAMED,
      )
      .toArray();
    return rows.map(({ member }) => this.#parts.members.byNo(member)).filter((member) => member?.state === "active") as Member[];
  }
}

/** Whether a member wants to hear of what happens in the room at an instant. */
export function isToldAt({ notify, mutedUntil }: Pick<Member, "notify" | "mutedUntil">, now: number): boolean {
  return notify !== "none" && (mutedUntil ?? 0) <= now;
}
