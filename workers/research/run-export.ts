import type { ExportStatus } from "../../durable-objects/programme/export-rows";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import type { PageQuery } from "../../shared/http/page";
import { dayText } from "../../shared/health/zone";
import { newId, parseId, type ProgrammeId, regionOf, type ResearchExportId } from "../../shared/id";
import { consoleLog } from "../../shared/log";
import { notFound, problem, PROBLEMS } from "../../shared/problem";
import { REGIONS, type Region } from "../../shared/region";
import { programmeOf, regional } from "../regional";
import type { ResearchPorts } from "./ports";
import { ownProgramme, participantsOf } from "./records";
import type { ExportView } from "./schemas";

/** Exports of one programme: each more is one more to compare with the others. */
export const MOST_EXPORTS = 12;
/** People of one call to the programme's object. */
const A_PAGE = 500;

type EnlistPorts = Pick<ResearchPorts, "recordsOf" | "programmeOf">;

/** Begins an export. Problems `not_found`, `forbidden`, `step_up_required`, `conflict`. */
export async function beginExport(ports: ResearchPorts, text: string): Promise<ExportView> {
  const { id: programme, row } = await ownProgramme(ports, text);
  await ports.requireStepUp();
  if (row.state !== "open") throw problem("conflict", "The programme is not open.");
  const id = newId("researchExport", regionOf(programme), ports.now(), ports.random);
  const status = await ports.programmeOf(programme).beginExport(id);
  const { meta } = await ports
    .recordsOf(regionOf(programme))
    .prepare(
      `insert into research_exports (id, programme_id, state, created_at) select ?1, ?2, 'enlisting', ?3
       where (select count(*) from research_exports where programme_id = ?2) < ?4`,
    )
    .bind(id, programme, ports.now(), MOST_EXPORTS)
    .run();
  if (meta.changes === 0) throw problem("conflict", "A programme has twelve exports at most.");
  ports.later(enlistQuietly(ports, programme, id));
  return viewOf(status);
}

/**
 * Hands the people who take part to the programme's object, which asks their vaults by itself from then on. Every step can be repeated; an
 * export that was cut off here is taken up by the clock.
 */
export async function enlist({ recordsOf, programmeOf: open }: EnlistPorts, programme: ProgrammeId, id: ResearchExportId): Promise<void> {
  let after = "";
  for (;;) {
    const people = await participantsOf(recordsOf, programme, after, A_PAGE);
    const last = people.at(-1);
    if (last === undefined) break;
    await open(programme).enlist(id, people);
    after = last;
  }
  await open(programme).startExport(id);
  await recordsOf(regionOf(programme)).prepare("update research_exports set state = 'started' where id = ?").bind(id).run();
}

async function enlistQuietly(ports: EnlistPorts, programme: ProgrammeId, id: ResearchExportId): Promise<void> {
  try {
    await enlist(ports, programme, id);
  } catch (error) {
    consoleLog({ event: "research_export", outcome: "retry", kind: error instanceof Error ? error.name : typeof error });
  }
}

export const ENLISTING_QUERY = "select id, programme_id from research_exports where state = 'enlisting' order by id limit 50";

/** Takes up exports of all regions whose people are not enlisted yet; returns how many. For the clock. */
export async function enlistAll(env: Env): Promise<number> {
  const ports: EnlistPorts = {
    recordsOf: (region) => regional(env, region).records,
    programmeOf: (id) => programmeOf(env, id),
  };
  const counts = await Promise.all(REGIONS.map(async (region) => await enlistRegion(ports, region)));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function enlistRegion(ports: EnlistPorts, region: Region): Promise<number> {
  const { results } = await ports.recordsOf(region).prepare(ENLISTING_QUERY).all<{ id: string; programme_id: string }>();
  for (const row of results) {
    const programme = parseId("programme", row.programme_id);
    const id = parseId("researchExport", row.id);
    if (programme !== undefined && id !== undefined) await enlistQuietly(ports, programme, id);
  }
  return results.length;
}

/** A page of a programme's exports, newest first. Problems `not_found`, `forbidden`. */
export async function listExports(
  ports: ResearchPorts,
  text: string,
  query: PageQuery,
): Promise<{ items: ExportView[]; next: string | null }> {
  const { id: programme, actor } = await ownProgramme(ports, text);
  const scope = `exports ${programme}`;
  const before = query.cursor === undefined ? null : await openCursor<string>(ports.keys, actor.person, scope, query.cursor);
  const { results } = await ports
    .recordsOf(regionOf(programme))
    .prepare("select id from research_exports where programme_id = ?1 and (?2 is null or id < ?2) order by id desc limit ?3")
    .bind(programme, before, query.limit + 1)
    .all<{ id: string }>();
  const page = results.slice(0, query.limit);
  const items = await Promise.all(page.map(async (row) => viewOf(await ports.programmeOf(programme).exportStatus(exportId(row.id)))));
  const last = page.at(-1);
  return {
    items,
    next: results.length > query.limit && last !== undefined ? await sealCursor(ports.keys, actor.person, scope, last.id) : null,
  };
}

/** How an export goes. Problems `not_found`, `forbidden`. */
export async function readExport(ports: ResearchPorts, text: string, id: string): Promise<ExportView> {
  const { id: programme } = await ownProgramme(ports, text);
  return viewOf(await ports.programmeOf(programme).exportStatus(exportId(id)));
}

/** The release, as lines of JSON. Problems `not_found`, `forbidden`, `step_up_required`, `gone`. */
export async function readRelease(ports: ResearchPorts, text: string, id: string): Promise<ReadableStream> {
  const { id: programme } = await ownProgramme(ports, text);
  await ports.requireStepUp();
  return await ports.programmeOf(programme).release(exportId(id));
}

function exportId(text: string): ResearchExportId {
  const id = parseId("researchExport", text);
  if (id === undefined) throw notFound("export");
  return id;
}

function viewOf(status: ExportStatus): ExportView {
  const { id, state, createdAt, fromDay, toDay, expiresAt, progress, result, fault } = status;
  return {
    id,
    state: state === "enlisting" ? "running" : state,
    createdAt: new Date(createdAt).toISOString(),
    period: { from: dayText(fromDay), to: dayText(toDay) },
    progress: { done: progress, total: 100, unit: "%" },
    expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
    result,
    problem: fault === null ? null : { code: fault.code, status: PROBLEMS[fault.code][0], title: PROBLEMS[fault.code][1] },
  };
}
