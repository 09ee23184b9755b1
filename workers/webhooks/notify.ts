import { MINUTE_MS } from "../../shared/clock";
import { parseId, regionOf } from "../../shared/id";
import { readAddress } from "../credentials";
import { letter } from "../mail";
import type { WebhookPorts } from "./ports";

/** A letter whose sending began so long ago without an end is sent again. */
const ABANDONED_MS = 4 * MINUTE_MS;

interface Row {
  readonly person_id: string | null;
  readonly organisation_id: string | null;
  readonly url: string;
}

/**
 * Writes to whoever an endpoint belongs to, or to the owners of its organisation, that it was switched off, where that is owed. What could
 * not be sent stays owed and is tried again by the clock. Never throws.
 */
export async function sendNotice(ports: WebhookPorts, endpoint: string): Promise<void> {
  try {
    await trySend(ports, endpoint);
  } catch (error) {
    ports.log({ event: "webhook_notice", outcome: "retry", kind: error instanceof Error ? error.name : typeof error });
  }
}

async function trySend(ports: WebhookPorts, endpoint: string): Promise<void> {
  const region = regionOf(endpoint);
  const { records } = ports.stores(region);
  const now = ports.now();
  const row = await records
    .prepare("update webhook_endpoints set notice_at = ?3 where id = ?1 and notice_at <= ?2 returning person_id, organisation_id, url")
    .bind(endpoint, now, now + ABANDONED_MS)
    .first<Row>();
  if (row === null) return;
  const people = row.person_id === null ? await ownersOf(records, row.organisation_id ?? "") : [row.person_id];
  for (const id of people) {
    const person = parseId("person", id);
    const address = person === undefined ? undefined : await readAddress(ports, person);
    if (address !== undefined)
      await ports.mailer.send({ region, to: address.email, ...letter("webhook_disabled", address.locale, row.url) });
  }
  await records
    .prepare("update webhook_endpoints set notice_at = null where id = ? and notice_at = ?")
    .bind(endpoint, now + ABANDONED_MS)
    .run();
}

async function ownersOf(records: D1Database, organisation: string): Promise<string[]> {
  const { results } = await records
    .prepare(
      "select person_id from organisation_members where organisation_id = ? and role = 'owner' and joined_at is not null order by person_id",
    )
    .bind(organisation)
    .all<{ person_id: string }>();
  return results.map(({ person_id }) => person_id);
}
