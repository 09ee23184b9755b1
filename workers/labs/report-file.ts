import { LARGEST_PDF } from "../../shared/labs/files";
import { ChunkReader, readAll } from "../../shared/imports/chunk-reader";
import { problem } from "../../shared/problem";
import type { LabPorts } from "./ports";

/** What is said of a report that is uploaded. */
export interface Upload {
  readonly fileName: string;
  readonly title?: string | undefined;
  readonly lab?: string | undefined;
  readonly collectedAt?: string | undefined;
}

/** Takes a PDF; answers its report as JSON text. Problems `too_large`, `file_unreadable` for what is no PDF, whatever its type says. */
export async function uploadReport(
  { vault, actor }: LabPorts,
  body: ReadableStream<Uint8Array> | null,
  { fileName, ...form }: Upload,
): Promise<string> {
  const bytes = body === null ? new Uint8Array() : await readAll(new ChunkReader(body), LARGEST_PDF);
  if (bytes === undefined) throw problem("too_large", `A report may have at most ${LARGEST_PDF} bytes.`);
  return await vault.addLabReport(actor, bytes, fileName, form);
}

/** The file of a report. Problems `not_found`, and `gone` where it is not in the bucket any more. */
export async function downloadReport({ vault, actor }: LabPorts, id: string): Promise<Response> {
  const { file, bytes } = await vault.labReportFile(actor, id);
  return new Response(bytes, {
    headers: {
      "content-type": file.type,
      // Somebody else's document: never shown as a page of this origin.
      "content-disposition": `attachment; filename="${id}.pdf"`,
      "content-security-policy": "sandbox; default-src 'none'",
      "content-length": String(bytes.length),
      "cache-control": "no-store",
      etag: `"${file.sha256}"`,
    },
  });
}
