import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../shared/clock";
import { newId, parseId, type PersonId } from "../../shared/id";
import { type FieldError, notFound, problem } from "../../shared/problem";
import { sendWebhook } from "../../shared/webhooks/client";
import { checkEndpointUrl } from "../../shared/webhooks/endpoint-url";
import { TEST_EVENT } from "../../shared/webhooks/events";
import { judgeAttempt } from "../../shared/webhooks/schedule";
import { openSecret, sealSecret } from "../../shared/webhooks/secret-box";
import { newWebhookSecret } from "../../shared/webhooks/signing";
import { type EndpointRow, filterOf, peopleOf, SELECT_ENDPOINT, secretsOf } from "./endpoint-rows";
import { attemptLine } from "./deliver";
import type { Owner } from "./owner";
import type { WebhookPorts } from "./ports";
import type { CreatedWebhook, NewWebhook, Rotated, Tested, WebhookChange, WebhookView } from "./schemas";

/** More is a mistake or a flood. */
const MOST = { person_id: 10, organisation_id: 20 } as const;
/** Of one endpoint within a minute. */
const MOST_TESTS = 10;

/** The endpoints of an owner, oldest first. */
export async function listEndpoints(ports: WebhookPorts, owner: Owner): Promise<WebhookView[]> {
  const { results } = await ports
    .stores(owner.region)
    .records.prepare(`${SELECT_ENDPOINT} where ${owner.column} = ?2 and subscription is null order by id`)
    .bind(ports.now(), owner.id)
    .all<EndpointRow>();
  return results.map(viewOf);
}

/** One endpoint; problem `not_found`. */
export async function readEndpoint(ports: WebhookPorts, owner: Owner, id: string): Promise<WebhookView> {
  return viewOf(await findEndpoint(ports, owner, id));
}

/** The row of an endpoint of this owner; problem `not_found`. */
export async function findEndpoint(ports: WebhookPorts, owner: Owner, id: string): Promise<EndpointRow> {
  const row = await ports
    .stores(owner.region)
    .records.prepare(`${SELECT_ENDPOINT} where id = ?2 and ${owner.column} = ?3 and subscription is null`)
    .bind(ports.now(), parseId("webhook", id) ?? "", owner.id)
    .first<EndpointRow>();
  if (row === null) throw notFound("webhook");
  return row;
}

/** Makes an endpoint and shows its secret once. Problems `invalid` for its URL or client, `conflict` past the limit. */
export async function createEndpoint(ports: WebhookPorts, owner: Owner, input: NewWebhook): Promise<CreatedWebhook> {
  checkEndpointUrl(input.url, ports.localHosts);
  const { records, keys } = ports.stores(owner.region);
  const now = ports.now();
  const id = newId("webhook", owner.region, now, ports.random);
  const secret = newWebhookSecret(ports.random);
  const secretId = newId("webhookSecret", owner.region, now, ports.random);
  const sealed = await sealSecret(keys, secretId, secret, ports.random);
  const client = await clientOf(ports, owner, input.client);
  // What happens before its vault knows is not noted, so the vault is told first.
  if (owner.column === "person_id") await ports.vault(owner.actor.person).watchWebhooks(owner.actor);
  const [written] = await records.batch([
    records
      .prepare(
        `insert into webhook_endpoints (id, ${owner.column}, client_id, url, description, events, categories, metrics, is_narrowed, content, assurance,
           state, disabled_reason, created_at, updated_at)
         select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?14
         where (select count(*) from webhook_endpoints where ${owner.column} = ?2 and subscription is null) < ${MOST[owner.column]}`,
      )
      .bind(
        id,
        owner.id,
        client,
        input.url,
        input.description,
        json(input.events),
        json(input.categories),
        json(input.metrics),
        input.people === null ? 0 : 1,
        input.content,
        owner.assurance,
        input.state,
        input.state === "disabled" ? "by_hand" : null,
        now,
      ),
    records
      .prepare(
        `insert into webhook_secrets (id, endpoint_id, sealed, key_version, created_at)
         select ?2, id, ?3, ?4, ?5 from webhook_endpoints where id = ?1`,
      )
      .bind(id, secretId, sealed.sealed, sealed.version, now),
    setPeople(records, id, input.people),
  ]);
  if (written?.meta.changes !== 1) throw problem("conflict", `There can be ${MOST[owner.column]} webhooks.`);
  return { ...(await readEndpoint(ports, owner, id)), secret };
}

/**
 * Changes an endpoint; what is not named stays. One that is enabled again begins without the failures it had. Problems `not_found`, `invalid`.
 */
export async function changeEndpoint(ports: WebhookPorts, owner: Owner, id: string, change: WebhookChange): Promise<WebhookView> {
  if (change.url !== undefined) checkEndpointUrl(change.url, ports.localHosts);
  const row = await findEndpoint(ports, owner, id);
  const { records } = ports.stores(owner.region);
  const keep = <T>(given: T | undefined, before: T): T => (given === undefined ? before : given);
  const state = change.state ?? row.state;
  const isSwitched = state !== row.state;
  await records.batch([
    records
      .prepare(
        `update webhook_endpoints set url = ?2, description = ?3, events = ?4, categories = ?5, metrics = ?6, is_narrowed = ?7, content = ?8,
           state = ?9, disabled_reason = ?10, failing_since = iif(?11, null, failing_since), notice_at = iif(?11, null, notice_at),
           assurance = ?12, updated_at = ?13 where id = ?1`,
      )
      .bind(
        row.id,
        change.url ?? row.url,
        change.description ?? row.description,
        keep(change.events === undefined ? undefined : json(change.events), row.events),
        keep(change.categories === undefined ? undefined : json(change.categories), row.categories),
        keep(change.metrics === undefined ? undefined : json(change.metrics), row.metrics),
        change.people === undefined ? row.is_narrowed : change.people === null ? 0 : 1,
        change.content ?? row.content,
        state,
        state === "enabled" ? null : isSwitched ? "by_hand" : row.disabled_reason,
        isSwitched ? 1 : 0,
        change.url === undefined ? row.assurance : owner.assurance,
        ports.now(),
      ),
    ...(change.people === undefined
      ? []
      : [records.prepare("delete from webhook_people where endpoint_id = ?").bind(row.id), setPeople(records, row.id, change.people)]),
  ]);
  return await readEndpoint(ports, owner, row.id);
}

/** Forgets an endpoint with its secrets and everything about its deliveries. Problem `not_found`. */
export async function removeEndpoint(ports: WebhookPorts, owner: Owner, id: string): Promise<void> {
  const row = await findEndpoint(ports, owner, id);
  await ports.stores(owner.region).records.prepare("delete from webhook_endpoints where id = ?").bind(row.id).run();
}

/**
 * Makes a new secret, shown once. The one before signs beside it until the overlap is over; one from before that ends at once. Problem
 * `not_found`.
 */
export async function rotateSecret(ports: WebhookPorts, owner: Owner, id: string, overlapHours: number): Promise<Rotated> {
  const row = await findEndpoint(ports, owner, id);
  const { records, keys } = ports.stores(owner.region);
  const now = ports.now();
  const secret = newWebhookSecret(ports.random);
  const secretId = newId("webhookSecret", owner.region, now, ports.random);
  const sealed = await sealSecret(keys, secretId, secret, ports.random);
  const ends = now + overlapHours * HOUR_MS;
  await records.batch([
    records.prepare("delete from webhook_secrets where endpoint_id = ?1 and (ends_at is not null or ?2 = 0)").bind(row.id, overlapHours),
    records.prepare("update webhook_secrets set ends_at = ? where endpoint_id = ?").bind(ends, row.id),
    records
      .prepare("insert into webhook_secrets (id, endpoint_id, sealed, key_version, created_at) values (?, ?, ?, ?, ?)")
      .bind(secretId, row.id, sealed.sealed, sealed.version, now),
    records.prepare("update webhook_endpoints set updated_at = ? where id = ?").bind(now, row.id),
  ]);
  return { id: secretId, secret, createdAt: iso(now), oldEndsAt: overlapHours === 0 ? null : iso(ends) };
}

/** Sends a message about nobody at once, to a disabled endpoint too, and says what came of it. Problems `not_found`, `rate_limited`. */
export async function testEndpoint(ports: WebhookPorts, owner: Owner, id: string): Promise<Tested> {
  const row = await findEndpoint(ports, owner, id);
  const { records, keys } = ports.stores(owner.region);
  const now = ports.now();
  const event = newId("event", owner.region, now, ports.random);
  const [, written] = await records.batch<{ ordered_at: number }>([
    records.prepare("update webhook_endpoints set last_order = max(last_order + 1, ?2) where id = ?1").bind(row.id, now),
    records
      .prepare(
        `insert into webhook_deliveries (endpoint_id, event_id, ordered_at, state, attempts, due_at, created_at, updated_at)
         select ?1, ?2, last_order, 'failed', 1, ?3, ?3, ?3 from webhook_endpoints where id = ?1 and (
           select count(*) from webhook_deliveries where endpoint_id = ?1 and ordered_at > ?4 and person_id is null) < ${MOST_TESTS}
         returning ordered_at`,
      )
      .bind(row.id, event, now, now - MINUTE_MS),
  ]);
  const ordered = written?.results[0]?.ordered_at;
  if (ordered === undefined) throw problem("rate_limited", "Too many tests. Wait a minute.", { retryAfter: 60 });
  const url = checkEndpointUrl(row.url, ports.localHosts).href;
  const secrets = (await Promise.all(secretsOf(row).map(async (one) => await openSecret(keys, one)))).filter((one) => one !== undefined);
  const body = JSON.stringify({ type: TEST_EVENT, timestamp: iso(now), orderedAt: iso(ordered), data: { webhook: row.id } });
  const sent = await sendWebhook(ports.fetch, ports.now, { url, secrets, id: event, body });
  const verdict = judgeAttempt(sent, 1, ports.random);
  const isDelivered = verdict.kind === "delivered";
  const reason = isDelivered ? null : verdict.kind === "gone" ? "gone" : verdict.reason;
  await records
    .prepare(
      "update webhook_deliveries set state = ?3, reason = ?4, log = json_array(json(?5)), updated_at = ?6 where endpoint_id = ?1 and event_id = ?2",
    )
    .bind(row.id, event, isDelivered ? "delivered" : "failed", reason, attemptLine(now, sent, reason), ports.now())
    .run();
  return { event, delivered: isDelivered, status: sent.status ?? null, reason, durationMs: sent.durationMs };
}

/** Deletes what is too old: deliveries after thirty days, secrets that have ended. Returns how many rows. */
export async function cleanWebhooks(records: D1Database, now: number): Promise<number> {
  const results = await records.batch([
    records.prepare("delete from webhook_deliveries where updated_at < ? and state <> 'waiting'").bind(now - 30 * DAY_MS),
    records.prepare("delete from webhook_secrets where ends_at <= ?").bind(now),
  ]);
  return results.reduce((sum, { meta }) => sum + meta.changes, 0);
}

/** A living client of the organisation, or null. Problem `invalid`. */
async function clientOf(ports: WebhookPorts, owner: Owner, client: string | null | undefined): Promise<string | null> {
  if (client === null || client === undefined) return null;
  const row = await ports
    .stores(owner.region)
    .records.prepare("select id from clients where id = ? and organisation_id = ? and revoked_at is null")
    .bind(parseId("client", client) ?? "", owner.id)
    .first<{ id: string }>();
  if (row !== null) return row.id;
  const error: FieldError = { pointer: "/client", code: "unknown_client", message: "The organisation has no such client." };
  throw problem("invalid", undefined, { errors: [error] });
}

function setPeople(records: D1Database, endpoint: string, people: readonly PersonId[] | null): D1PreparedStatement {
  return records
    .prepare(
      "insert into webhook_people (endpoint_id, person_id) select webhook_endpoints.id, value from webhook_endpoints, json_each(?2) where webhook_endpoints.id = ?1 on conflict do nothing",
    )
    .bind(endpoint, JSON.stringify(people ?? []));
}

function viewOf(row: EndpointRow): WebhookView {
  const { events, categories, metrics } = filterOf(row);
  return {
    id: row.id,
    url: row.url,
    description: row.description,
    events: events === null ? null : [...events],
    categories: categories === null ? null : [...categories],
    metrics: metrics === null ? null : [...metrics],
    people: row.is_narrowed === 1 ? [...(peopleOf(row) ?? [])] : null,
    content: row.content,
    client: row.client_id,
    state: row.state,
    disabledReason: row.disabled_reason,
    failingSince: row.failing_since === null ? null : iso(row.failing_since),
    lastSuccessAt: row.last_success_at === null ? null : iso(row.last_success_at),
    lastFailure: row.last_failure,
    secrets: secretsOf(row).map(({ id, createdAt, endsAt }) => ({
      id,
      createdAt: iso(createdAt),
      endsAt: endsAt === null ? null : iso(endsAt),
    })),
    createdAt: iso(row.created_at),
    updatedAt: iso(row.updated_at),
  };
}

function json(list: readonly string[] | null): string | null {
  return list === null ? null : JSON.stringify(list);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
