import { z } from "zod";
import type { SeriesPosition } from "../../durable-objects/vault/answers";
import { DAY_MS } from "../../shared/clock";
import { metric as metricOf } from "../../shared/health/catalogue";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import { problem } from "../../shared/problem";
import type { OwnPorts } from "./ports";

export interface ReadObservations {
  readonly type?: string | undefined;
  /** Epoch milliseconds. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Where a page ended. The range is kept, so that pages without one do not move with time. */
interface Place {
  readonly from: number;
  readonly to: number;
  readonly metric: string;
  readonly after: SeriesPosition | null;
}

const DEFAULT_SPAN_MS = 30 * DAY_MS;

const itemSchema = z.array(z.looseObject({}));

/**
 * A page of readings whatever vendor they come from, metric by metric in the order of their keys and each in the order of time. Without
 * a range, the last 30 days. Problems: `unknown_metric`, `invalid`, `session_ended`.
 */
export async function readObservations({ vault, actor, keys }: OwnPorts, input: ReadObservations, now: number) {
  if (input.type !== undefined && metricOf(input.type) === undefined) throw problem("unknown_metric");
  const scope = `observations ${input.type ?? ""} ${input.from ?? ""} ${input.to ?? ""}`;
  const place = input.cursor === undefined ? undefined : await openCursor<Place>(keys, actor.person, scope, input.cursor);
  const to = place?.to ?? input.to ?? now + 1;
  const from = place?.from ?? input.from ?? to - DEFAULT_SPAN_MS;
  const there = input.type === undefined ? (await vault.metrics(actor)).map(({ key }) => key) : [input.type];
  const metrics = there.filter((key) => place === undefined || key >= place.metric);

  const items: object[] = [];
  let next: Place | undefined;
  for (const [i, key] of metrics.entries()) {
    const after = key === place?.metric ? (place.after ?? undefined) : undefined;
    const page = await vault.series(actor, { key, from, to, resolution: "raw", choice: "all", limit: input.limit - items.length, after });
    for (const item of itemSchema.parse(JSON.parse(page.items))) items.push({ metric: key, unit: page.unit, ...item });
    const following = metrics[i + 1];
    if (page.next !== null) next = { from, to, metric: key, after: page.next };
    else if (items.length >= input.limit && following !== undefined) next = { from, to, metric: following, after: null };
    if (next !== undefined) break;
  }
  return { items, next: next === undefined ? null : await sealCursor(keys, actor.person, scope, next) };
}
