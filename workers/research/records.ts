import * as z from "zod";
import type { PersonActor } from "../../shared/context";
import { parseId, type PersonId, type ProgrammeId, regionOf } from "../../shared/id";
import { CATEGORIES } from "../../shared/policy/vocabulary";
import { notFound, problem } from "../../shared/problem";
import { readerOf, type RecordsOf } from "../consents";
import type { ResearchPorts } from "./ports";

const rowSchema = z.object({
  id: z.string(),
  researcher_id: z.string().nullable(),
  title: z.string(),
  purpose: z.string(),
  categories: z.string().transform((text) => z.array(z.enum(CATEGORIES)).parse(JSON.parse(text))),
  metrics: z.string().transform((text) => z.array(z.string()).parse(JSON.parse(text))),
  from_date: z.string(),
  to_date: z.string(),
  cohort: z.number(),
  epsilon: z.number(),
  state: z.enum(["draft", "open", "closed"]),
  created_at: z.number(),
});

export const COLUMNS = "id, researcher_id, title, purpose, categories, metrics, from_date, to_date, cohort, epsilon, state, created_at";
export type ProgrammeRow = z.output<typeof rowSchema>;

/** A programme as the records have it. */
export interface Found {
  readonly id: ProgrammeId;
  readonly row: ProgrammeRow;
  readonly isResearcher: boolean;
  readonly actor: PersonActor;
}

export function programmeRow(row: unknown): ProgrammeRow {
  return rowSchema.parse(row);
}

/**
 * A programme that the actor may see: an open one of their region, one of their own, or one that they take part in. Problem `not_found` for
 * everything else.
 */
export async function findProgramme(ports: ResearchPorts, text: string): Promise<Found> {
  const { recordsOf } = ports;
  const actor = await readerOf(recordsOf, ports.actor, ports.now());
  const id = parseId("programme", text);
  if (id === undefined || regionOf(id) !== regionOf(actor.person)) throw notFound("programme");
  const found = await recordsOf(regionOf(id))
    .prepare(
      `select ${COLUMNS}, exists (select 1 from programme_participants where programme_id = ?1 and person_id = ?2) as takes_part
       from programmes where id = ?1`,
    )
    .bind(id, actor.person)
    .first<{ takes_part: number }>();
  if (found === null) throw notFound("programme");
  const row = programmeRow(found);
  const isResearcher = row.researcher_id === actor.person;
  if (row.state !== "open" && !isResearcher && found.takes_part !== 1) throw notFound("programme");
  return { id, row, isResearcher, actor };
}

/** A programme of the actor's own. Problems `not_found`, and `forbidden` where they may not do research now. */
export async function ownProgramme(ports: ResearchPorts, text: string): Promise<Found> {
  const found = await findProgramme(ports, text);
  if (!found.isResearcher) throw notFound("programme");
  requireResearcher(found.actor);
  return found;
}

/** Partners and admins, in a session that was opened with a second factor; problem `forbidden`. */
export function requireResearcher({ roles = [], assurance }: PersonActor): void {
  if (assurance === "aal2" && (roles.includes("partner") || roles.includes("admin"))) return;
  throw problem("forbidden", "Research is for partners, in a session that was opened with a second factor.");
}

/** People who take part, as far as the records know, in order of the id. */
export async function participantsOf(recordsOf: RecordsOf, programme: ProgrammeId, after: string, limit: number): Promise<PersonId[]> {
  const { results } = await recordsOf(regionOf(programme))
    .prepare(PARTICIPANTS_QUERY)
    .bind(programme, after, limit)
    .all<{ person_id: string }>();
  return results.map((row) => parseId("person", row.person_id)).filter((id) => id !== undefined);
}

export const PARTICIPANTS_QUERY =
  "select distinct person_id from programme_participants where programme_id = ? and person_id > ? order by person_id limit ?";
export const OPEN_QUERY = `select ${COLUMNS} from programmes where state = 'open' and (?1 is null or id < ?1) order by id desc limit ?2`;
export const OWN_QUERY = `select ${COLUMNS} from programmes where researcher_id = ?3 and (?1 is null or id < ?1) order by id desc limit ?2`;
