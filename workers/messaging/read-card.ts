import type { PersonActor } from "../../shared/context";
import { parseReadingId } from "../../shared/health/reading-id";
import { parseId, type RoomId } from "../../shared/id";
import type { Card } from "../../shared/messaging/verbs";
import { isProblem, notFound } from "../../shared/problem";
import { readerOf } from "../consents";
import type { RoomPorts } from "./ports";

export interface CardView extends Card {
  readonly state: "shown" | "not_shared";
  readonly data: Readonly<Record<string, unknown>> | null;
}

/**
 * What the card of a message shows its reader: read from the vault of whoever sent it, by that person's consent of this moment and as the
 * reader may see it. Problem `not_found` where the message has no card.
 */
export async function readCard(ports: RoomPorts, actor: PersonActor, room: RoomId, seq: number): Promise<CardView> {
  await ports.vault(actor.person).enterRooms(actor);
  const { card, author } = await ports.room(room).message(actor.person, seq);
  if (card === null) throw notFound("card");
  const owner = author?.person === null || author === null ? undefined : parseId("person", author.person);
  const data = owner === undefined ? undefined : await dataOf(ports, actor, owner, card);
  return data === undefined ? { ...card, state: "not_shared", data: null } : { ...card, state: "shown", data };
}

async function dataOf(
  ports: RoomPorts,
  actor: PersonActor,
  owner: PersonActor["person"],
  { kind, id }: Card,
): Promise<Record<string, unknown> | undefined> {
  const key = kind === "workout" ? parseReadingId(id) : undefined;
  if (key?.kind !== "workout") return undefined;
  const reader = await readerOf(ports.recordsOf, actor, ports.now());
  try {
    const { items } = await ports.vault(owner).workouts(reader, { from: key.start, to: key.start + 1, choice: "all", limit: 20 });
    return (JSON.parse(items) as Record<string, unknown>[]).find((workout) => workout["id"] === id);
  } catch (error) {
    if (isProblem(error) && ["not_found", "gone", "step_up_required"].includes(error.code)) return undefined;
    throw error;
  }
}
