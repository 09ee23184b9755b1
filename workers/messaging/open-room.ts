import type { Entrant } from "../../durable-objects/room/membership";
import type { SystemMessage } from "../../durable-objects/room/room";
import { newId, parseId, type PersonId, regionOf, type RoomId } from "../../shared/id";
import type { RoomKind, RoomSettings } from "../../shared/messaging/verbs";
import { problem } from "../../shared/problem";
import type { RoomPorts } from "./ports";

/** What a room is to be. */
export interface RoomPlan {
  readonly kind: Exclude<RoomKind, "direct">;
  /** The id of what the room belongs to, a group's or a challenge's: the room lies in its region, and there is one for each. */
  readonly key: string;
  readonly name?: string | null;
  /** Of what the room belongs to: it rises with every change of the name. */
  readonly nameVersion?: number;
  /** Whoever is there from the beginning; more of them can come any time. */
  readonly members: readonly Entrant[];
  readonly settings?: RoomSettings;
}

/** The room that belongs to something with an id of its own: its number is the same, so that it need not be looked up. */
export function roomIdOf(key: string): RoomId {
  const [, region, ulid] = key.split("_");
  const room = parseId("room", `rom_${region}_${ulid}`);
  if (room === undefined) throw new TypeError("a room belongs to something with an id");
  return room;
}

/**
 * Opens the room of a group or a challenge, or takes people into it that are not there yet, and has it called as it is called now. Its members come and go with what it belongs to:
 * call `addMember` and `removeMember`. Done already is fine.
 */
export async function openRoom(ports: RoomPorts, { kind, key, members, ...plan }: RoomPlan): Promise<RoomId> {
  const id = roomIdOf(key);
  await ports.room(id).open({ ...plan, kind, members, isManaged: true });
  return id;
}

/** Takes somebody into the room of something; they see what was said from now on. Done already is fine. Returns their number. */
export async function addMember(ports: RoomPorts, room: RoomId, entrant: Entrant): Promise<number> {
  return await ports.room(room).addMember(entrant);
}

/** Takes somebody out; their sockets close at once. Done already is fine. */
export async function removeMember(ports: RoomPorts, room: RoomId, person: PersonId): Promise<void> {
  await ports.room(room).removeMember(person);
}

/** Takes somebody out with all that they said there; their sockets close at once. Done already is fine. */
export async function withdrawMember(ports: RoomPorts, room: RoomId, person: PersonId): Promise<void> {
  await ports.room(room).withdraw(person);
}

/** Lets the room say something itself. The same key says it once. Returns its number. */
export async function systemMessage(ports: RoomPorts, room: RoomId, message: SystemMessage): Promise<number> {
  return await ports.room(room).systemMessage(message);
}

/** Ends and empties a room whose group or challenge is no more. Done already is fine. */
export async function dissolveRoom(ports: RoomPorts, room: RoomId): Promise<void> {
  await ports.room(room).dissolve();
}

/** Stops or lets go on what flows between two people in their direct room, should they have one. Called where somebody blocks another. */
export async function setBlocked(ports: RoomPorts, blocker: PersonId, blocked: PersonId, isBlocked: boolean): Promise<void> {
  const room = await ports.vault(blocker).directRoomWith(blocked);
  if (room !== undefined) await ports.room(room).setBlocked(blocker, isBlocked);
}

/**
 * Opens the direct room of two people, the one there is or a new one in the region of whoever begins it. The other is asked first, unless
 * the two are friends: no message flows before both want it. Which of several at once counts, one of the two vaults decides.
 */
export async function openDirect(ports: RoomPorts, opener: PersonId, other: PersonId, isSealed: boolean): Promise<RoomId> {
  if (await ports.areBlocked(opener, other)) throw problem("not_found", "No such person.");
  const areFriends = await ports.areFriends(opener, other);
  const known = await ports.vault(opener).directRoomWith(other);
  const [first, second] = opener < other ? [opener, other] : [other, opener];
  const id = known ?? (await ports.vault(first).claimDirectRoom(second, newId("room", regionOf(opener), ports.now(), ports.random)));
  // Whoever was asked and asks in turn has accepted.
  await ports.room(id).open({
    kind: "direct",
    isSealed,
    by: opener,
    members: [{ person: opener }, { person: other, state: areFriends ? "active" : "invited" }],
  });
  return id;
}
