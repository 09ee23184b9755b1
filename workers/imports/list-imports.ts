import { openCursor, sealCursor } from "../../shared/http/cursor";
import { parseId } from "../../shared/id";
import { type PublicImport, publicImport } from "../../shared/imports/status";
import type { ImportPorts } from "./ports";

const SCOPE = "imports";

/** A page of one's own imports, newest first. Their state is asked of the imports themselves. */
export async function listImports(
  ports: ImportPorts,
  page: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<{ items: PublicImport[]; next: string | null }> {
  await ports.admit("read");
  const { actor, keys, records } = ports;
  const before = page.cursor === undefined ? undefined : await openCursor<string>(keys, actor.person, SCOPE, page.cursor);
  const { results } = await records
    .prepare("select id from imports where person_id = ?1 and (?2 is null or id < ?2) order by id desc limit ?3")
    .bind(actor.person, before ?? null, page.limit + 1)
    .all<{ id: string }>();
  const ids = results
    .slice(0, page.limit)
    .map((row) => parseId("import", row.id))
    .filter((id) => id !== undefined);
  const items = await Promise.all(ids.map(async (id) => publicImport(await ports.importer(id).status(actor.person))));
  const last = ids.at(-1);
  const next = results.length > page.limit && last !== undefined ? await sealCursor(keys, actor.person, SCOPE, last) : null;
  return { items, next };
}
