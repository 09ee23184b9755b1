import type { AppContext } from "../../shared/http/app-env";
import { problem } from "../../shared/problem";

const FORM = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;
/** The largest form: two tokens and their parameters. */
export const FORM_LIMIT = 32_768;

/** The fields of a form, of any number and as often as they are there. Problem `malformed`. */
export async function fieldsOf(c: AppContext): Promise<URLSearchParams> {
  if (!FORM.test(c.req.header("content-type") ?? "")) throw problem("malformed", "Send application/x-www-form-urlencoded.");
  return new URLSearchParams(new TextDecoder().decode(await c.req.arrayBuffer()));
}

/**
 * The parameters of a request of OAuth (RFC 6749 §3.2): in the form alone, where they stay out of logs, and each once. Problem `malformed`.
 */
export async function formOf(c: AppContext): Promise<ReadonlyMap<string, string>> {
  if (new URL(c.req.url).search !== "") throw problem("malformed", "Parameters belong in the form, not in the address.");
  const form = new Map<string, string>();
  for (const [name, value] of await fieldsOf(c)) {
    if (form.has(name)) throw problem("malformed", "A parameter is there twice.");
    // A parameter without a value counts as left out (RFC 6749 §3.2).
    if (value !== "") form.set(name, value);
  }
  return form;
}

/** A parameter that must be there. Problem `malformed`. */
export function required(form: ReadonlyMap<string, string>, name: string): string {
  const value = form.get(name);
  if (value === undefined) throw problem("malformed", `The parameter ${name} is missing.`);
  return value;
}
