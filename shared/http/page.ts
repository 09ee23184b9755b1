import * as z from "zod";
import type { RegionalKeys } from "../crypto/keys";
import type { ClientId, PersonId } from "../id";
import { openCursor, sealCursor } from "./cursor";

/** `?limit=&cursor=` of every list. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(2_048).optional().describe("`next` of the page before"),
});
export type PageQuery = z.output<typeof pageQuery>;

export interface Page<T> {
  items: T[];
  next: string | null;
}

/** Who reads a list, and the keys that seal their cursors. */
export interface ListReader {
  readonly keys: RegionalKeys;
  readonly actor: { readonly person: PersonId };
}

/**
 * One page of a list that the database sorts. `fetch` reads so many rows after a place (undefined at the beginning); the cursor keeps the place of the
 * last row, so that rows that come and go make nobody miss or see another twice. Problem `invalid` for a cursor of another list or reader.
 */
export async function paged<Row, Place>(
  { keys, actor }: ListReader,
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

/** A list that is short enough to be read whole and shown in pages. */
export interface WholeList<T> {
  /** Names the list, so that a cursor of another list is refused. */
  readonly name: string;
  /** In rising order of their place, or falling where `newestFirst`. */
  readonly items: readonly T[];
  /** Where an item stands: unique, and the same for as long as the item exists. */
  readonly place: (item: T) => string | number;
  readonly newestFirst?: boolean;
}

/**
 * One page of a list. The cursor keeps the place of the last item and not its index, so that items which come and go between two
 * pages make nobody miss or see another twice. Problem `invalid` for a cursor of another list or reader.
 */
export async function pageOf<T>(keys: RegionalKeys, reader: PersonId | ClientId, list: WholeList<T>, query: PageQuery): Promise<Page<T>> {
  const after = query.cursor === undefined ? undefined : await openCursor<string | number>(keys, reader, list.name, query.cursor);
  const rest = after === undefined ? list.items : list.items.filter((item) => isPast(list.place(item), after, list.newestFirst === true));
  const items = rest.slice(0, query.limit);
  const last = items.at(-1);
  const next = last === undefined || items.length === rest.length ? null : await sealCursor(keys, reader, list.name, list.place(last));
  return { items, next };
}

function isPast(place: string | number, after: string | number, newestFirst: boolean): boolean {
  return newestFirst ? place < after : place > after;
}
