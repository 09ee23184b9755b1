import type { AppContext } from "../../shared/http/app-env";

/** Answers with JSON text as the vault made it: a page crosses RPC as one string. */
export function json(c: AppContext, text: string): Response {
  return c.body(text, 200, { "content-type": "application/json; charset=UTF-8" });
}
