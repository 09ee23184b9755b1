import { type PublicExport, publicExport } from "../../shared/exports/status";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import { parseId } from "../../shared/id";
import { isProblem } from "../../shared/problem";
import type { ExportPorts } from "./ports";

const SCOPE = "exports";

/** A page of one's own exports, newest first. Their state is asked of the exports themselves; one that never began is passed over. */
export async function listExports(
  ports: ExportPorts,
  page: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<{ items: PublicExport[]; next: string | null }> {
  await ports.admit("read");
  const { actor, keys, records } = ports;
  const before = page.cursor === undefined ? undefined : await openCursor<string>(keys, actor.person, SCOPE, page.cursor);
  const { results } = await records
    .prepare("select id from exports where person_id = ?1 and (?2 is null or id < ?2) order by id desc limit ?3")
    .bind(actor.person, before ?? null, page.limit + 1)
    .all<{ id: string }>();
  const ids = results.slice(0, page.limit).flatMap((row) => parseId("export", row.id) ?? []);
  const items = await Promise.all(ids.map(async (id) => await statusOf(ports, id)));
  const last = ids.at(-1);
  const next = results.length > page.limit && last !== undefined ? await sealCursor(keys, actor.person, SCOPE, last) : null;
  return { items: items.filter((item) => item !== undefined), next };
}

async function statusOf(ports: ExportPorts, id: Parameters<ExportPorts["exporter"]>[0]): Promise<PublicExport | undefined> {
  try {
    return publicExport(await ports.exporter(id).status(ports.actor.person));
  } catch (error) {
    if (isProblem(error) && error.code === "not_found") return undefined;
    throw error;
  }
}
