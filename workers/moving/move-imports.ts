import { inRegion } from "../../shared/erasure/moved-ids";
import { parseId, regionOf } from "../../shared/id";
import type { MoveJob } from "./job";
import type { MovePorts } from "./ports";

const AT_ONCE = 100;

/**
 * Lets the imports follow their person, so that what they brought can be taken back in the new region: the vault has the marks, and each
 * object hands its books to the one of the new id. Nothing is under way then; what never got a file stays behind.
 */
export async function moveImports(ports: MovePorts, { from, to, home }: MoveJob): Promise<void> {
  const region = regionOf(to);
  const old = ports.stores(home).records;
  const { records } = ports.stores(region);
  for (let after = ""; ;) {
    const { results } = await old
      .prepare("select id, created_at from imports where person_id = ? and id > ? order by id limit ?")
      .bind(from, after, AT_ONCE)
      .all<{ id: string; created_at: number }>();
    for (const { id: text, created_at } of results) {
      const id = parseId("import", text);
      if (id === undefined || !(await ports.ended(id).follow(from, inRegion(id, region), to))) continue;
      await records
        .prepare("insert into imports (id, person_id, created_at) values (?, ?, ?) on conflict do nothing")
        .bind(inRegion(text, region), to, created_at)
        .run();
    }
    after = results.at(-1)?.id ?? after;
    if (results.length < AT_ONCE) return;
  }
}
