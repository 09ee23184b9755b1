import { idOf } from "../../shared/context";
import { type PageQuery, pageOf } from "../../shared/http/page";
import { listOf, type ReadPorts } from "./ports";

/** One page of what there is, in order of the metrics' keys. */
export async function listMetrics(ports: ReadPorts, query: PageQuery) {
  const items = await ports.vault.metrics(ports.actor);
  return await pageOf(ports.keys, idOf(ports.actor), { name: listOf(ports, "metrics"), items, place: ({ key }) => key }, query);
}
