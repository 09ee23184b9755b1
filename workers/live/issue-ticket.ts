import { SECOND_MS } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { newId, regionOf } from "../../shared/id";
import type { LivePorts } from "./ports";
import type { IssuedTicket } from "./schemas";
import { sealTicket, TICKET_S } from "./ticket";

/** Issues a ticket that opens one socket of the actor within 30 seconds. Problem `session_ended` where the session is over. */
export async function issueTicket(ports: LivePorts, actor: PersonActor): Promise<IssuedTicket> {
  await ports.vault(actor.person).admit(actor);
  const region = regionOf(actor.person);
  const now = ports.now();
  const admission = { actor, ticket: { id: newId("ticket", region, now, ports.random), until: now + TICKET_S * SECOND_MS } };
  return { ticket: await sealTicket(ports.keys(region), region, admission, ports.random), expiresIn: TICKET_S };
}
