import type { AppContext } from "../../shared/http/app-env";
import { problem } from "../../shared/problem";

/** Answers with JSON text as the vault made it. */
export function json(c: AppContext, text: string): Response {
  return c.body(text, 200, { "content-type": "application/json; charset=UTF-8" });
}

/** Answers with one result or report: its edition is the entity tag. */
export function one(c: AppContext, text: string, created?: string): Response {
  const { id, edition } = JSON.parse(text) as { id: string; edition: number };
  c.header("etag", `"${edition}"`);
  if (created !== undefined) c.header("location", `${created}/${id}`);
  return c.body(text, created === undefined ? 200 : 201, { "content-type": "application/json; charset=UTF-8" });
}

/** A file's name from a percent-encoded header; nothing where it cannot be read. */
export function fileNameIn(header: string | undefined): string {
  if (header === undefined) return "";
  try {
    return decodeURIComponent(header).slice(0, 255);
  } catch {
    return header.slice(0, 255);
  }
}

const PDF_TYPE = /^application\/(?:pdf|x-pdf|octet-stream)\s*(?:;|$)/i;

/** Refuses what says of itself that it is something else; what it is, its bytes tell. Problem `unsupported_media_type`. */
export function requirePdfType(c: AppContext): void {
  if (!PDF_TYPE.test(c.req.header("content-type") ?? "")) throw problem("unsupported_media_type", "Send application/pdf.");
}
