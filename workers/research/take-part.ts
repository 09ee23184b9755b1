import { parseId, type PersonId, regionOf } from "../../shared/id";
import type { Category } from "../../shared/policy/vocabulary";
import { isProblem, notFound, problem } from "../../shared/problem";
import type { ReleasedTo } from "../../durable-objects/programme/export-rows";
import { giveConsent, revokeConsent } from "../consents";
import type { ResearchPorts } from "./ports";
import { findProgramme, type Found } from "./records";
import type { ParticipationView, WithdrawalView } from "./schemas";

/**
 * Takes part in a programme, by a consent to it for research. Problems `not_found`, `invalid` for categories that it does not ask for,
 * `conflict` where the programme is not open or the person takes part already.
 */
export async function takePart(ports: ResearchPorts, text: string, categories: readonly Category[]): Promise<ParticipationView> {
  const found = await findProgramme(ports, text);
  const { id, row } = found;
  if (row.state !== "open") throw problem("conflict", "The programme is not open.");
  if (!categories.every((category) => row.categories.includes(category))) {
    const message = "The programme does not ask for that.";
    throw problem("invalid", undefined, { errors: [{ pointer: "/categories", code: "not_asked", message }] });
  }
  if ((await consentsTo(ports, found)).length > 0) throw problem("conflict", "You take part already: change your consent.");
  await giveConsent(ports, { grantee: { kind: "programme", id }, role: "partner", categories, actions: ["read"], purpose: "research" });
  return await readPart(ports, text);
}

/** How the actor takes part; problem `not_found` where they do not and nothing of theirs was released. */
export async function readPart(ports: ResearchPorts, text: string): Promise<ParticipationView> {
  const found = await findProgramme(ports, text);
  const [consents, released] = await Promise.all([consentsTo(ports, found), releasedOf(ports, found)]);
  if (consents.length === 0 && released.length === 0) throw notFound("participation");
  return { programme: found.id, consents, released };
}

/**
 * Stops taking part: no later release holds the person, one under way included. What was released stays released, and is named. Done
 * already is fine. Problem `not_found`.
 */
export async function withdraw(ports: ResearchPorts, text: string): Promise<WithdrawalView> {
  const found = await findProgramme(ports, text);
  for (const { id } of await consentsTo(ports, found)) await revokeConsent(ports, id, undefined);
  await ports.programmeOf(found.id).withdraw(found.actor.person);
  return { programme: found.id, withdrawnAt: new Date(ports.now()).toISOString(), released: await releasedOf(ports, found) };
}

/** Consents in force; the records point to them, the vault says what they are. */
async function consentsTo(ports: ResearchPorts, { id, actor }: Found): Promise<ParticipationView["consents"]> {
  const { results } = await ports
    .recordsOf(regionOf(id))
    .prepare("select consent_id from programme_participants where person_id = ? and programme_id = ?")
    .bind(actor.person, id)
    .all<{ consent_id: string }>();
  const found: ParticipationView["consents"] = [];
  for (const row of results) {
    const consent = parseId("consent", row.consent_id);
    const newest = consent === undefined ? undefined : await newestOf(ports, consent);
    if (newest?.state === "active" && (newest.until === null || newest.until > ports.now()))
      found.push({ id: newest.id, categories: [...newest.categories] });
  }
  return found;
}

/** Undefined for a pointer that leads to no consent. */
async function newestOf({ vault, actor }: ResearchPorts, consent: Parameters<ResearchPorts["vault"]["consentHistory"]>[1]) {
  try {
    return (await vault.consentHistory(actor, consent))[0];
  } catch (error) {
    if (isProblem(error) && error.code === "not_found") return undefined;
    throw error;
  }
}

async function releasedOf(ports: ResearchPorts, { id, actor }: Found): Promise<{ export: string; releasedAt: string }[]> {
  const person: PersonId = actor.person;
  const released: readonly ReleasedTo[] = await ports.programmeOf(id).releasesOf(person);
  return released.map((one) => ({ export: one.export, releasedAt: new Date(one.releasedAt).toISOString() }));
}
