import { parseId, type PersonId, type RoomId } from "../../../shared/id";
import type { RoomKind } from "../../../shared/messaging/verbs";
import type { VaultState } from "../state";

/** Who asked the person into a room, and what both are called; null where they have no name. */
export interface Asked {
  readonly by: PersonId;
  readonly who: string | null;
  readonly what: string | null;
}

/** What a room says of the person's membership. */
export interface NotedMembership {
  readonly kind: RoomKind;
  readonly state: "active" | "invited" | "left";
  /** The other one of a direct room, as long as they are there. */
  readonly peer: PersonId | null;
  readonly at: number;
  /** Null where the person came by themselves, or knows. */
  readonly asked: Asked | null;
}

/** That something has come into a room. What it says is asked for there. */
export interface RoomNews {
  readonly kind: RoomKind;
  /** The newest message. */
  readonly seq: number;
  /** Whether one of the unread messages names the person. */
  readonly mentioned: boolean;
}

/** A room in the person's list. */
export interface RoomPointer {
  readonly room: RoomId;
  readonly kind: RoomKind;
  readonly state: "active" | "invited" | "left";
  readonly since: number;
}

export interface RoomsMark {
  readonly since: number;
  readonly room: string;
}

type Row = { room: string; kind: RoomKind; state: RoomPointer["state"]; since: number };

/**
 * Which rooms the person is in. The rooms are the truth and tell of every change, at least once; what is unread there they alone know. Lies
 * with the person, so that it moves, is exported and goes with them.
 */
export class Rooms {
  readonly #state: VaultState;

  constructor(state: VaultState) {
    this.#state = state;
  }

  /** Keeps what a room says, and tells the person that somebody has asked them in. Idempotent. */
  note(room: RoomId, { kind, state, peer, at, asked }: NotedMembership): void {
    const { sql } = this.#state;
    if (asked !== null && state !== "left") this.#tell(room, state, at, asked);
    if (state !== "invited") this.#state.readNotifications(threadOf(room));
    // Somebody who has moved is another peer; the pointer to this room follows them.
    if (peer !== null) sql.exec("UPDATE rooms SET peer = NULL WHERE peer = ? AND room <> ?", peer, room);
    sql.exec(
      `INSERT INTO rooms (room, kind, state, peer, since) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET kind = excluded.kind, state = excluded.state, peer = excluded.peer, since = excluded.since`,
      room,
      kind,
      state,
      peer,
      Math.floor(at),
    );
  }

  /** One notification for each time that somebody is asked: the instant says which. */
  #tell(room: RoomId, state: "active" | "invited", at: number, { by, who, what }: Asked): void {
    const isInvitation = state === "invited";
    this.#state.notify({
      type: isInvitation ? "room_invitation" : "room_added",
      key: `${room}/${Math.floor(at)}`,
      about: { room, person: by },
      words: { ...(who !== null && { who }), ...(what !== null && { what }) },
      thread: isInvitation ? threadOf(room) : `room/${room}`,
      conversation: room,
    });
  }

  /** The direct room with somebody: the one there is, or else the one proposed, which from now on is it. */
  claimDirect(peer: PersonId, proposed: RoomId): RoomId {
    const { sql, now } = this.#state;
    sql.exec(
      "INSERT INTO rooms (room, kind, state, peer, since) VALUES (?, 'direct', 'claimed', ?, ?) ON CONFLICT DO NOTHING",
      proposed,
      peer,
      Math.floor(now()),
    );
    return this.directWith(peer) ?? proposed;
  }

  directWith(peer: PersonId): RoomId | undefined {
    const [row] = this.#state.sql.exec<{ room: string }>("SELECT room FROM rooms WHERE peer = ?", peer).toArray();
    return row === undefined ? undefined : parseId("room", row.room);
  }

  /** Rooms in a state, those newest to the person first, before a mark. */
  page(state: "active" | "invited", before: RoomsMark | undefined, limit: number): RoomPointer[] {
    return this.#state.sql
      .exec<Row>(
        "SELECT room, kind, state, since FROM rooms WHERE state = ? AND (since, room) < (?, ?) ORDER BY since DESC, room DESC LIMIT ?",
        state,
        before?.since ?? Number.MAX_SAFE_INTEGER,
        before?.room ?? "",
        limit,
      )
      .toArray()
      .flatMap(({ room: text, ...rest }) => {
        const room = parseId("room", text);
        return room === undefined ? [] : [{ ...rest, room }];
      });
  }

  /** Every room that knows of the person. */
  all(): RoomId[] {
    return this.#state.sql
      .exec<{ room: string }>("SELECT room FROM rooms ORDER BY room")
      .toArray()
      .map(({ room }) => parseId("room", room))
      .filter((room) => room !== undefined);
  }
}

/** What an invitation into a room stands under until it is answered. */
function threadOf(room: RoomId): string {
  return `invitation/${room}`;
}
