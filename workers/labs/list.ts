import type { LabPosition, LabQuery, ReportQuery } from "../../durable-objects/vault/labs/labs";
import { idOf } from "../../shared/context";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import type { LabPorts } from "./ports";

type Paged<Q> = Omit<Q, "after"> & { readonly cursor?: string | undefined };

/** One page of results as JSON text. A cursor is good for the same person's results and filters alone. */
export async function listResults(ports: LabPorts, query: Paged<LabQuery>): Promise<string> {
  return await listed(ports, "lab-results", query, async (asked) => await ports.vault.labResults(ports.actor, asked));
}

/** One page of reports as JSON text. */
export async function listReports(ports: LabPorts, query: Paged<ReportQuery>): Promise<string> {
  return await listed(ports, "lab-reports", query, async (asked) => await ports.vault.labReports(ports.actor, asked));
}

async function listed<Q extends object>(
  { actor, owner, keys }: LabPorts,
  name: string,
  { cursor, ...query }: Q & { readonly cursor?: string | undefined; readonly limit: number },
  read: (
    query: Omit<Q & { limit: number }, "cursor"> & { readonly after?: LabPosition | undefined },
  ) => Promise<{ items: string; next: LabPosition | null }>,
): Promise<string> {
  const { limit: _limit, ...filters } = query;
  const scope = `${owner} ${name} ${JSON.stringify(filters)}`;
  const after = cursor === undefined ? undefined : await openCursor<LabPosition>(keys, idOf(actor), scope, cursor);
  const { items, next } = await read({ ...query, after });
  return `{"items":${items},"next":${next === null ? "null" : JSON.stringify(await sealCursor(keys, idOf(actor), scope, next))}}`;
}
