import { answerFile, type RangeHeaders } from "../../shared/http/byte-range";
import { archiveName } from "../../shared/exports/status";
import type { ExportId } from "../../shared/id";
import { problem } from "../../shared/problem";
import { enter } from "./manage-export";
import type { ExportPorts } from "./ports";

/**
 * The archive of an export as a stream, whole or in part, so that a download which broke off goes on. Problems `not_found`, `conflict`
 * before its end, `gone` after a week, `range_not_satisfiable`.
 */
export async function downloadExport(ports: ExportPorts, id: ExportId | undefined, headers: RangeHeaders): Promise<Response> {
  const exporter = await enter(ports, "export", id);
  const { key, createdAt } = await exporter.file(ports.actor.person);
  const answer = await answerFile(ports.files, key, headers, {
    "content-type": "application/zip",
    "content-disposition": `attachment; filename="${archiveName(createdAt)}"`,
    "cache-control": "no-store",
  });
  if (answer === null) throw problem("gone", "The file of this export is not there any more.");
  return answer;
}
