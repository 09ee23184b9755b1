import { Hono } from "hono";
import type * as z from "zod";
import { type AppContext, type AppEnv, personOf } from "../../shared/http/app-env";
import { fileNameIn } from "../../shared/http/file-name";
import { route } from "../../shared/http/route";
import { pageQuery } from "../../shared/http/page";
import { parseWith, validate } from "../../shared/http/validate";
import { type ImportId, regionOf } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import { ChunkReader, readAll } from "../../shared/imports/chunk-reader";
import { importerOf } from "../regional";
import { listImports } from "./list-imports";
import { cancelImport, mapImport, readImport, startUploadedImport, undoImport } from "./manage-import";
import { importPorts } from "./ports";
import {
  announceBody,
  followQuery,
  importListSchema,
  importParam,
  importQuery,
  importSchema,
  mappingBody,
  startedImportSchema,
} from "./schemas";
import { announceImport, startImport } from "./start-import";

const FILE_TYPES =
  /^(?:application\/(?:zip|x-zip-compressed|gzip|x-gzip|xml|octet-stream|csv|fhir\+json|fhir\+xml|gpx\+xml|x-ndjson|ndjson|vnd\.[a-z0-9.+-]+)|text\/[a-z0-9.+-]+)\s*(?:;|$)/i;
const JSON_TYPE = /^application\/json\s*(?:;|$)/i;
const LONGEST_ANNOUNCEMENT = 4_096;

export const importsRoutes = new Hono<AppEnv>()
  .post(
    "/v1/imports",
    route({
      policy: "person",
      summary: "Import a file of health data",
      description:
        "Send the file as the body, with its kind in the query and its name in `x-file-name` (percent-encoded); any size, with or without " +
        "a content length; `kind=auto` recognises it. Or send `{ kind, fileName, size }` as JSON and PUT the file to the `uploadUrl` of the " +
        "answer. With `dryRun` everything is read and mapped, nothing is stored, and the import ends as `previewed` with a report of what " +
        "each type would become; `start` confirms it without a new upload. The file is deleted when its import ends, that of a dry run " +
        "a day later.",
      tags: ["Imports"],
      responses: { 202: startedImportSchema },
      problems: ["malformed", "invalid", "file_unreadable", "too_large", "unsupported_media_type", "session_ended", "unavailable"],
      bodyLimit: "stream",
      rawBody: { mediaType: "application/zip", description: "The file itself, or the announcement of one" },
    }),
    validate("query", importQuery),
    async (c) => {
      const ports = importPorts(c, personOf(c));
      const type = c.req.header("content-type") ?? "";
      const started = JSON_TYPE.test(type)
        ? await announceImport(ports, parseWith(announceBody, await readJson(c)))
        : await startImport(ports, uploadOf(c, type, c.req.valid("query")));
      c.header("location", `/v1/imports/${started.id}`);
      return c.json(started, 202);
    },
  )
  .get(
    "/v1/imports",
    route({
      policy: "person",
      summary: "List your own imports, newest first",
      tags: ["Imports"],
      responses: { 200: importListSchema },
      problems: ["invalid", "session_ended"],
    }),
    validate("query", pageQuery),
    async (c) => c.json(await listImports(importPorts(c, personOf(c)), c.req.valid("query"))),
  )
  .get(
    "/v1/imports/:id",
    route({
      policy: "person",
      summary: "Read the state and report of an import",
      tags: ["Imports"],
      responses: { 200: importSchema },
      problems: ["not_found", "invalid", "session_ended"],
    }),
    validate("param", importParam),
    async (c) => c.json(await readImport(importPorts(c, personOf(c)), c.req.valid("param").id)),
  )
  .post(
    "/v1/imports/:id/start",
    route({
      policy: "person",
      summary: "Start an import whose file has been uploaded, or confirm a dry run",
      description: "A dry run is confirmed within a day; its file is read again and stored.",
      tags: ["Imports"],
      responses: { 202: importSchema },
      problems: ["not_found", "invalid", "conflict", "session_ended"],
    }),
    validate("param", importParam),
    async (c) => c.json(await startUploadedImport(importPorts(c, personOf(c)), c.req.valid("param").id), 202),
  )
  .put(
    "/v1/imports/:id/mapping",
    route({
      policy: "person",
      summary: "Read a table's dry run again with other columns",
      description:
        "`mapping` has the form of `report.columns`. The dry run begins anew and ends as `previewed`, or as `failed` where the mapping cannot be used.",
      tags: ["Imports"],
      responses: { 202: importSchema },
      problems: ["not_found", "invalid", "conflict", "session_ended"],
    }),
    validate("param", importParam),
    validate("json", mappingBody),
    async (c) => c.json(await mapImport(importPorts(c, personOf(c)), c.req.valid("param").id, c.req.valid("json").mapping), 202),
  )
  .post(
    "/v1/imports/:id/undo",
    route({
      policy: "person",
      summary: "Take back what an import brought",
      description:
        "Removes exactly the readings, sessions and workouts that this import brought; what another import or another source brought too " +
        "stays, and so do deletions and settings that an export of Meridian restored. Ends as `undone`, with the count. The same file can " +
        "be imported again.",
      tags: ["Imports"],
      responses: { 202: importSchema },
      problems: ["not_found", "invalid", "conflict", "session_ended"],
    }),
    validate("param", importParam),
    async (c) => c.json(await undoImport(importPorts(c, personOf(c)), c.req.valid("param").id), 202),
  )
  .delete(
    "/v1/imports/:id",
    route({
      policy: "person",
      summary: "Cancel an import",
      description: "What has been stored stays, unless it is taken back with `undo`. An import that has ended stays as it is.",
      tags: ["Imports"],
      responses: { 200: importSchema },
      problems: ["not_found", "invalid", "session_ended"],
    }),
    validate("param", importParam),
    async (c) => c.json(await cancelImport(importPorts(c, personOf(c)), c.req.valid("param").id)),
  )
  .get(
    "/v1/imports/:id/events",
    route({
      policy: "person",
      summary: "Follow an import by server-sent events",
      description: "`snapshot` first, `progress` with every change, `end` last. `after` or `Last-Event-ID` names the last event seen.",
      tags: ["Imports"],
      responses: { 200: { mediaType: "text/event-stream", description: "Messages `{ type, seq, import }`" } },
      problems: ["not_found", "invalid", "session_ended"],
    }),
    validate("param", importParam),
    validate("query", followQuery),
    async (c) => await follow(c, c.req.valid("param").id, c.req.valid("query").after ?? lastEvent(c)),
  )
  .get(
    "/v1/imports/:id/live",
    route({
      policy: "person",
      summary: "Follow an import over a WebSocket",
      description: "The messages of `events`, as text frames. Reconnect with `after` set to the last `seq` seen.",
      tags: ["Imports"],
      responses: { 101: null },
      problems: ["not_found", "invalid", "malformed", "session_ended"],
    }),
    validate("param", importParam),
    validate("query", followQuery),
    async (c) => {
      const { id } = c.req.valid("param");
      if (c.req.method !== "GET" || c.req.header("upgrade")?.toLowerCase() !== "websocket") {
        // Whose import it is must not show in how a wrong request is refused.
        await readImport(importPorts(c, personOf(c)), id);
        throw problem("malformed", "This address speaks WebSocket.");
      }
      return await follow(c, id, c.req.valid("query").after);
    },
  );

/** Hands the request to the import's object, which keeps the connection. Only the headers that it needs travel on. */
async function follow(c: AppContext, id: ImportId | undefined, after: number | undefined): Promise<Response> {
  const actor = personOf(c);
  const ports = importPorts(c, actor);
  await ports.admit("read");
  if (id === undefined || regionOf(id) !== ports.region) throw notFound("import");
  const headers = new Headers({ "x-meridian-person": actor.person });
  for (const name of ["upgrade", "connection", "sec-websocket-key", "sec-websocket-version", "sec-websocket-protocol"]) {
    const value = c.req.header(name);
    if (value !== undefined) headers.set(name, value);
  }
  const url = new URL("https://importer/follow");
  if (after !== undefined) url.searchParams.set("after", String(after));
  const response = await importerOf(c.env, id).fetch(new Request(url, { headers }));
  if (response.status === 404) throw notFound("import");
  return response;
}

function uploadOf(c: AppContext, type: string, { kind, dryRun }: z.output<typeof importQuery>) {
  if (!FILE_TYPES.test(type)) {
    throw problem(
      "unsupported_media_type",
      "Send application/zip, application/xml, text/csv or application/octet-stream, or announce the file as JSON.",
    );
  }
  if (kind === undefined) {
    throw problem("invalid", undefined, {
      errors: [{ pointer: "/kind", code: "required", message: "The kind of the file is missing in the query." }],
    });
  }
  const { body } = c.req.raw;
  if (body === null) throw problem("file_unreadable", "The file is empty.");
  const declared = c.req.header("content-length");
  const length = declared !== undefined && /^\d{1,15}$/.test(declared) ? Number(declared) : undefined;
  return { kind, fileName: fileNameIn(c.req.header("x-file-name")), body, length, dryRun: dryRun === "true" };
}

async function readJson(c: AppContext): Promise<unknown> {
  const { body } = c.req.raw;
  const bytes = body === null ? new Uint8Array() : await readAll(new ChunkReader(body), LONGEST_ANNOUNCEMENT);
  if (bytes === undefined) throw problem("too_large", "An announcement is a few hundred bytes.");
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw problem("malformed", "The body is no JSON.");
  }
}

function lastEvent(c: AppContext): number | undefined {
  const id = c.req.header("last-event-id");
  return id !== undefined && /^\d{1,15}$/.test(id) ? Number(id) : undefined;
}
