import { type EmergencyAccessId, newId, parseId, type PersonId, regionOf } from "../../shared/id";
import { isProblem, notFound, type Problem, problem } from "../../shared/problem";
import { isRegistered, readerOf } from "../consents";
import { returnOpening, takeOpening } from "./openings";
import type { EmergencyPorts } from "./ports";
import type { OpenedView } from "./schemas";
import { sendLetter } from "./send-letters";

/**
 * Opens emergency access of a clinician to a person, for an hour. The order is the rule: first the attempt is counted, then the person's
 * vault decides and writes its notice, then the row of the review is there with the letter that it owes, and only then does the vault let
 * the clinician read. Whatever fails before that leaves nothing open.
 *
 * Problems: `session_ended`; `forbidden` for a clinician without a second factor; `rate_limited`; `not_found` for everybody else and for
 * ids under which nobody is registered; `unavailable` where notice or review could not be written down.
 */
export async function openAccess(ports: EmergencyPorts, personId: string, reason: string): Promise<OpenedView> {
  const { now, random, recordsOf } = ports;
  const owner = parseId("person", personId);
  const [actor, exists] = await Promise.all([
    readerOf(recordsOf, ports.actor, now()),
    owner === undefined ? false : isRegistered(recordsOf, owner),
  ]);
  const id = newId("emergencyAccess", regionOf(owner ?? actor.person), now(), random);
  const isClinician = actor.roles?.includes("clinician") === true;
  const isProven = actor.assurance === "aal2";
  if (isClinician && isProven) await takeOpening(recordsOf, actor.person, id, now());
  if (owner === undefined || !exists) throw refusal(isClinician, isProven);
  const name = await nameOf(ports, actor.person);
  let times: { readonly openedAt: number; readonly endsAt: number };
  try {
    times = await ports.vault(owner).prepareEmergency(actor, id, name, reason);
  } catch (error) {
    if (isProblem(error)) throw refusal(isClinician, isProven);
    throw await unavailable(ports, actor.person, id);
  }
  try {
    await noteReview(ports, owner, actor.person, id, times);
    await ports.vault(owner).openEmergency(id);
  } catch {
    throw await unavailable(ports, actor.person, id);
  }
  ports.later(sendLetter(ports, id));
  return { id, openedAt: new Date(times.openedAt).toISOString(), endsAt: new Date(times.endsAt).toISOString() };
}

/** The same for a person who exists and for one who does not. */
function refusal(isClinician: boolean, isProven: boolean): Problem {
  return isClinician && !isProven
    ? problem("forbidden", "Emergency access needs a session that was opened with a second factor.")
    : notFound("person");
}

async function unavailable({ recordsOf }: EmergencyPorts, clinician: PersonId, id: EmergencyAccessId): Promise<Problem> {
  try {
    await returnOpening(recordsOf, clinician, id);
  } catch {
    // It counts against the clinician until its time is over.
  }
  return problem("unavailable", "The access could not be written down, so it was not opened.", { retryAfter: 1 });
}

async function nameOf({ recordsOf }: EmergencyPorts, person: PersonId): Promise<string> {
  return (await recordsOf(regionOf(person)).prepare("select name from people where id = ?").bind(person).first<string>("name")) ?? "";
}

/** The row by which reviewers find the access, with the letter that the person is owed. Throws where the person is gone. */
async function noteReview(
  { recordsOf }: EmergencyPorts,
  owner: PersonId,
  clinician: PersonId,
  id: EmergencyAccessId,
  { openedAt, endsAt }: { readonly openedAt: number; readonly endsAt: number },
): Promise<void> {
  const { meta } = await recordsOf(regionOf(owner))
    .prepare(
      `insert into emergency_reviews (id, person_id, clinician_id, opened_at, ends_at, letter, letter_begun_at)
       select ?1, id, ?3, ?4, ?5, 'emergency_opened', 0 from people where id = ?2`,
    )
    .bind(id, owner, clinician, openedAt, endsAt)
    .run();
  if (meta.changes === 0) throw notFound("person");
}
