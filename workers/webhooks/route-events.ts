import type { EndpointNews, SubscriptionNews } from "../../durable-objects/vault/subscriptions/subscriptions";
import { type EventId, parseId, type PersonId, regionOf, type WebhookId } from "../../shared/id";
import type { Grantee } from "../../shared/policy/vocabulary";
import type { Region } from "../../shared/region";
import { judgedGrantee } from "../consents";
import { type EndpointRow, ownerOf, SELECT_ENDPOINT, subscriberOf } from "./endpoint-rows";
import type { WebhookPorts } from "./ports";

/** What a queue message says: which event is to be sent to which endpoint. */
export interface DeliveryPointer {
  readonly kind: "webhook-delivery";
  readonly webhook: WebhookId;
  readonly event: EventId;
  readonly person: PersonId;
}

/** Queues take so many messages at once. */
const MESSAGES = 100;
/** Pairs of one batch of statements. */
const PAIRS = 40;

/** Endpoints of these people, organisations and clients that want events of the person `?2`, and are to know of them once they work again. */
export const SELECT_AUDIENCE = `${SELECT_ENDPOINT} where (
    webhook_endpoints.id in (select id from webhook_endpoints where person_id in (select value from json_each(?3)))
    or webhook_endpoints.id in (select id from webhook_endpoints where organisation_id in (select value from json_each(?3)))
    or webhook_endpoints.id in (select id from webhook_endpoints where client_id in (select value from json_each(?3))))
  and subscription is null
  and (state = 'enabled' or disabled_reason = 'failing')
  and (is_narrowed = 0 or exists (select 1 from webhook_people where endpoint_id = webhook_endpoints.id and person_id = ?2))`;

/**
 * Makes a delivery of each event of a person for each endpoint that wants it and may hear of it now. Everything can be repeated: a delivery
 * is made once. What is said of the events never leaves the vault, which gets endpoints and gives pairs of ids.
 */
export async function routeEvents(ports: WebhookPorts, person: PersonId): Promise<void> {
  const vault = ports.vault(person);
  const { events, grantees, subscriptions } = await vault.webhookAudience();
  if (subscriptions !== undefined) await routeSubscriptions(ports, person, subscriptions);
  if (events.length === 0) return;
  const rows = (await Promise.all(byRegion(grantees).map(async ([region, ids]) => await endpointsOf(ports, region, person, ids)))).flat();
  if (rows.length > 0) {
    const judged = new Map<string, ReturnType<typeof judgedGrantee>>();
    const judgedAs = async (as: Grantee) => {
      const key = `${as.kind} ${as.id}`;
      const known = judged.get(key) ?? judgedGrantee((region) => ports.stores(region).records, as, ports.now());
      judged.set(key, known);
      return await known;
    };
    const subscribers = await Promise.all(rows.map(async (row) => subscriberOf(row, await judgedAs(ownerOf(row).as))));
    const pairs = await vault.matchWebhooks(events, subscribers);
    const enabled = new Set(rows.filter(({ state }) => state === "enabled").map(({ id }) => id));
    await makeDeliveries(ports, person, pairs);
    await vault.webhooksRouted(events);
    await queueDeliveries(
      ports,
      pairs
        .filter(({ webhook }) => enabled.has(webhook))
        .map(({ event, webhook }) => ({ kind: "webhook-delivery", webhook, event, person })),
    );
  } else await vault.webhooksRouted(events);
}

/** Brings endpoints of Subscriptions into the records, and makes a delivery of each message for its own. Everything can be repeated. */
async function routeSubscriptions(ports: WebhookPorts, person: PersonId, { endpoints, pairs }: SubscriptionNews): Promise<void> {
  if (endpoints.length + pairs.length === 0) return;
  const now = ports.now();
  for (const [region, list] of Map.groupBy(endpoints, ({ webhook }) => regionOf(webhook))) {
    const { records } = ports.stores(region);
    await records.batch(list.flatMap((one) => (one.isGone ? [removed(records, one)] : written(records, person, one, now))));
  }
  await makeDeliveries(ports, person, pairs);
  await ports.vault(person).webhooksRouted(
    pairs.map(({ event }) => event),
    endpoints.map(({ webhook }) => webhook),
  );
  await queueDeliveries(
    ports,
    pairs.map(({ event, webhook }) => ({ kind: "webhook-delivery", webhook, event, person })),
  );
}

function removed(records: D1Database, { webhook }: EndpointNews): D1PreparedStatement {
  return records.prepare("delete from webhook_endpoints where id = ? and subscription is not null").bind(webhook);
}

/** An endpoint that was asked for again begins without the failures it had. */
function written(
  records: D1Database,
  person: PersonId,
  { webhook, subscription, url, session, client }: EndpointNews,
  now: number,
): D1PreparedStatement[] {
  return [
    records
      .prepare(
        `insert into webhook_endpoints (id, person_id, organisation_id, client_id, url, description, is_narrowed, content, assurance, state, subscription, session_id, created_at, updated_at)
         select ?1, iif(?7 is null, ?2, null), ?8, ?7, ?3, '', 1, 'pointer', iif(?7 is null, 'aal1', 'aal2'), 'enabled', ?4, ?5, ?6, ?6
         where iif(?7 is null, exists (select 1 from people where id = ?2), exists (select 1 from clients where id = ?7 and organisation_id = ?8))
         on conflict (id) do update set url = excluded.url, state = 'enabled', disabled_reason = null, failing_since = null, notice_at = null,
           session_id = excluded.session_id, updated_at = excluded.updated_at`,
      )
      .bind(webhook, person, url, subscription, session, now, client?.id ?? null, client?.organisation ?? null),
    records
      .prepare(
        "insert into webhook_people (endpoint_id, person_id) select id, ?2 from webhook_endpoints where id = ?1 on conflict do nothing",
      )
      .bind(webhook, person),
  ];
}

/** Puts pointers on the queues of their people's regions. */
export async function queueDeliveries(ports: WebhookPorts, pointers: readonly DeliveryPointer[]): Promise<void> {
  for (const [region, list] of Map.groupBy(pointers, ({ person }) => regionOf(person))) {
    const { queue } = ports.stores(region);
    for (let i = 0; i < list.length; i += MESSAGES) await queue.sendBatch(list.slice(i, i + MESSAGES).map((body) => ({ body })));
  }
}

async function endpointsOf(ports: WebhookPorts, region: Region, person: PersonId, ids: readonly string[]): Promise<EndpointRow[]> {
  const { results } = await ports
    .stores(region)
    .records.prepare(SELECT_AUDIENCE)
    .bind(ports.now(), person, JSON.stringify(ids))
    .all<EndpointRow>();
  return results;
}

/** An endpoint that was switched off because it fails keeps what it misses, to be sent when somebody asks for it. */
async function makeDeliveries(
  ports: WebhookPorts,
  person: PersonId,
  pairs: readonly { readonly event: EventId; readonly webhook: WebhookId }[],
): Promise<void> {
  const now = ports.now();
  for (const [region, list] of Map.groupBy(pairs, ({ webhook }) => regionOf(webhook))) {
    const { records } = ports.stores(region);
    for (let i = 0; i < list.length; i += PAIRS) {
      await records.batch(
        list.slice(i, i + PAIRS).flatMap(({ event, webhook }) => [
          records
            .prepare(
              `update webhook_endpoints set last_order = max(last_order + 1, ?2) where id = ?1
               and not exists (select 1 from webhook_deliveries where endpoint_id = ?1 and event_id = ?3)`,
            )
            .bind(webhook, now, event),
          records
            .prepare(
              `insert into webhook_deliveries (endpoint_id, event_id, person_id, ordered_at, state, reason, due_at, created_at, updated_at)
               select id, ?2, ?3, last_order, iif(state = 'enabled', 'waiting', 'failed'), iif(state = 'enabled', null, 'endpoint_disabled'), ?4, ?4, ?4
               from webhook_endpoints where id = ?1 and not exists (select 1 from webhook_deliveries where endpoint_id = ?1 and event_id = ?2)`,
            )
            .bind(webhook, event, person, now),
        ]),
      );
    }
  }
}

function byRegion(grantees: readonly Grantee[]): [Region, string[]][] {
  return [...Map.groupBy(grantees.map(({ id }) => id).filter(isKnown), (id) => regionOf(id))];
}

function isKnown(id: string): boolean {
  return parseId("person", id) !== undefined || parseId("organisation", id) !== undefined || parseId("client", id) !== undefined;
}
