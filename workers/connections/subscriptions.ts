import { closeBox, openBox } from "../../shared/crypto/box";
import { currentKey, type DirectoryKeys, versionsOf } from "../../shared/crypto/keys";
import type { Subscription } from "../../shared/vendors/vendor";

/** A subscription as it is kept. */
export interface KeptSubscription {
  readonly topic: string;
  readonly id: string;
  readonly expiresAt: number | undefined;
  /** Undefined where the vendor told none, or where its box does not open under any key of the ring. */
  readonly secret: string | undefined;
  readonly checkedAt: number;
}

type Row = { topic: string; subscription_id: string; expires_at: number | null; secret: string | null; checked_at: number };

const PURPOSE = "vendor subscription";

/** Our subscriptions at a vendor. */
export async function keptSubscriptions(directory: D1Database, keys: DirectoryKeys, vendor: string): Promise<readonly KeptSubscription[]> {
  const { results } = await directory
    .prepare("select topic, subscription_id, expires_at, secret, checked_at from vendor_subscriptions where vendor = ?")
    .bind(vendor)
    .all<Row>();
  return await Promise.all(
    results.map(async (row) => ({
      topic: row.topic,
      id: row.subscription_id,
      expiresAt: row.expires_at ?? undefined,
      secret: row.secret === null ? undefined : await opened(keys, vendor, row.topic, row.secret),
      checkedAt: row.checked_at,
    })),
  );
}

/** Keeps a subscription as the vendor has it; a secret that the vendor does not repeat stays. */
export async function keepSubscription(
  directory: D1Database,
  keys: DirectoryKeys,
  vendor: string,
  subscription: Subscription,
  now: number,
): Promise<void> {
  const { key: topic, id, expiresAt, secret } = subscription;
  const box = secret === undefined ? null : await closeBox(currentKey(keys.vendor).key, PURPOSE, aboutOf(vendor, topic), secret);
  await directory
    .prepare(
      `insert into vendor_subscriptions (vendor, topic, subscription_id, expires_at, secret, checked_at) values (?, ?, ?, ?, ?, ?)
       on conflict do update set secret = case subscription_id when excluded.subscription_id then coalesce(excluded.secret, secret) else excluded.secret end,
         subscription_id = excluded.subscription_id, expires_at = excluded.expires_at, checked_at = excluded.checked_at`,
    )
    .bind(vendor, topic, id, expiresAt ?? null, box, now)
    .run();
}

async function opened(keys: DirectoryKeys, vendor: string, topic: string, box: string): Promise<string | undefined> {
  for (const { key } of versionsOf(keys.vendor)) {
    const secret = await openBox(key, PURPOSE, aboutOf(vendor, topic), box);
    if (secret !== undefined) return secret;
  }
  return undefined;
}

function aboutOf(vendor: string, topic: string): string {
  return `${vendor}/${topic}`;
}
