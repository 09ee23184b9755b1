import { MINUTE_MS, SECOND_MS } from "../../shared/clock";
import type { SendOutcome } from "../../durable-objects/vault/webhooks/webhooks";
import { regionOf } from "../../shared/id";
import type { Sent } from "../../shared/webhooks/client";
import { FAILING_MS, judgeAttempt } from "../../shared/webhooks/schedule";
import { judgedGrantee } from "../consents";
import { type EndpointRow, ownerOf, SELECT_ENDPOINT, secretsOf, subscriberOf } from "./endpoint-rows";
import { sendNotice } from "./notify";
import type { WebhookPorts } from "./ports";
import type { DeliveryPointer } from "./route-events";

/** One who began and never ended has lost power: after this another may begin. */
const LEASE_MS = MINUTE_MS;
/** A message may come a little before its time by another clock. */
const EARLY_MS = SECOND_MS;
/** When something of ours did not answer. */
const AGAIN_MS = 30 * SECOND_MS;
const ATTEMPTS_KEPT = 20;
const LONGEST_DELAY_S = 43_200;
/** How often a success is noted at the endpoint. */
const NOTED_MS = MINUTE_MS;

interface Claim {
  readonly attempts: number;
  readonly ordered_at: number;
}

/**
 * Tries one delivery that is due. Of many that are told to, one does it: the row is leased. Whatever ends it in between, the clock finds
 * the row again; a message that was sent and not noted is sent again under the same id.
 */
export async function deliver(ports: WebhookPorts, pointer: DeliveryPointer): Promise<void> {
  const { records } = ports.stores(regionOf(pointer.webhook));
  const now = ports.now();
  const [claimed, found, alive] = await records.batch<Claim | EndpointRow>([
    records
      .prepare(
        `update webhook_deliveries set lease_until = ?3 + ${LEASE_MS}, attempts = attempts + 1, updated_at = ?3
         where endpoint_id = ?1 and event_id = ?2 and person_id = ?4 and state = 'waiting' and due_at <= ?3 + ${EARLY_MS} and lease_until <= ?3
         returning attempts, ordered_at`,
      )
      .bind(pointer.webhook, pointer.event, now, pointer.person),
    records.prepare(`${SELECT_ENDPOINT} where id = ?2`).bind(now, pointer.webhook),
    records.prepare(SESSION_OF).bind(now, pointer.webhook),
  ]);
  const claim = claimed?.results[0] as Claim | undefined;
  const endpoint = found?.results[0] as EndpointRow | undefined;
  if (claim === undefined || endpoint === undefined) return;
  if (endpoint.state === "disabled") return await end(records, pointer, "failed", "endpoint_disabled", undefined, ports.now());
  let outcome: SendOutcome;
  try {
    outcome = await send(ports, pointer, endpoint, claim, endpoint.session_id !== null && alive?.results.length === 0);
  } catch {
    outcome = { kind: "later", afterMs: AGAIN_MS };
  }
  await settle(ports, pointer, endpoint, claim, outcome);
}

/** Whether the session lives in which an app made the Subscription of an endpoint. */
const SESSION_OF = `select 1 from webhook_endpoints join sessions on sessions.id = webhook_endpoints.session_id
  where webhook_endpoints.id = ?2 and sessions.revoked_at is null and sessions.idle_expiry > ?1 and sessions.absolute_expiry > ?1`;

async function send(
  ports: WebhookPorts,
  { event, person }: DeliveryPointer,
  endpoint: EndpointRow,
  claim: Claim,
  isSessionOver: boolean,
): Promise<SendOutcome> {
  const judged = await judgedGrantee((region) => ports.stores(region).records, ownerOf(endpoint).as, ports.now());
  return await ports.vault(person).sendWebhook({
    event,
    subscriber: subscriberOf(endpoint, judged),
    url: endpoint.url,
    secrets: secretsOf(endpoint).map(({ id, sealed }) => ({ id, sealed })),
    content: endpoint.content,
    orderedAt: claim.ordered_at,
    isSessionOver,
  });
}

async function settle(
  ports: WebhookPorts,
  pointer: DeliveryPointer,
  endpoint: EndpointRow,
  { attempts }: Claim,
  outcome: SendOutcome,
): Promise<void> {
  const { records } = ports.stores(regionOf(pointer.webhook));
  const now = ports.now();
  if (outcome.kind === "dropped") return await end(records, pointer, "dropped", outcome.reason, undefined, now);
  if (outcome.kind === "later") {
    await again(ports, pointer, now + outcome.afterMs, null, undefined, true);
    return;
  }
  const verdict = judgeAttempt(outcome, attempts, ports.random);
  switch (verdict.kind) {
    case "delivered":
      await records.batch([
        ended(records, pointer, "delivered", null, attemptLine(now, outcome, null), now),
        records
          .prepare(
            `update webhook_endpoints set failing_since = null, last_success_at = ?2
             where id = ?1 and (failing_since is not null or last_success_at is null or last_success_at < ?3)`,
          )
          .bind(endpoint.id, now, now - NOTED_MS),
      ]);
      return;
    case "gone":
      await records.batch([
        ended(records, pointer, "failed", "gone", attemptLine(now, outcome, "gone"), now),
        records
          .prepare(
            `update webhook_endpoints set state = 'disabled', disabled_reason = 'gone', last_failure = 'http_410', notice_at = ?2, updated_at = ?2
             where id = ?1 and state = 'enabled'`,
          )
          .bind(endpoint.id, now),
      ]);
      break;
    case "failed":
      await end(records, pointer, "failed", verdict.reason, attemptLine(now, outcome, verdict.reason), now);
      await noteFailure(records, endpoint.id, verdict.reason, now);
      break;
    case "retry":
      await again(ports, pointer, now + verdict.afterMs, verdict.reason, attemptLine(now, outcome, verdict.reason), false);
      await noteFailure(records, endpoint.id, verdict.reason, now);
      break;
  }
  await sendNotice(ports, endpoint.id);
}

/** Notes since when the endpoint has taken nothing, and switches it off after five days. */
async function noteFailure(records: D1Database, endpoint: string, reason: string, now: number): Promise<void> {
  await records.batch([
    records
      .prepare("update webhook_endpoints set failing_since = coalesce(failing_since, ?2), last_failure = ?3 where id = ?1")
      .bind(endpoint, now, reason),
    records
      .prepare(
        `update webhook_endpoints set state = 'disabled', disabled_reason = 'failing', notice_at = ?2, updated_at = ?2
         where id = ?1 and state = 'enabled' and failing_since <= ?3`,
      )
      .bind(endpoint, now, now - FAILING_MS),
  ]);
}

/** Lets the delivery wait, durably, and asks the queue to come back to it; what the queue loses, the clock finds. */
async function again(
  ports: WebhookPorts,
  pointer: DeliveryPointer,
  dueAt: number,
  reason: string | null,
  line: string | undefined,
  isUncounted: boolean,
): Promise<void> {
  const now = ports.now();
  await ports
    .stores(regionOf(pointer.webhook))
    .records.prepare(
      `update webhook_deliveries set due_at = ?3, lease_until = 0, reason = ?4, attempts = attempts - ?5, log = ${APPENDED}, updated_at = ?7
       where endpoint_id = ?1 and event_id = ?2 and state = 'waiting'`,
    )
    .bind(pointer.webhook, pointer.event, Math.ceil(dueAt), reason, isUncounted ? 1 : 0, line ?? null, now)
    .run();
  const delaySeconds = Math.min(Math.ceil((dueAt - now) / SECOND_MS), LONGEST_DELAY_S);
  await ports.stores(regionOf(pointer.person)).queue.send(pointer, { delaySeconds });
}

async function end(
  records: D1Database,
  pointer: DeliveryPointer,
  state: "delivered" | "failed" | "dropped",
  reason: string | null,
  line: string | undefined,
  now: number,
): Promise<void> {
  await ended(records, pointer, state, reason, line, now).run();
}

function ended(
  records: D1Database,
  { webhook, event }: DeliveryPointer,
  state: "delivered" | "failed" | "dropped",
  reason: string | null,
  line: string | undefined,
  now: number,
): D1PreparedStatement {
  return records
    .prepare(
      `update webhook_deliveries set state = ?3, reason = ?4, lease_until = 0, log = ${APPENDED}, updated_at = ?5
       where endpoint_id = ?1 and event_id = ?2 and state = 'waiting'`,
    )
    .bind(webhook, event, state, reason, now, line ?? null);
}

/** The log with one more line, `?6`, and without the oldest where it grows long. */
const APPENDED = `iif(?6 is null, log, json_insert(iif(json_array_length(log) < ${ATTEMPTS_KEPT}, log, json_remove(log, '$[0]')), '$[#]', json(?6)))`;

/** One attempt as it is kept: no word of the answer. */
export function attemptLine(at: number, { status, durationMs }: Sent, reason: string | null): string {
  return JSON.stringify({ at: Math.floor(at), status: status ?? null, durationMs: Math.round(durationMs), reason });
}
