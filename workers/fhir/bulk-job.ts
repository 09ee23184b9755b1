import * as z from "zod";
import type { BulkMark } from "../../durable-objects/vault/fhir/bulk";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../shared/clock";
import type { Reader } from "../../shared/context";
import { type BulkAsk, BULK_FOLDER } from "../../shared/fhir/bulk";
import type { Reach } from "../../shared/fhir/reach";
import { type BulkExportId, type GroupId, parseId, type PersonId, regionOf } from "../../shared/id";
import { meaningOf } from "../../shared/policy/scopes";
import { isProblem } from "../../shared/problem";
import { REGIONS, type Region } from "../../shared/region";
import { actingClient, ownersForPartners, STILL_SHARES } from "../partners";
import { regional, vaultOf } from "../regional";

/** How long an export and its files can be read, from its end. */
export const KEPT_MS = 24 * HOUR_MS;
const LEASE_MS = 2 * MINUTE_MS;
/** After so long another message goes on. */
const TURN_MS = 20 * SECOND_MS;
const MOST_ATTEMPTS = 5;
/** Problems that mean that there is nothing for the caller, and not that something went wrong. */
const NOTHING: ReadonlySet<string> = new Set(["not_found", "forbidden", "step_up_required", "gone"]);

/** What a queue carries of an export: its id. */
export const bulkPointer = z.strictObject({
  kind: z.literal("fhir-bulk"),
  id: z.string().transform((text, ctx) => parseId("bulkExport", text) ?? (ctx.addIssue("not an export's id"), z.NEVER)),
});

export interface ExportRow {
  readonly id: string;
  readonly program: string | null;
  readonly person_id: string | null;
  readonly session_id: string | null;
  readonly scopes: string;
  readonly group_id: string | null;
  readonly request: string;
  readonly ask: string;
  readonly state: "running" | "done" | "failed";
  readonly created_at: number;
  readonly expires_at: number;
  readonly seq: number;
  readonly done_until: string;
  readonly place: string | null;
  readonly done: number;
  readonly attempts: number;
}

/** Asks for the next turn of an export. */
export async function sendBulk(env: Env, id: BulkExportId, delaySeconds = 0): Promise<void> {
  await regional(env, regionOf(id)).fhir.send({ kind: "fhir-bulk", id }, { delaySeconds });
}

/**
 * Works at an export for a turn: person after person, step after step. A step writes its files under names of its number and then its row, which
 * counts only where nobody was faster; what is done twice is written twice under the same name. Who may see what is decided by each vault with
 * every step. Idempotent.
 */
export async function workBulk(env: Env, id: BulkExportId, now: () => number = Date.now): Promise<void> {
  const { records } = regional(env, regionOf(id));
  const began = now();
  let row = await records
    .prepare("update fhir_exports set lease_until = ?3 where id = ?1 and state = 'running' and lease_until <= ?2 returning *")
    .bind(id, began, began + LEASE_MS)
    .first<ExportRow>();
  while (row !== null) {
    if (now() - began > TURN_MS) return await goOn(env, records, id, 0);
    const actor = await actorOf(records, row);
    if (actor === undefined) {
      await records.prepare("update fhir_exports set state = 'failed' where id = ? and state = 'running'").bind(id).run();
      return;
    }
    const place = row.place === null ? undefined : (JSON.parse(row.place) as { readonly person: PersonId; readonly after: BulkMark });
    const person = place?.person ?? (await nextPerson(records, row, actor));
    if (person === undefined) {
      await records
        .prepare(
          "update fhir_exports set state = 'done', expires_at = ?2, lease_until = 0 where id = ?1 and seq = ?3 and state = 'running'",
        )
        .bind(id, now() + KEPT_MS, row.seq)
        .run();
      return;
    }
    const step = await stepOf(env, row, actor, person, place?.after);
    if (step === "later") {
      await records.prepare("update fhir_exports set attempts = attempts + 1 where id = ?1 and seq = ?2").bind(id, row.seq).run();
      return await goOn(env, records, id, 2 ** row.attempts * 5);
    }
    row = await written(records, row, person, step, now());
  }
}

/** What came of a step: files, and whether the person goes on. */
interface Step {
  readonly files: readonly { readonly type: string; readonly lines: number; readonly bytes: number }[];
  readonly next?: BulkMark;
}

async function stepOf(env: Env, row: ExportRow, actor: Reader, person: PersonId, after: BulkMark | undefined): Promise<Step | "later"> {
  const id = parseId("bulkExport", row.id);
  if (id === undefined) throw new TypeError("not an export");
  const ask = JSON.parse(row.ask) as BulkAsk;
  try {
    return await vaultOf(env, person).exportFhir(actor, { ...ask, id, seq: row.seq, after });
  } catch (error) {
    // Who does not let the caller in is not there for them, before or in the middle.
    if (isProblem(error) && NOTHING.has(error.code)) return { files: [] };
    return row.attempts + 1 < MOST_ATTEMPTS ? "later" : { files: [{ type: "OperationOutcome", lines: 1, bytes: 0 }] };
  }
}

/** Writes a step down; null where somebody else did, or the export was cancelled. */
async function written(
  records: D1Database,
  row: ExportRow,
  person: PersonId,
  { files, next }: Step,
  now: number,
): Promise<ExportRow | null> {
  const place = next === undefined ? null : JSON.stringify({ person, after: next });
  const isDone = next === undefined;
  const [changed] = await records.batch<ExportRow>([
    records
      .prepare(
        `update fhir_exports set seq = seq + 1, place = ?3, done_until = ?4, done = done + ?5, attempts = 0, lease_until = ?6
         where id = ?1 and seq = ?2 and state = 'running' returning *`,
      )
      .bind(row.id, row.seq, place, isDone ? person : row.done_until, isDone ? 1 : 0, now + LEASE_MS),
    records
      .prepare(
        `insert into fhir_export_files (export_id, seq, type, person_id, lines, bytes)
         select ?1, ?2, value ->> 'type', ?3, value ->> 'lines', value ->> 'bytes' from json_each(?4)
         where exists (select 1 from fhir_exports where id = ?1 and seq = ?2 + 1) on conflict do nothing`,
      )
      .bind(row.id, row.seq, person, JSON.stringify(files)),
  ]);
  return changed?.results[0] ?? null;
}

async function goOn(env: Env, records: D1Database, id: BulkExportId, delaySeconds: number): Promise<void> {
  await records.prepare("update fhir_exports set lease_until = 0 where id = ?").bind(id).run();
  await sendBulk(env, id, delaySeconds);
}

/** Who asks, as they are now; undefined for a client that was revoked and a session that is over. */
async function actorOf(records: D1Database, row: ExportRow): Promise<Reader | undefined> {
  const client = parseId("client", row.program ?? "");
  if (client !== undefined) {
    const names = z.array(z.string()).parse(JSON.parse(row.scopes));
    try {
      // No token is asked for: it lives five minutes, and the client goes on after it.
      return await actingClient(records, { kind: "client", client, token: row.id, scopes: meaningOf(names), names });
    } catch (error) {
      if (isProblem(error) && error.code === "session_ended") return undefined;
      throw error;
    }
  }
  const person = parseId("person", row.person_id ?? "");
  const session = parseId("session", row.session_id ?? "");
  if (person === undefined || session === undefined) return undefined;
  const living = await records
    .prepare("select 1 from sessions where id = ? and person_id = ? and revoked_at is null")
    .bind(session, person)
    .first();
  const reach = JSON.parse(row.scopes) as Reach | null;
  return living === null ? undefined : { kind: "person", person, session, ...(reach !== null && { reach }) };
}

async function nextPerson(records: D1Database, row: ExportRow, actor: Reader): Promise<PersonId | undefined> {
  if (actor.kind === "person") return row.done_until === "" ? actor.person : undefined;
  if (actor.organisation === undefined) return undefined;
  if (row.group_id === null) return (await ownersForPartners(records, [actor.client, actor.organisation], row.done_until, 1))[0];
  const next = await records
    .prepare(
      `select person_id from fhir_group_members join fhir_groups on fhir_groups.id = group_id
       where group_id = ?1 and organisation_id = ?2 and person_id > ?3 and ${STILL_SHARES} order by person_id limit 1`,
    )
    .bind(row.group_id as GroupId, actor.organisation, row.done_until)
    .first<string>("person_id");
  return next === null ? undefined : parseId("person", next);
}

/** What ran out of attempts has failed. */
export async function buryBulk(env: Env, id: BulkExportId): Promise<void> {
  const { records } = regional(env, regionOf(id));
  await records.prepare("update fhir_exports set state = 'failed' where id = ? and state = 'running'").bind(id).run();
}

const WAITING = "select id from fhir_exports where state = 'running' and lease_until < ?1 order by lease_until limit 100";
/** Old enough that the row which names it would have been written. */
const UNNAMED_MS = HOUR_MS;

/**
 * Asks again for exports at which nobody works any more, forgets those that have expired, and deletes files that no living export names. Returns
 * how much was done.
 */
export async function sweepBulk(env: Env, now: number): Promise<number> {
  const counts = await Promise.all(REGIONS.map(async (region) => await sweepRegion(env, region, now)));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function sweepRegion(env: Env, region: Region, now: number): Promise<number> {
  const { records, files } = regional(env, region);
  const [expired, waiting] = await records.batch<{ id: string }>([
    records.prepare("delete from fhir_exports where expires_at < ?").bind(now),
    records.prepare(WAITING).bind(now),
  ]);
  const ids = (waiting?.results ?? []).flatMap(({ id }) => parseId("bulkExport", id) ?? []);
  await Promise.all(ids.map(async (id) => await sendBulk(env, id)));
  const { objects } = await files.list({ prefix: BULK_FOLDER, limit: 1_000 });
  const old = objects.filter(({ uploaded }) => uploaded.getTime() < now - UNNAMED_MS);
  const named = [...new Set(old.map(({ key }) => exportIn(key)))].filter((id) => id !== undefined);
  const living = new Set((await Promise.all(named.map(async (id) => await livingOf(env, id)))).flat());
  const gone = old.map(({ key }) => key).filter((key) => !living.has(exportIn(key) ?? ""));
  if (gone.length > 0) await files.delete(gone);
  return (expired?.meta.changes ?? 0) + ids.length + gone.length;
}

async function livingOf(env: Env, id: BulkExportId): Promise<string[]> {
  const row = await regional(env, regionOf(id))
    .records.prepare("select id from fhir_exports where id = ?")
    .bind(id)
    .first<{ id: string }>();
  return row === null ? [] : [row.id];
}

function exportIn(key: string): BulkExportId | undefined {
  return parseId("bulkExport", key.slice(BULK_FOLDER.length).split("/")[0] ?? "");
}
