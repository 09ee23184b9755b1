import { regionOf } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import { roomIdOf } from "../messaging";
import type { ChallengePorts } from "./ports";
import { findChallenge, type Found, ownChallenge, ownName } from "./records";
import type { RoomAnswer, RoomInput } from "./schemas";
import { tryRoom } from "./tell-room";

/** Opens a room for the actor's challenge; open already is fine. Problems `not_found`, `forbidden`, and `conflict` for one that is over. */
export async function openChallengeRoom(ports: ChallengePorts, text: string, { name }: RoomInput): Promise<RoomAnswer> {
  const { id, row } = await ownChallenge(ports, text);
  if (row.has_room === 0) {
    if (row.state !== "open" && row.state !== "draft") throw problem("conflict", "The challenge is over.");
    const called = name ?? (await ownName(ports));
    const records = ports.recordsOf(regionOf(id));
    await records.batch([
      records.prepare("update challenge_owners set called = ?2 where challenge_id = ?1").bind(id, called),
      records.prepare("update fitness_challenges set has_room = 1 where id = ? and has_room = 0").bind(id),
    ]);
  }
  await tryRoom(ports, id);
  return { room: roomIdOf(id), isMember: true };
}

/** The room of a challenge; problem `not_found` where there is none. */
export async function readChallengeRoom(ports: ChallengePorts, text: string): Promise<RoomAnswer> {
  const { id, isOwner, part } = withRoom(await findChallenge(ports, text));
  return { room: roomIdOf(id), isMember: isOwner || (part?.state === "active" && part.in_room === 1) };
}

/** Enters the room of a challenge that the actor takes part in, or leaves it; done already is fine. Problems `not_found`, `conflict` for its owner. */
export async function setInRoom(ports: ChallengePorts, text: string, isIn: boolean): Promise<void> {
  const { id, isOwner, part } = withRoom(await findChallenge(ports, text));
  if (isOwner) throw problem("conflict", "You are in the room as the owner of the challenge.");
  if (part?.state !== "active") throw notFound("participation");
  // Said again it is told again: whoever came too late for a full room may try once more.
  await ports
    .recordsOf(regionOf(id))
    .prepare(
      "update challenge_people set in_room = ?3, room_untold = abs(room_untold) + 1 where challenge_id = ?1 and person_id = ?2 and state = 'active'",
    )
    .bind(id, ports.actor.person, Number(isIn))
    .run();
  await tryRoom(ports, id);
}

function withRoom(found: Found): Found {
  if (found.row.has_room === 0) throw notFound("room");
  return found;
}
