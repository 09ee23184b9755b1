import type { RegionalKeys } from "../../shared/crypto/keys";
import type { RandomBytes } from "../../shared/id";
import { resealSecret } from "../../shared/webhooks/secret-box";

/** A secret of an endpoint that is sealed by an older key of its region. */
export interface OldSecret {
  readonly id: string;
  readonly sealed: string;
}

/** Secrets under one older version, a page at a time. */
export const OLD_SECRETS = "select id, sealed from webhook_secrets where key_version = ? and id > ? order by id limit ?";

/** The write that brings a secret under the current key, where it is still as it was read. Throws where it does not open. */
export async function resealWebhookSecret(
  records: D1Database,
  keys: RegionalKeys,
  stored: OldSecret,
  random: RandomBytes,
): Promise<D1PreparedStatement> {
  const moved = await resealSecret(keys, stored, random);
  if (moved === undefined) throw new TypeError("a webhook's secret does not open");
  return records
    .prepare("update webhook_secrets set sealed = ?, key_version = ? where id = ? and sealed = ?")
    .bind(moved.sealed, moved.version, stored.id, stored.sealed);
}
