import { Hono } from "hono";
import { type AppContext, type AppEnv, personOf } from "../../shared/http/app-env";
import { pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import type { ExportId } from "../../shared/id";
import { notFound } from "../../shared/problem";
import { exporterOf } from "../regional";
import { requireStepUp } from "../sessions";
import { beginExport } from "./begin-export";
import { downloadExport } from "./download-export";
import { listExports } from "./list-exports";
import { enter, readExport, removeExport } from "./manage-export";
import { exportPorts } from "./ports";
import { exportListSchema, exportParam, exportSchema, followExportQuery } from "./schemas";

export const exportsRoutes = new Hono<AppEnv>()
  .post(
    "/v1/me/exports",
    route({
      policy: "person",
      summary: "Export everything that is yours",
      description:
        "Writes a zip archive in the background: JSON and CSV of every kind, FHIR resources, files, and a manifest with checksums. One at a " +
        "time, five a day. Wants a proof that is at most five minutes old, with both factors of those who have two.",
      tags: ["Exports"],
      responses: { 202: exportSchema },
      problems: ["step_up_required", "conflict", "session_ended"],
    }),
    async (c) => {
      await requireStepUp(c);
      const begun = await beginExport(exportPorts(c, personOf(c)));
      c.header("location", `/v1/me/exports/${begun.id}`);
      return c.json(begun, 202);
    },
  )
  .get(
    "/v1/me/exports",
    route({
      policy: "person",
      summary: "List your exports, newest first",
      tags: ["Exports"],
      responses: { 200: exportListSchema },
      problems: ["invalid"],
    }),
    validate("query", pageQuery),
    async (c) => c.json(await listExports(exportPorts(c, personOf(c)), c.req.valid("query"))),
  )
  .get(
    "/v1/me/exports/:id",
    route({
      policy: "person",
      summary: "Read the state of an export",
      tags: ["Exports"],
      responses: { 200: exportSchema },
      problems: ["not_found"],
    }),
    validate("param", exportParam),
    async (c) => c.json(await readExport(exportPorts(c, personOf(c)), c.req.valid("param").id)),
  )
  .get(
    "/v1/me/exports/:id/events",
    route({
      policy: "person",
      summary: "Follow an export by server-sent events",
      description: "`snapshot` first, `progress` with every change, `end` last. `after` or `Last-Event-ID` names the last event seen.",
      tags: ["Exports"],
      responses: { 200: { mediaType: "text/event-stream", description: "Messages `{ type, seq, export }`" } },
      problems: ["not_found", "invalid"],
    }),
    validate("param", exportParam),
    validate("query", followExportQuery),
    async (c) => await follow(c, c.req.valid("param").id, c.req.valid("query").after),
  )
  .get(
    "/v1/me/exports/:id/file",
    route({
      policy: "person",
      summary: "Download the archive of an export",
      description: "For a week after its end. Takes one `Range`, with `If-Range`, so that a download which broke off goes on.",
      tags: ["Exports"],
      responses: {
        200: { mediaType: "application/zip", description: "The archive" },
        206: { mediaType: "application/zip", description: "The part of it that was asked for" },
      },
      problems: ["not_found", "conflict", "gone", "range_not_satisfiable"],
    }),
    validate("param", exportParam),
    async (c) =>
      await downloadExport(exportPorts(c, personOf(c)), c.req.valid("param").id, {
        range: c.req.header("range"),
        ifRange: c.req.header("if-range"),
      }),
  )
  .delete(
    "/v1/me/exports/:id",
    route({
      policy: "person",
      summary: "Cancel an export, or delete its archive",
      tags: ["Exports"],
      responses: { 200: exportSchema },
      problems: ["not_found"],
    }),
    validate("param", exportParam),
    async (c) => c.json(await removeExport(exportPorts(c, personOf(c)), c.req.valid("param").id)),
  );

/** Hands the request to the export's object, which keeps the connection. */
async function follow(c: AppContext, id: ExportId | undefined, after: number | undefined): Promise<Response> {
  const actor = personOf(c);
  await enter(exportPorts(c, actor), "read", id);
  if (id === undefined) throw notFound("export");
  const last = c.req.header("last-event-id");
  const seen = after ?? (last !== undefined && /^\d{1,15}$/.test(last) ? Number(last) : undefined);
  const url = new URL("https://exporter/follow");
  if (seen !== undefined) url.searchParams.set("after", String(seen));
  const response = await exporterOf(c.env, id).fetch(new Request(url, { headers: { "x-meridian-person": actor.person } }));
  if (response.status === 404) throw notFound("export");
  return response;
}
