import { parseId, type PersonId } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import { isRegistered, readerSessionOf } from "../consents";
import { openStream, type StreamRequest } from "./open-stream";
import type { WatchPorts } from "./ports";

/**
 * Opens a socket of another person's stream, by their consent. The reader's own vault comes first: it notes where the reader watches, so
 * that ending the session or taking a role away closes the stream there. The records are read again once the socket is open, so that
 * what changed in between is not missed either.
 *
 * Problems: `session_ended`, `not_found` for whoever may not and for who is not registered, `step_up_required`, `unauthenticated` for a
 * used ticket, `unavailable`.
 */
export async function watchPerson(ports: WatchPorts, id: string, request: StreamRequest): Promise<WebSocket> {
  const { actor, ticket } = request.admission;
  const owner = parseId("person", id);
  const [reader, exists] = await Promise.all([
    readerSessionOf(ports.recordsOf, actor, ports.now()),
    owner === undefined ? false : isRegistered(ports.recordsOf, owner),
  ]);
  if (owner === undefined || !exists) throw notFound("person");
  if (owner === actor.person) return await openStream(ports, request);
  await ports.vault(actor.person).sendToWatch(actor, owner, reader.sessionEnds, ticket);
  const now = await readerSessionOf(ports.recordsOf, actor, ports.now());
  const socket = await openStream(ports, { ...request, owner, admission: now });
  await stillAsItWas(ports, owner, now);
  return socket;
}

/** Throws, and closes what was opened, where the session has ended or stands otherwise than when the vault decided. */
async function stillAsItWas(ports: WatchPorts, owner: PersonId, { actor }: Awaited<ReturnType<typeof readerSessionOf>>): Promise<void> {
  try {
    const again = await readerSessionOf(ports.recordsOf, actor, ports.now());
    const isSame = again.actor.assurance === actor.assurance && again.actor.roles?.join() === actor.roles?.join();
    if (!isSame) throw problem("unavailable", "Your roles have just changed. Try again.", { retryAfter: 1 });
  } catch (error) {
    await ports.vault(owner).dismissReader(actor.person, actor.session);
    throw error;
  }
}
