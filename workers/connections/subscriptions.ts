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

/** The subscriptions of an account at a vendor: an organisation's by its id, or Meridian's own. */
export interface Subscriber {
  readonly vendor: string;
  readonly credential: string | undefined;
}

/** The subscriptions of an account. */
export async function keptSubscriptions(directory: D1Database, keys: DirectoryKeys, of: Subscriber): Promise<readonly KeptSubscription[]> {
  const { results } = await directory
    .prepare("select topic, subscription_id, expires_at, secret, checked_at from vendor_subscriptions where vendor = ? and credential = ?")
    .bind(of.vendor, of.credential ?? "")
    .all<Row>();
  return await Promise.all(
    results.map(async (row) => ({
      topic: row.topic,
      id: row.subscription_id,
      expiresAt: row.expires_at ?? undefined,
      secret: row.secret === null ? undefined : await opened(keys, of, row.topic, row.secret),
      checkedAt: row.checked_at,
    })),
  );
}

/** Keeps a subscription as the vendor has it; a secret that the vendor does not repeat stays. */
export async function keepSubscription(
  directory: D1Database,
  keys: DirectoryKeys,
  of: Subscriber,
  subscription: Subscription,
  now: number,
): Promise<void> {
  const { key: topic, id, expiresAt, secret } = subscription;
  const box = secret === undefined ? null : await closeBox(currentKey(keys.vendor).key, PURPOSE, aboutOf(of, topic), secret);
  await directory
    .prepare(
      `insert into vendor_subscriptions (vendor, credential, topic, subscription_id, expires_at, secret, checked_at)
       values (?, ?, ?, ?, ?, ?, ?)
       on conflict do update set secret = case subscription_id when excluded.subscription_id then coalesce(excluded.secret, secret) else excluded.secret end,
         subscription_id = excluded.subscription_id, expires_at = excluded.expires_at, checked_at = excluded.checked_at`,
    )
    .bind(of.vendor, of.credential ?? "", topic, id, expiresAt ?? null, box, now)
    .run();
}

/** Forgets the subscriptions of an account that is gone. */
export async function dropSubscriptions(directory: D1Database, of: Subscriber): Promise<void> {
  await directory
    .prepare("delete from vendor_subscriptions where vendor = ? and credential = ?")
    .bind(of.vendor, of.credential ?? "")
    .run();
}

async function opened(keys: DirectoryKeys, of: Subscriber, topic: string, box: string): Promise<string | undefined> {
  for (const { key } of versionsOf(keys.vendor)) {
    const secret = await openBox(key, PURPOSE, aboutOf(of, topic), box);
    if (secret !== undefined) return secret;
  }
  return undefined;
}

function aboutOf({ vendor, credential }: Subscriber, topic: string): string {
  return credential === undefined ? `${vendor}/${topic}` : `${vendor}/${credential}/${topic}`;
}
