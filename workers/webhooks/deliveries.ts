import * as z from "zod";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import { parseId } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import { findEndpoint } from "./manage-endpoints";
import type { Owner } from "./owner";
import type { WebhookPorts } from "./ports";
import { type DeliveryPointer, queueDeliveries } from "./route-events";
import { webhookIn } from "./endpoint-rows";
import type { DeliveryQuery, Replayed, ReplayRange, WebhookDeliveryView } from "./schemas";

/** Deliveries that one call lets wait again. */
const MOST_REPLAYED = 1_000;

interface Row {
  readonly event_id: string;
  readonly person_id: string | null;
  readonly ordered_at: number;
  readonly state: WebhookDeliveryView["state"];
  readonly attempts: number;
  readonly due_at: number;
  readonly reason: string | null;
  readonly log: string;
  readonly created_at: number;
  readonly updated_at: number;
}

const logSchema = z.array(
  z.object({ at: z.number(), status: z.number().nullable(), durationMs: z.number(), reason: z.string().nullable() }),
);

/** A page of an endpoint's deliveries, newest first. */
export const SELECT_DELIVERIES = `select event_id, person_id, ordered_at, state, attempts, due_at, reason, log, created_at, updated_at
  from webhook_deliveries where endpoint_id = ?1 and ordered_at < ?2 and (?3 is null or state = ?3) order by ordered_at desc limit ?4`;

/** What an endpoint got or is to get, newest first. Problems `not_found`, and `invalid` for a foreign cursor. */
export async function listDeliveries(
  ports: WebhookPorts,
  owner: Owner,
  id: string,
  { state, limit, cursor }: DeliveryQuery,
): Promise<{ items: WebhookDeliveryView[]; next: string | null }> {
  const endpoint = await findEndpoint(ports, owner, id);
  const { records, keys } = ports.stores(owner.region);
  const scope = `webhook deliveries ${endpoint.id} ${state ?? ""}`;
  const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : await openCursor<number>(keys, owner.actor.person, scope, cursor);
  const { results } = await records
    .prepare(SELECT_DELIVERIES)
    .bind(endpoint.id, before, state ?? null, limit + 1)
    .all<Row>();
  const page = results.slice(0, limit);
  const last = page.at(-1);
  const next = results.length > limit && last !== undefined ? await sealCursor(keys, owner.actor.person, scope, last.ordered_at) : null;
  return { items: page.map(viewOf), next };
}

/** Sends one event again, under the same id. Problems `not_found`, `conflict` for a test and for an endpoint that is switched off. */
export async function replayDelivery(ports: WebhookPorts, owner: Owner, id: string, eventId: string): Promise<WebhookDeliveryView> {
  const endpoint = await findEndpoint(ports, owner, id);
  requireEnabled(endpoint.state);
  const { records } = ports.stores(owner.region);
  const event = parseId("event", eventId);
  const now = ports.now();
  const [found, replayed] = await records.batch<Row>([
    records.prepare("select * from webhook_deliveries where endpoint_id = ? and event_id = ?").bind(endpoint.id, event ?? ""),
    records
      .prepare(`update webhook_deliveries set ${WAITING} where endpoint_id = ?1 and event_id = ?3 and person_id is not null returning *`)
      .bind(endpoint.id, now, event ?? ""),
  ]);
  if (found?.results[0] === undefined) throw notFound("delivery");
  const row = replayed?.results[0];
  if (row === undefined) throw problem("conflict", "A test is not sent again: make another one.");
  await queueDeliveries(ports, pointersOf(endpoint.id, [row]));
  return viewOf(row);
}

/** Sends again what happened within a range, oldest first, under the same ids. Problems `not_found`, `conflict`. */
export async function replayRange(ports: WebhookPorts, owner: Owner, id: string, { from, to, state }: ReplayRange): Promise<Replayed> {
  const endpoint = await findEndpoint(ports, owner, id);
  requireEnabled(endpoint.state);
  const { records } = ports.stores(owner.region);
  const { results } = await records
    .prepare(
      `update webhook_deliveries set ${WAITING} where endpoint_id = ?1 and event_id in (
         select event_id from webhook_deliveries where endpoint_id = ?1 and ordered_at >= ?3 and ordered_at < ?4 and person_id is not null
         and state <> 'waiting' and (?5 = 'all' or state = ?5) order by ordered_at limit ${MOST_REPLAYED}) returning *`,
    )
    .bind(endpoint.id, ports.now(), from, to, state)
    .all<Row>();
  await queueDeliveries(ports, pointersOf(endpoint.id, results));
  return { deliveries: results.length, isMore: results.length === MOST_REPLAYED };
}

/** As it was when it was new; `?2` is now. One that somebody is at is not taken away from them. */
const WAITING = "state = 'waiting', attempts = 0, due_at = ?2, reason = null, updated_at = ?2";

function requireEnabled(state: "enabled" | "disabled"): void {
  if (state === "disabled") throw problem("conflict", "The webhook is switched off: enable it first.");
}

function pointersOf(endpoint: string, rows: readonly Row[]): DeliveryPointer[] {
  return rows.flatMap((row) => {
    const event = parseId("event", row.event_id);
    const person = parseId("person", row.person_id ?? "");
    return event === undefined || person === undefined ? [] : [{ kind: "webhook-delivery", webhook: webhookIn(endpoint), event, person }];
  });
}

function viewOf(row: Row): WebhookDeliveryView {
  return {
    event: row.event_id,
    person: row.person_id,
    orderedAt: iso(row.ordered_at),
    state: row.state,
    attempts: row.attempts,
    nextAt: row.state === "waiting" ? iso(row.due_at) : null,
    reason: row.reason,
    log: logSchema.parse(JSON.parse(row.log)).map((line) => ({ ...line, at: iso(line.at) })),
    createdAt: iso(row.created_at),
    updatedAt: iso(row.updated_at),
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
