import type { EmergencyAccess } from "../../durable-objects/vault/emergency/rows";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import type { PageQuery } from "../../shared/http/page";
import { type EmergencyAccessId, parseId, regionOf } from "../../shared/id";
import { notFound } from "../../shared/problem";
import type { EmergencyPorts } from "./ports";
import type { AccessView } from "./schemas";

const SCOPE = "emergency-accesses";

/** A page of the emergency accesses to the actor's own data, latest first: the notice that lasts. */
export async function listAccesses(
  { actor, vault, keys }: EmergencyPorts,
  query: PageQuery,
): Promise<{ items: AccessView[]; next: string | null }> {
  const before = query.cursor === undefined ? undefined : await openCursor<string>(keys, actor.person, SCOPE, query.cursor);
  const found = await vault(actor.person).emergencies(actor, before, query.limit + 1);
  const items = found.slice(0, query.limit).map(viewOf);
  const last = items.at(-1);
  return { items, next: found.length > query.limit && last !== undefined ? await sealCursor(keys, actor.person, SCOPE, last.id) : null };
}

/** Ends an access to the actor's own data; the very next read is refused. Done already is fine. Problem `not_found`. */
export async function endAccess({ actor, vault }: EmergencyPorts, id: string): Promise<void> {
  await vault(actor.person).endEmergency(actor, accessId(id));
}

/** The id that a path names; problem `not_found`. */
export function accessId(text: string): EmergencyAccessId {
  const id = parseId("emergencyAccess", text);
  if (id === undefined) throw notFound("emergency access");
  return id;
}

/** An access on the wire. */
export function viewOf({ id, clinician, reason, state, openedAt, endsAt, reads, review }: EmergencyAccess): AccessView {
  return {
    id,
    clinician: { ...clinician, region: regionOf(clinician.id) },
    reason,
    state,
    openedAt: new Date(openedAt).toISOString(),
    endsAt: new Date(endsAt).toISOString(),
    reads,
    review: review === null ? null : { ...review, decidedAt: new Date(review.decidedAt).toISOString() },
  };
}
