import * as z from "zod";
import { HOUR_MS } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import { type EmergencyAccessId, parseId, type PersonId, regionOf } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import { readerOf } from "../consents";
import { accessId, viewOf } from "./manage-own";
import type { EmergencyPorts } from "./ports";
import type { AccessView, Decision, ReviewQuery, ReviewView } from "./schemas";
import { sendLetter } from "./send-letters";

/** An access that nobody has reviewed by then is overdue. */
export const REVIEW_WITHIN_MS = 72 * HOUR_MS;

type Row = {
  id: string;
  person_id: string;
  clinician_id: string;
  opened_at: number;
  ends_at: number;
  state: "open" | "justified" | "unjustified";
  reviewer_id: string | null;
  decided_at: number | null;
};

const COLUMNS = "id, person_id, clinician_id, opened_at, ends_at, state, reviewer_id, decided_at";
const placeSchema = z.tuple([z.number(), z.string()]);

/** The queue, oldest first. `?1`, `?2`: after which place; `?3`: opened by when; `?4`: how many; `?5`: the state. */
export const QUEUE_QUERY = `select ${COLUMNS} from emergency_reviews where (opened_at, id) > (?1, ?2) and opened_at <= ?3 order by opened_at, id limit ?4`;
export const STATE_QUERY = `select ${COLUMNS} from emergency_reviews where state = ?5 and (opened_at, id) > (?1, ?2) and opened_at <= ?3 order by opened_at, id limit ?4`;

/** A page of the emergency accesses to people of a region, oldest first: ids, times and states. Problem `forbidden`. */
export async function listReviews(ports: EmergencyPorts, query: ReviewQuery): Promise<{ items: ReviewView[]; next: string | null }> {
  const { keys, recordsOf } = ports;
  const now = ports.now();
  const actor = await readerOf(recordsOf, ports.actor, now);
  if (!isReviewer(actor)) throw problem("forbidden", "Reviews are for moderators and admins, with a second factor.");
  const region = query.region ?? regionOf(actor.person);
  const scope = `emergency-reviews ${region} ${query.state ?? ""}`;
  const [at, id] = query.cursor === undefined ? [-1, ""] : placeSchema.parse(await openCursor(keys, actor.person, scope, query.cursor));
  const until = query.state === "overdue" ? now - REVIEW_WITHIN_MS : Number.MAX_SAFE_INTEGER;
  const state = query.state === "overdue" ? "open" : query.state;
  const place = [at, id, until, query.limit + 1] as const;
  const records = recordsOf(region);
  const found = state === undefined ? records.prepare(QUEUE_QUERY).bind(...place) : records.prepare(STATE_QUERY).bind(...place, state);
  const { results } = await found.all<Row>();
  const page = results.slice(0, query.limit);
  const last = page.at(-1);
  return {
    items: page.map((row) => reviewOf(row, now)),
    next:
      results.length > query.limit && last !== undefined ? await sealCursor(keys, actor.person, scope, [last.opened_at, last.id]) : null,
  };
}

/** One access with its reason, for a reviewer. Problem `not_found` for everybody else. */
export async function readReview(ports: EmergencyPorts, id: string): Promise<AccessView> {
  const { actor, owner, access } = await enter(ports, id);
  return viewOf(await ports.vault(owner).emergencyForReview(actor, access));
}

/**
 * Decides about an access. The person's vault keeps the outcome first, where they see it; then the queue follows, and one that was not
 * justified is told by letter. Repeating a decision completes it.
 *
 * Problems: `not_found` for whoever is no reviewer, `forbidden` for who had a part in it, `conflict` where it was decided otherwise.
 */
export async function decideReview(ports: EmergencyPorts, id: string, { outcome, note }: Decision): Promise<ReviewView> {
  const { actor, owner, access } = await enter(ports, id);
  const { decidedAt } = await ports.vault(owner).decideEmergency(actor, access, outcome, note);
  const isTold = outcome === "unjustified";
  const row = await ports
    .recordsOf(regionOf(access))
    .prepare(
      `update emergency_reviews set
         letter = case when state = 'open' and ?5 then 'emergency_unjustified' else letter end,
         letter_begun_at = case when state = 'open' and ?5 then 0 else letter_begun_at end,
         state = ?2, reviewer_id = ?3, decided_at = ?4
       where id = ?1 returning ${COLUMNS}`,
    )
    .bind(access, outcome, actor.person, decidedAt, isTold ? 1 : 0)
    .first<Row>();
  if (row === null) throw notFound("emergency access");
  if (isTold) ports.later(sendLetter(ports, access));
  return reviewOf(row, ports.now());
}

interface Entered {
  readonly actor: PersonActor;
  readonly owner: PersonId;
  readonly access: EmergencyAccessId;
}

/** Finds whose access it is; the person's vault decides whether the reviewer may. */
async function enter(ports: EmergencyPorts, id: string): Promise<Entered> {
  const { recordsOf } = ports;
  const access = parseId("emergencyAccess", id) ?? undefined;
  const actor = await readerOf(recordsOf, ports.actor, ports.now());
  const owner =
    access === undefined
      ? null
      : await recordsOf(regionOf(access))
          .prepare("select person_id from emergency_reviews where id = ?")
          .bind(access)
          .first<string>("person_id");
  const person = owner === null ? undefined : parseId("person", owner);
  if (person === undefined) throw notFound("emergency access");
  return { actor, owner: person, access: accessId(id) };
}

/** Moderators and admins, in a session that was opened with a second factor. */
function isReviewer({ roles = [], assurance }: PersonActor): boolean {
  return assurance === "aal2" && (roles.includes("moderator") || roles.includes("admin"));
}

function reviewOf(row: Row, now: number): ReviewView {
  const isOverdue = row.state === "open" && row.opened_at <= now - REVIEW_WITHIN_MS;
  return {
    id: row.id,
    person: row.person_id,
    clinician: row.clinician_id,
    openedAt: new Date(row.opened_at).toISOString(),
    endsAt: new Date(row.ends_at).toISOString(),
    state: isOverdue ? "overdue" : row.state,
    decidedAt: row.decided_at === null ? null : new Date(row.decided_at).toISOString(),
    reviewer: row.reviewer_id,
  };
}
