import * as z from "zod";
import type { Clock } from "../../shared/clock";
import { chainKey, type ChainRow, linkHash as link } from "../../shared/crypto/chain";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import type { Region } from "../../shared/region";
import { regional } from "../regional";

/**
 * What may happen that belongs to no person.
 *
 * `key_current`: a version of a key came to be used for new values. `keys_moved`: nothing is made with older versions any more.
 * `operator`: somebody with the operator's secret did something. `role_changed`: a person's roles were changed for them.
 * `sign_ins_unknown`: how often somebody tried to sign in with an address that nobody has, in one day. `repaired`: an inconsistency was
 * found and put right. `reports_read`: a moderator was shown what was reported of conversations between two people.
 */
export const SECURITY_KINDS = [
  "key_current",
  "keys_moved",
  "operator",
  "role_changed",
  "sign_ins_unknown",
  "repaired",
  "reports_read",
] as const;

const bodySchema = z.object({
  kind: z.enum(SECURITY_KINDS),
  /** `system`, `operator`, or the opaque id of a person. */
  actor: z.string(),
  /** Opaque ids, versions, counts: nothing that names anybody. */
  detail: z.record(z.string(), z.union([z.string(), z.number()])),
});
export type SecurityEvent = z.infer<typeof bodySchema>;

/** An event as it is stored. */
export interface StoredSecurityEvent extends SecurityEvent {
  readonly seq: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** The stores of one region, as security events need them. */
export interface SecurityPorts {
  readonly region: Region;
  readonly records: D1Database;
  readonly files: R2Bucket;
  readonly keys: RegionalKeys;
  readonly now: Clock;
}

/** The ports of a region. */
export function securityPorts(env: Env, region: Region, now: Clock): SecurityPorts {
  const { records, files, keys } = regional(env, region);
  return { region, records, files, keys: regionalKeys(keys), now };
}

/** The hash before the first event: ties the chain to its region. */
export function genesis(region: Region): string {
  return `security-events|${region}`;
}

/** The hash of an event after the one before it; undefined where the ring does not have its key. */
export function hashOf(keys: RegionalKeys, row: Omit<ChainRow, "hash">, before: string): string | undefined {
  const key = chainKey(keys, row.key);
  return key === undefined ? undefined : link(key, "security-event", row, before);
}

/** The newest event; number 0 before the first. */
export async function headOf({ records, region }: Pick<SecurityPorts, "records" | "region">): Promise<{ seq: number; hash: string }> {
  const row = await records
    .prepare("select seq, hash from security_events order by seq desc limit 1")
    .first<{ seq: number; hash: string }>();
  return row ?? { seq: 0, hash: genesis(region) };
}

/** The event of a stored row. */
export function eventOf({ seq, at, body }: Pick<ChainRow, "seq" | "at" | "body">): StoredSecurityEvent {
  return { seq, at, ...bodySchema.parse(JSON.parse(body)) };
}
