import type { Registration } from "../../durable-objects/vault/connections/connections";
import { type ConnectionId, parseId, type PersonId } from "../../shared/id";

/** Makes a connection findable: by its account for notifications, by its time for the clock. Idempotent. */
export async function registerConnection(
  directory: D1Database,
  records: D1Database,
  person: PersonId,
  { connection, account, credential, dueAt }: Registration,
): Promise<void> {
  await directory
    .prepare(
      `insert into vendor_accounts (account_hash, connection_id, person_id, key_version, credential) values (?, ?, ?, ?, ?)
       on conflict (connection_id) do update set account_hash = excluded.account_hash, key_version = excluded.key_version`,
    )
    .bind(account.hash, connection, person, account.version, credential)
    .run();
  await setDue(records, person, connection, dueAt);
}

/** Sets when a connection is asked again; epoch milliseconds. */
export async function setDue(records: D1Database, person: PersonId, connection: ConnectionId, dueAt: number): Promise<void> {
  await records
    .prepare(
      "insert into due_connections (connection_id, person_id, due_at) values (?, ?, ?) on conflict do update set due_at = excluded.due_at",
    )
    .bind(connection, person, Math.ceil(dueAt))
    .run();
}

/** Nothing is due for a connection any more. */
export async function clearDue(records: D1Database, connection: string): Promise<void> {
  await records.prepare("delete from due_connections where connection_id = ?").bind(connection).run();
}

/** Takes a connection out of both indexes. */
export async function unregisterConnection(directory: D1Database, records: D1Database, connection: string): Promise<void> {
  await directory.prepare("delete from vendor_accounts where connection_id = ?").bind(connection).run();
  await clearDue(records, connection);
}

/** Whether somebody else's connection uses the same account at the vendor the same way; `hashes` are the account's, under every key. */
export async function accountIsShared(directory: D1Database, connection: string, hashes: readonly string[]): Promise<boolean> {
  const row = await directory
    .prepare(
      `select 1 from vendor_accounts where account_hash in (select value from json_each(?1)) and connection_id <> ?2
       and credential is (select credential from vendor_accounts where connection_id = ?2) limit 1`,
    )
    .bind(JSON.stringify(hashes), connection)
    .first();
  return row !== null;
}

/** How many people but one are connected through an organisation's account at a vendor. */
export const OTHERS_THROUGH = "select count(distinct person_id) as n from vendor_accounts where credential = ? and person_id <> ?";

/**
 * Whether an organisation's account at a vendor has as many people as the vendor allows (`most`; undefined for no limit), so that somebody
 * who is not among them cannot connect through it. Two who connect at the same time may both get through: then the vendor refuses one.
 */
export async function accountIsFull(
  directory: D1Database,
  credential: string | undefined,
  person: PersonId,
  most: number | undefined,
): Promise<boolean> {
  if (credential === undefined || most === undefined) return false;
  const others = await directory.prepare(OTHERS_THROUGH).bind(credential, person).first<number>("n");
  return (others ?? 0) >= most;
}

export interface Registered {
  readonly hash: string;
  readonly connection: ConnectionId;
  readonly person: PersonId;
}

/**
 * The connections of some accounts, by their keyed hashes, that go through one account of ours at the vendor: an organisation's, or
 * Meridian's own where it is null. Unknown accounts have none.
 */
export async function findConnections(
  directory: D1Database,
  hashes: readonly string[],
  credential: string | null,
): Promise<readonly Registered[]> {
  const { results } = await directory
    .prepare(
      `select account_hash, connection_id, person_id from vendor_accounts
       where account_hash in (select value from json_each(?)) and credential is ?`,
    )
    .bind(JSON.stringify(hashes), credential)
    .all<{ account_hash: string; connection_id: string; person_id: string }>();
  return results.flatMap((row) => {
    const connection = parseId("connection", row.connection_id);
    const person = parseId("person", row.person_id);
    return connection === undefined || person === undefined ? [] : [{ hash: row.account_hash, connection, person }];
  });
}

/** How long an isolate believes what it has read of an account, and of how many. */
const KNOWN_FOR_MS = 10_000;
const MOST_KNOWN = 20_000;
const known = new Map<string, { readonly until: number; readonly found: readonly Registered[] }>();

/**
 * The connections of a vendor's user, as they were read in the last seconds; undefined where they must be looked up. That is always so for an
 * account that nobody has connected: a connection counts from the moment it is there. One that has ended meanwhile is found; its vault lets
 * go what comes for it.
 */
export function knownConnections(vendor: string, user: string, credential: string | null, now: number): readonly Registered[] | undefined {
  const before = known.get(nameOf(vendor, user, credential));
  return before !== undefined && before.until > now ? before.found : undefined;
}

/** Believes what was just read for some seconds. */
export function keepKnown(vendor: string, user: string, credential: string | null, found: readonly Registered[], now: number): void {
  const name = nameOf(vendor, user, credential);
  known.delete(name);
  if (found.length === 0) return;
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(name, { until: now + KNOWN_FOR_MS, found });
}

function nameOf(vendor: string, user: string, credential: string | null): string {
  return `${vendor} ${credential ?? ""} ${user}`;
}
