import { newId, parseId } from "../../shared/id";
import { ADMISSION_HEADER, type Admission, writeAdmission } from "../../shared/live/admission";
import { refusalOf } from "../../shared/live/refusal";
import { notFound } from "../../shared/problem";
import { readerSessionOf } from "../consents";
import type { RoomPorts } from "./ports";

/**
 * Opens a socket of a room. The actor's vault comes first: it notes where they have one, so that ending the session closes it there. The
 * records are read again once the socket is open, so that a session that ended in between is not missed. The request to the room is made
 * from scratch: of the client's own headers none reaches it.
 *
 * @throws Problem `session_ended`, `not_found`, `unauthenticated` (used ticket) or `unavailable` (too many connections)
 */
export async function openSocket(
  ports: RoomPorts,
  text: string,
  { actor, ticket }: Admission,
  after: number | undefined,
): Promise<WebSocket> {
  const { sessionEnds } = await readerSessionOf(ports.recordsOf, actor, ports.now());
  const room = parseId("room", text);
  if (room === undefined) throw notFound("room");
  await ports.vault(actor.person).sendToRoom(actor, room, sessionEnds, ticket);
  const url = new URL("https://room/live");
  if (after !== undefined) url.searchParams.set("after", String(after));
  const headers = { upgrade: "websocket", [ADMISSION_HEADER]: writeAdmission({ actor: { ...actor, roles: [] }, sessionEnds }) };
  const answer = await ports.room(room).fetch(url.href, { headers });
  if (answer.webSocket === null) throw refusalOf(await answer.text());
  try {
    await readerSessionOf(ports.recordsOf, actor, ports.now());
  } catch (error) {
    await ports.room(room).dismiss(actor.person, actor.session);
    throw error;
  }
  return answer.webSocket;
}

/** An id for a room that belongs to nothing else. */
export function freshRoomId(ports: RoomPorts, region: Parameters<typeof newId>[1]) {
  return newId("room", region, ports.now(), ports.random);
}
