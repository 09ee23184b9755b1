import type { AppContext } from "../../shared/http/app-env";
import { problem } from "../../shared/problem";

const PDF_TYPE = /^application\/(?:pdf|x-pdf|octet-stream)\s*(?:;|$)/i;

/** Refuses what says of itself that it is something else; what it is, its bytes tell. Problem `unsupported_media_type`. */
export function requirePdfType(c: AppContext): void {
  if (!PDF_TYPE.test(c.req.header("content-type") ?? "")) throw problem("unsupported_media_type", "Send application/pdf.");
}
