import { DAY_MS } from "../../shared/clock";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import { dayText } from "../../shared/health/zone";
import { newId, regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import { milliEpsilon } from "../../shared/research/budget";
import { MOST_SHIFT_DAYS } from "../../shared/research/pseudonym";
import { readerOf } from "../consents";
import type { ResearchPorts } from "./ports";
import { findProgramme, OPEN_QUERY, OWN_QUERY, ownProgramme, type ProgrammeRow, programmeRow, requireResearcher } from "./records";
import type { ProgrammeInput, ProgrammeQuery, ProgrammeView } from "./schemas";

/**
 * Makes a programme, as a draft that its researcher alone sees. Its terms never change: people agree to them. Its object comes first, so
 * that a programme in the records always has its key. Problem `forbidden`.
 */
export async function createProgramme(ports: ResearchPorts, input: ProgrammeInput): Promise<ProgrammeView> {
  const { recordsOf, now, random } = ports;
  const actor = await readerOf(recordsOf, ports.actor, now());
  requireResearcher(actor);
  const region = regionOf(actor.person);
  const id = newId("programme", region, now(), random);
  const { title, purpose, categories, metrics, period, cohort } = input;
  const epsilon = milliEpsilon(input.epsilon) ?? 0;
  const [fromDay, toDay] = [dayOf(period.from), dayOf(period.to)];
  const version = await ports.programmeOf(id).establish({ id, categories, metrics, fromDay, toDay, cohort, epsilon });
  const row: ProgrammeRow = {
    id,
    researcher_id: actor.person,
    title,
    purpose,
    categories,
    metrics,
    from_date: period.from,
    to_date: period.to,
    cohort,
    epsilon,
    state: "draft",
    created_at: now(),
  };
  await recordsOf(region)
    .prepare(
      `insert into programmes (id, researcher_id, title, purpose, categories, metrics, from_date, to_date, cohort, epsilon, state, created_at, key_version)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'draft', ?, ?)`,
    )
    .bind(
      id,
      actor.person,
      title,
      purpose,
      JSON.stringify(categories),
      JSON.stringify(metrics),
      period.from,
      period.to,
      cohort,
      epsilon,
      row.created_at,
      version,
    )
    .run();
  return viewOf(row, 0);
}

/** A page of the programmes that are open in the actor's region, or of their own, newest first. */
export async function listProgrammes(
  ports: ResearchPorts,
  query: ProgrammeQuery,
): Promise<{ items: ProgrammeView[]; next: string | null }> {
  const { keys, recordsOf } = ports;
  const actor = await readerOf(recordsOf, ports.actor, ports.now());
  const scope = `programmes ${query.scope}`;
  const before = query.cursor === undefined ? null : await openCursor<string>(keys, actor.person, scope, query.cursor);
  const records = recordsOf(regionOf(actor.person));
  const found =
    query.scope === "own"
      ? records.prepare(OWN_QUERY).bind(before, query.limit + 1, actor.person)
      : records.prepare(OPEN_QUERY).bind(before, query.limit + 1);
  const { results } = await found.all();
  const items = results.slice(0, query.limit).map((row) => viewOf(programmeRow(row), null));
  const last = items.at(-1);
  return { items, next: results.length > query.limit && last !== undefined ? await sealCursor(keys, actor.person, scope, last.id) : null };
}

/** One programme; problem `not_found`. */
export async function readProgramme(ports: ResearchPorts, text: string): Promise<ProgrammeView> {
  const { id, row, isResearcher } = await findProgramme(ports, text);
  return viewOf(row, isResearcher ? await ports.programmeOf(id).spent() : null);
}

/** Opens a draft or closes a programme; there is no way back. Problems `not_found`, `forbidden`, `conflict`. */
export async function moveProgramme(ports: ResearchPorts, text: string, state: "open" | "closed"): Promise<ProgrammeView> {
  const { id, row } = await ownProgramme(ports, text);
  const { meta } = await ports
    .recordsOf(regionOf(id))
    .prepare("update programmes set state = ?2 where id = ?1 and (state = ?2 or state = 'open' or (state = 'draft' and ?2 = 'open'))")
    .bind(id, state)
    .run();
  if (meta.changes === 0) {
    throw problem("conflict", "A draft is opened, and what is open is closed; there is no way back.");
  }
  return viewOf({ ...row, state }, await ports.programmeOf(id).spent());
}

/** Days since 1970-01-01 of a date. */
function dayOf(text: string): number {
  return Date.parse(text) / DAY_MS;
}

function viewOf(row: ProgrammeRow, spent: number | null): ProgrammeView {
  const { id, title, purpose, categories, metrics, from_date: from, to_date: to, cohort, epsilon, state } = row;
  return {
    id,
    title,
    purpose,
    categories,
    metrics,
    period: { from, to },
    reads: { from: dayText(dayOf(from) - MOST_SHIFT_DAYS), to: dayText(dayOf(to) + MOST_SHIFT_DAYS) },
    cohort,
    epsilon: { total: epsilon / 1_000, spent: spent === null ? null : spent / 1_000 },
    state,
    createdAt: new Date(row.created_at).toISOString(),
  };
}
