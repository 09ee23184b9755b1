import type { ChainRow } from "../../shared/crypto/chain";
import { eventOf, type SecurityPorts, type StoredSecurityEvent } from "./events";

/** A region's security events, newest first, below a number. */
export async function listSecurityEvents(
  { records }: Pick<SecurityPorts, "records">,
  before: number | undefined,
  limit: number,
): Promise<StoredSecurityEvent[]> {
  const { results } = await records
    .prepare("select seq, at, body from security_events where seq < ? order by seq desc limit ?")
    .bind(before ?? Number.MAX_SAFE_INTEGER, limit)
    .all<Pick<ChainRow, "seq" | "at" | "body">>();
  return results.map(eventOf);
}
