import type { RegionalKeys } from "../crypto/keys";
import type { ClientId, PersonId } from "../id";
import type { AppContext } from "./app-env";
import { openCursor, sealCursor } from "./cursor";

const JSON_TYPE = { "content-type": "application/json; charset=UTF-8" };

/** Answers with JSON text as the vault made it. */
export function json(c: AppContext, text: string): Response {
  return c.body(text, 200, JSON_TYPE);
}

/** Answers with one thing that has editions, as the vault's JSON text: its edition is the entity tag. */
export function one(c: AppContext, text: string, created?: string): Response {
  const { id, edition } = JSON.parse(text) as { id: string; edition: number };
  c.header("etag", `"${edition}"`);
  if (created !== undefined) c.header("location", `${created}/${id}`);
  return c.body(text, created === undefined ? 200 : 201, JSON_TYPE);
}

/** Whose list is read by whom, and which it is. */
export interface TextList {
  readonly reader: PersonId | ClientId;
  readonly owner: PersonId;
  readonly name: string;
  /** Of the reader's region: they seal the cursors. */
  readonly keys: RegionalKeys;
}

/** One page of a list as JSON text. A cursor is good for the same reader, owner, list and filters alone. */
export async function listed<Q extends { readonly limit: number }, Mark>(
  { reader, owner, name, keys }: TextList,
  { cursor, ...query }: Q & { readonly cursor?: string | undefined },
  read: (query: Omit<Q, "cursor"> & { readonly after: Mark | undefined }) => Promise<{ items: string; next: Mark | null }>,
): Promise<string> {
  const { limit: _limit, ...filters } = query;
  const scope = `${owner} ${name} ${JSON.stringify(filters)}`;
  const after = cursor === undefined ? undefined : await openCursor<Mark>(keys, reader, scope, cursor);
  const { items, next } = await read({ ...query, after });
  return `{"items":${items},"next":${next === null ? "null" : JSON.stringify(await sealCursor(keys, reader, scope, next))}}`;
}
