import type * as z from "zod";
import type { GapKey } from "../../durable-objects/vault/gaps/gap-rows";
import { METRIC_CODE } from "../../shared/health/catalogue";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import { notFound } from "../../shared/problem";
import { type gapListSchema, type gapsQuery, gapView } from "./gap-schemas";
import { listOf, type OwnPorts } from "./ports";

/** Dates far before and after every reading. */
const [FIRST, LAST] = [-30_000, 3_000_000];

/** One page of gaps, newest dates first. Problem `not_found` for a metric that the catalogue lacks. */
export async function listGaps(ports: OwnPorts, query: z.output<typeof gapsQuery>): Promise<z.output<typeof gapListSchema>> {
  const { vault, actor, keys } = ports;
  const { from = FIRST, to = LAST, state, limit } = query;
  const metric = query.metric === undefined ? undefined : METRIC_CODE.get(query.metric);
  if (query.metric !== undefined && metric === undefined) throw notFound("metric");
  const scope = listOf(ports, `gaps ${from} ${to} ${metric ?? ""} ${query.class ?? ""} ${state ?? ""}`);
  const after = query.cursor === undefined ? undefined : await openCursor<GapKey>(keys, actor.person, scope, query.cursor);
  const found = await vault.gaps(actor, { from, to, metric, class: query.class, state, after, limit: limit + 1 });
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const next =
    found.length > limit && last !== undefined
      ? await sealCursor(keys, actor.person, scope, { date: last.date, metric: last.metric, source: last.source } satisfies GapKey)
      : null;
  return { items: page.map(gapView), next };
}
