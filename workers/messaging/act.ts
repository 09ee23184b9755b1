import type { PersonActor } from "../../shared/context";
import { parseId, type PersonId, type RoomId } from "../../shared/id";
import type { VerbAnswer, VerbInput } from "../../shared/messaging/verbs";
import { notFound } from "../../shared/problem";
import { isRegistered } from "../consents";
import type { RoomPorts, RoomStub } from "./ports";

/** The room of a path, and its caller, whose session is checked first. Problem `not_found` for what is no room's id. */
export async function enter(ports: RoomPorts, actor: PersonActor, text: string): Promise<{ id: RoomId; room: RoomStub; person: PersonId }> {
  await ports.vault(actor.person).enterRooms(actor);
  const id = parseId("room", text);
  if (id === undefined) throw notFound("room");
  return { id, room: ports.room(id), person: actor.person };
}

/** Does one of the room's verbs for a caller, as its socket does. */
export async function act(ports: RoomPorts, actor: PersonActor, text: string, verb: VerbInput): Promise<VerbAnswer> {
  const { room, person } = await enter(ports, actor, text);
  return await room.perform(person, verb);
}

/** People by their ids, none of them the caller: registered, and with no block between them and the caller. Problem `not_found`. */
export async function knownPeople(ports: RoomPorts, actor: PersonActor, texts: readonly string[]): Promise<PersonId[]> {
  const people = [...new Set(texts)].map((text) => parseId("person", text));
  return await Promise.all(
    people.map(async (person) => {
      if (person === undefined || person === actor.person || !(await isRegistered(ports.recordsOf, person))) throw notFound("person");
      if (await ports.areBlocked(actor.person, person)) throw notFound("person");
      return person;
    }),
  );
}
