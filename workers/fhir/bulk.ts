import { type BulkAsk, BULK_TYPES, bulkFile, NDJSON, readBulk } from "../../shared/fhir/bulk";
import { reachOfClient } from "../../shared/fhir/client-scopes";
import { readOperationBody } from "../../shared/fhir/operations";
import { permits, type Reach, WHOLE_REACH } from "../../shared/fhir/reach";
import { type AppContext, readerOf } from "../../shared/http/app-env";
import { idOf } from "../../shared/context";
import { type BulkExportId, newId, parseId, regionOf, systemRandom } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import { actingClient } from "../partners";
import { regional, vaultOf } from "../regional";
import { type ExportRow, KEPT_MS, sendBulk, workBulk } from "./bulk-job";
import { ourGroup } from "./groups";
import { bodyOf, RESOURCE_TYPES } from "./interact";
import { baseOf, prefersLenient, requireJson } from "./negotiate";

/** The path segment of exports under way and of their files: `$bulk/{id}` and `$bulk/{id}.{step}.{type}`. */
export const BULK = "$bulk";
const MOST_RUNNING = 3;
const POLL_S = 2;

/** What is exported: everybody who lets the caller in, or the members of a group. */
export type Level = { readonly kind: "patients" } | { readonly kind: "group"; readonly id: string };

/**
 * Begins a bulk export (Bulk Data Access IG 2.0): of a person and their apps their own record, of a program the records of those who consented
 * to it or its organisation, or of a group of them. Problems `malformed` without `Prefer: respond-async`, `forbidden`, `rate_limited`.
 */
export async function kickOff(c: AppContext, level: Level): Promise<Response> {
  requireJson(c);
  const isAsync = (c.req.header("prefer") ?? "").split(/[,;]/).some((part) => part.trim().toLowerCase() === "respond-async");
  if (!isAsync) throw problem("malformed", "An export needs Prefer: respond-async.");
  const body = c.req.method === "POST" ? await bodyOf(c, RESOURCE_TYPES, true) : "";
  const ask = readBulk([...new URL(c.req.url).searchParams, ...readOperationBody(body).params], prefersLenient(c));
  const who = await whoAsks(c);
  if (level.kind === "group" && who.program === null) throw notFound("Group");
  const group = level.kind === "group" ? (await ourGroup(c, level.id, "r")).group : null;
  requireReach(who.reach, ask);
  const now = c.get("now")();
  const { records } = regional(c.env, who.region);
  const id = newId("bulkExport", who.region, now, systemRandom);
  const { meta } = await records
    .prepare(
      `insert into fhir_exports (id, program, person_id, session_id, scopes, group_id, request, ask, state, created_at, expires_at)
       select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'running', ?9, ?10
       where (select count(*) from fhir_exports where program = ?2 and state = 'running')
         + (select count(*) from fhir_exports where person_id = ?3 and state = 'running') < ${MOST_RUNNING}`,
    )
    .bind(id, who.program, who.person, who.session, who.scopes, group, requestOf(c), JSON.stringify(ask), now, now + KEPT_MS)
    .run();
  if (meta.changes !== 1) throw problem("rate_limited", "Too many exports are running: wait for one, or cancel it.", { retryAfter: 60 });
  // The clock asks again for what got no message.
  await sendBulk(c.env, id).catch(() => undefined);
  // Most exports are done before a queue would begin: the first turn is ours, and its lease keeps others off.
  c.executionCtx.waitUntil(workBulk(c.env, id, c.get("now")).catch(() => undefined));
  return c.body(null, 202, { "content-location": addressOf(c, id) });
}

/** How far an export is: 202 with `X-Progress`, and at its end the manifest. */
export async function bulkStatus(c: AppContext, text: string): Promise<Response> {
  const [id, seq, type] = text.split(".");
  const row = await ownExport(c, id ?? "");
  if (seq !== undefined) return await bulkFileOf(c, row, Number(seq), type ?? "");
  requireJson(c);
  if (row.state === "failed") throw problem("gone", "The export ended before its end: its program or session does not count any more.");
  if (row.state === "running") {
    const progress = `${row.done} ${row.done === 1 ? "record is" : "records are"} written`;
    return c.body(null, 202, { "x-progress": progress, "retry-after": String(POLL_S) });
  }
  const { records } = regional(c.env, regionOf(row.id));
  const { results } = await records
    .prepare("select seq, type, lines from fhir_export_files where export_id = ? order by seq, type")
    .bind(row.id)
    .all<{ seq: number; type: string; lines: number }>();
  const listed = results.map((file) => ({ type: file.type, url: `${addressOf(c, row.id)}.${file.seq}.${file.type}`, count: file.lines }));
  const manifest = {
    transactionTime: new Date(row.created_at).toISOString(),
    request: row.request,
    requiresAccessToken: true,
    output: listed.filter((file) => file.type !== "OperationOutcome"),
    deleted: [],
    error: listed.filter((file) => file.type === "OperationOutcome"),
  };
  return c.body(JSON.stringify(manifest), 200, {
    "content-type": "application/json",
    expires: new Date(row.expires_at).toUTCString(),
    "cache-control": "private, no-store",
  });
}

/** Cancels an export, or lets go of one that is done: its files cannot be read from now on, and are swept away. */
export async function cancelBulk(c: AppContext, id: string): Promise<Response> {
  const row = await ownExport(c, id);
  await regional(c.env, regionOf(row.id)).records.prepare("delete from fhir_exports where id = ?").bind(row.id).run();
  return c.body(null, 202);
}

/** A file, as lines. Gone with the person it is about, and with their last consent to the organisation. */
async function bulkFileOf(c: AppContext, row: ExportRow & { id: BulkExportId }, seq: number, type: string): Promise<Response> {
  const found = await regional(c.env, regionOf(row.id))
    .records.prepare("select person_id, bytes from fhir_export_files where export_id = ?1 and seq = ?2 and type = ?3")
    .bind(row.id, Number.isSafeInteger(seq) ? seq : -1, type)
    .first<{ person_id: string; bytes: number }>();
  if (row.state !== "done" || found === null) throw notFound("file");
  const headers = { "content-type": NDJSON, "cache-control": "private, no-store" };
  if (type === "OperationOutcome") return c.body(`${JSON.stringify(unreadable(found.person_id))}\n`, 200, headers);
  const file = await regional(c.env, regionOf(found.person_id)).files.get(bulkFile(row.id, seq, type));
  if (file === null) throw notFound("file");
  return c.body(file.body, 200, headers);
}

function unreadable(person: string) {
  const diagnostics = `The record of Patient/${person.replaceAll("_", "-")} could not be read. Ask for it again.`;
  return { resourceType: "OperationOutcome", issue: [{ severity: "error", code: "transient", diagnostics }] };
}

/** The caller's own export; problem `not_found` for any other, and for one that has expired. */
async function ownExport(c: AppContext, text: string): Promise<ExportRow & { id: BulkExportId }> {
  const id = parseId("bulkExport", text.replaceAll("-", "_"));
  const who = await whoAsks(c);
  if (id === undefined || regionOf(id) !== who.region) throw notFound("export");
  const row = await regional(c.env, who.region)
    .records.prepare(
      `select * from fhir_exports where id = ?1 and expires_at > ?2
       and (program = ?3 or (person_id = ?4 and (session_id = ?5 or ?6)))`,
    )
    .bind(id, c.get("now")(), who.program, who.person, who.session, who.isApp ? 0 : 1)
    .first<ExportRow>();
  if (row === null) throw notFound("export");
  return { ...row, id };
}

/** Who asks, checked: a program in the records of its region, a person in their vault. */
async function whoAsks(c: AppContext) {
  const actor = readerOf(c);
  const region = regionOf(idOf(actor));
  if (actor.kind === "client") {
    const { names = [] } = await actingClient(regional(c.env, region).records, actor);
    const reach = reachOfClient(names);
    return { region, program: actor.client, person: null, session: null, scopes: JSON.stringify(names), reach, isApp: false };
  }
  await vaultOf(c.env, actor.person).admit(actor, { action: "export", resource: "fhir" });
  const { person, session, reach } = actor;
  const isApp = reach !== undefined;
  return { region, program: null, person, session, scopes: JSON.stringify(reach ?? null), reach: reach ?? WHOLE_REACH, isApp };
}

/** Problem `forbidden` where a type is named that the token does not open, or where it opens none. */
function requireReach(reach: Reach, { types }: BulkAsk): void {
  const isOpen = (types ?? BULK_TYPES).map((type) => permits(reach, type, "s"));
  if (types === undefined ? !isOpen.includes(true) : isOpen.includes(false))
    throw problem("forbidden", "The token does not open the types of this export.");
}

function addressOf(c: AppContext, id: string): string {
  return `${baseOf(c)}/${BULK}/${id.replaceAll("_", "-")}`;
}

function requestOf(c: AppContext): string {
  const { pathname, search } = new URL(c.req.url);
  return `${new URL(baseOf(c)).origin}${pathname}${search}`.slice(0, 4_000);
}
