import { openCursor, sealCursor } from "../../shared/http/cursor";
import type { PageQuery } from "../../shared/http/page";
import type { SocialPorts } from "./ports";

export interface Page<T> {
  items: T[];
  next: string | null;
}

/**
 * One page of a list that the database sorts. `fetch` reads so many rows after a place (undefined at the beginning); the cursor keeps the place of the
 * last row, so that rows that come and go make nobody miss or see another twice.
 */
export async function paged<Row, Place>(
  { keys, actor }: SocialPorts,
  scope: string,
  { limit, cursor }: PageQuery,
  fetch: (after: Place | undefined, limit: number) => Promise<readonly Row[]>,
  placeOf: (row: Row) => Place,
): Promise<Page<Row>> {
  const after = cursor === undefined ? undefined : await openCursor<Place>(keys, actor.person, scope, cursor);
  const rows = await fetch(after, limit + 1);
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const next = rows.length > limit && last !== undefined ? await sealCursor(keys, actor.person, scope, placeOf(last)) : null;
  return { items, next };
}
