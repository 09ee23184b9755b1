import { archiveName } from "../../shared/exports/status";
import type { ExportId } from "../../shared/id";
import { problem } from "../../shared/problem";
import { enter } from "./manage-export";
import type { ExportPorts } from "./ports";

/** The part of a file that is wanted; `to` is inclusive. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/**
 * The archive of an export as a stream, whole or in part, so that a download which broke off goes on. Problems `not_found`, `conflict`
 * before its end, `gone` after a week, `range_not_satisfiable`.
 */
export async function downloadExport(
  ports: ExportPorts,
  id: ExportId | undefined,
  headers: { readonly range: string | undefined; readonly ifRange: string | undefined },
): Promise<Response> {
  const exporter = await enter(ports, "export", id);
  const { key, createdAt } = await exporter.file(ports.actor.person);
  const head = await ports.files.head(key);
  if (head === null) throw problem("gone", "The file of this export is not there any more.");
  // A file that has changed since the first part is sent whole.
  const range = headers.ifRange !== undefined && headers.ifRange !== head.httpEtag ? undefined : rangeOf(headers.range, head.size);
  const body = await ports.files.get(key, range === undefined ? {} : { range: { offset: range.from, length: range.to - range.from + 1 } });
  if (body === null) throw problem("gone", "The file of this export is not there any more.");
  return new Response(body.body, {
    status: range === undefined ? 200 : 206,
    headers: {
      "content-type": "application/zip",
      "content-disposition": `attachment; filename="${archiveName(createdAt)}"`,
      "content-length": String(range === undefined ? head.size : range.to - range.from + 1),
      "accept-ranges": "bytes",
      "cache-control": "no-store",
      etag: head.httpEtag,
      ...(range !== undefined && { "content-range": `bytes ${range.from}-${range.to}/${head.size}` }),
    },
  });
}

/** The one range that a header asks for; undefined where it asks for none, for several, or cannot be read: then the whole is right. */
export function rangeOf(header: string | undefined, size: number): ByteRange | undefined {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  const from = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== "" && last !== "" && Number(last) < from) return undefined;
  if (from >= size) throw problem("range_not_satisfiable", `The file has ${size} bytes.`);
  return { from, to };
}
