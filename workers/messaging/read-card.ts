import * as z from "zod";
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
  const reader = await readerOf(ports.recordsOf, actor, ports.now());
  const vault = ports.vault(owner);
  try {
    switch (kind) {
      case "workout": {
        const key = parseReadingId(id);
        if (key?.kind !== "workout") return undefined;
        const { items } = await vault.workouts(reader, { from: key.start, to: key.start + 1, choice: "all", limit: 20 });
        return (JSON.parse(items) as Record<string, unknown>[]).find((workout) => workout["id"] === id);
      }
      case "meal":
        return JSON.parse(await vault.meal(reader, id)) as Record<string, unknown>;
      case "plan": {
        const { json } = await vault.fhir(reader, { kind: "read", type: "CarePlan", id: id.replace(/^CarePlan\//, "") });
        return json === undefined ? undefined : planOf(id, planSchema.parse(JSON.parse(json)));
      }
      // Nobody sends invoices here yet.
      case "invoice":
        return undefined;
    }
  } catch (error) {
    if (isProblem(error) && ["not_found", "gone", "step_up_required", "invalid"].includes(error.code)) return undefined;
    throw error;
  }
}

const planSchema = z.looseObject({
  title: z.string().optional(),
  description: z.string().optional(),
  status: z.string(),
  period: z.looseObject({ start: z.string().optional(), end: z.string().optional() }).optional(),
  activity: z
    .array(z.looseObject({ detail: z.looseObject({ status: z.string().optional(), description: z.string().optional() }).optional() }))
    .optional(),
});

/** A plan in words: what it is called, from when to when, and what is to be done. */
function planOf(id: string, { title, description, status, period, activity = [] }: z.output<typeof planSchema>) {
  const steps = activity.flatMap(({ detail }) =>
    detail?.description === undefined ? [] : [{ text: detail.description, status: detail.status ?? null }],
  );
  return {
    id,
    title: title ?? null,
    description: description ?? null,
    status,
    start: period?.start ?? null,
    end: period?.end ?? null,
    steps,
  };
}
