import type { ObservationsPosition } from "../../durable-objects/vault/observations";
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
  readonly after: ObservationsPosition;
}

const DEFAULT_SPAN_MS = 30 * DAY_MS;

/**
 * A page of readings as JSON text, whatever vendor they come from, metric by metric in the order of their keys and each in the order of time. Without
 * a range, the last 30 days. Problems: `unknown_metric`, `invalid`, `session_ended`.
 */
export async function readObservations({ vault, actor, keys }: OwnPorts, input: ReadObservations, now: number): Promise<string> {
  if (input.type !== undefined && metricOf(input.type) === undefined) throw problem("unknown_metric");
  const scope = `observations ${input.type ?? ""} ${input.from ?? ""} ${input.to ?? ""}`;
  const place = input.cursor === undefined ? undefined : await openCursor<Place>(keys, actor.person, scope, input.cursor);
  const to = place?.to ?? input.to ?? now + 1;
  const from = place?.from ?? input.from ?? to - DEFAULT_SPAN_MS;
  const page = await vault.observations(actor, { key: input.type, from, to, limit: input.limit, after: place?.after });
  const next = page.next === null ? null : await sealCursor(keys, actor.person, scope, { from, to, after: page.next } satisfies Place);
  return `{"items":${page.items},"next":${JSON.stringify(next)}}`;
}
