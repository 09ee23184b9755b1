/** Asking for what has editions: laboratory results and reports, health records. */
import type { RegisteredPerson } from "./people";

export type Shown = Record<string, unknown> & { readonly id: string; readonly edition: number };
export type List = { readonly items: readonly Shown[]; readonly next: string | null };

/** Sends JSON as somebody, and reads the answer. */
export async function ask(
  person: Pick<RegisteredPerson, "fetch">,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
) {
  const init = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } };
  const response = await person.fetch(path, { method, headers, ...init });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: (text === "" ? null : JSON.parse(text)) as Shown & List };
}

/** What a problem says is wrong, as `/pointer code`. */
export const codesOf = ({ body }: { body: unknown }) =>
  (body as { errors: { pointer: string; code: string }[] }).errors.map(({ pointer, code }) => `${pointer} ${code}`);
