import type { RegionalKeys } from "../../shared/crypto/keys";
import { inRegion, movedIds } from "../../shared/erasure/moved-ids";
import { type PersonId, type RandomBytes, regionOf } from "../../shared/id";
import type { Region } from "../../shared/region";
import { openSecret, sealSecret } from "../../shared/webhooks/secret-box";

type Cells = Record<string, string | number | null>;

/** Deliveries that are copied in one go: with the longest logs well under the 2 MB of a bound value. */
const AT_ONCE = 400;

/** The records and keys of both regions. */
export interface MovedStores {
  readonly random: RandomBytes;
  stores(region: Region): { readonly records: D1Database; readonly keys: RegionalKeys };
}

/** Who moves, under the old and the new id. */
export interface Moved {
  readonly from: PersonId;
  readonly to: PersonId;
}

/** A person's own endpoints, oldest first: of their webhooks and Subscriptions. What their apps asked for ends with sessions, which do not move. */
export const OWN_ENDPOINTS = "select * from webhook_endpoints where person_id = ? and session_id is null order by id";
/** A page of what an endpoint got or is to get. */
export const OWN_DELIVERIES = "select * from webhook_deliveries where endpoint_id = ? and event_id > ? order by event_id limit ?";

/**
 * Writes a person's own endpoints in the region they move to, with filters and secrets: each is opened with the key of the region that is
 * left and sealed with that of the new one. One that no longer opens signs nothing and stays behind. Their rows in `people` must be there.
 */
export async function moveEndpoints(moved: MovedStores, { from, to }: Moved): Promise<void> {
  const region = regionOf(to);
  const [old, fresh] = [moved.stores(regionOf(from)), moved.stores(region)];
  const mine = "(select id from webhook_endpoints where person_id = ? and session_id is null)";
  const [endpoints, secrets, people] = await old.records.batch<Cells>([
    old.records.prepare(OWN_ENDPOINTS).bind(from),
    old.records.prepare(`select * from webhook_secrets where endpoint_id in ${mine}`).bind(from),
    old.records.prepare(`select * from webhook_people where endpoint_id in ${mine}`).bind(from),
  ]);
  if (endpoints === undefined || endpoints.results.length === 0) return;
  const there = (id: Cells[string] | undefined) => inRegion(String(id), region);
  const moves = movedIds(from, to);
  const sealed = await Promise.all(
    (secrets?.results ?? []).map(async (row) => {
      const secret = await openSecret(old.keys, { id: String(row["id"]), sealed: String(row["sealed"]) });
      if (secret === undefined) return [];
      const id = there(row["id"]);
      const box = await sealSecret(fresh.keys, id, secret, moved.random);
      return [{ ...row, id, endpoint_id: there(row["endpoint_id"]), sealed: box.sealed, key_version: box.version }];
    }),
  );
  await fresh.records.batch([
    ...endpoints.results.map((row) => {
      const { subscription = null } = row;
      const named = typeof subscription === "string" ? moves(subscription) : null;
      return insert(fresh.records, "webhook_endpoints", { ...row, id: there(row["id"]), person_id: to, subscription: named });
    }),
    ...sealed.flat().map((row) => insert(fresh.records, "webhook_secrets", row)),
    ...(people?.results ?? []).map((row) =>
      insert(fresh.records, "webhook_people", {
        endpoint_id: there(row["endpoint_id"]),
        person_id: row["person_id"] === from ? to : (row["person_id"] ?? null),
      }),
    ),
  ]);
}

/**
 * Lets what these endpoints got and are to get follow, and removes them in the region that is left: from here on the new ones alone send.
 * Repeating it changes nothing more; an endpoint that was removed there meanwhile stays away.
 */
export async function moveOwnDeliveries(moved: Pick<MovedStores, "stores">, { from, to }: Moved): Promise<void> {
  const [home, region] = [regionOf(from), regionOf(to)];
  const [old, fresh] = [moved.stores(home).records, moved.stores(region).records];
  const { results } = await old.prepare(OWN_ENDPOINTS).bind(from).all<{ id: string }>();
  for (const { id } of results) {
    const there = inRegion(id, region);
    for (let after = ""; ;) {
      const page = await old.prepare(OWN_DELIVERIES).bind(id, after, AT_ONCE).all<Cells & { event_id: string }>();
      const last = page.results.at(-1);
      if (last === undefined) break;
      const rows = page.results.map((row) => {
        // What is about others stays in their vaults, under its id.
        const isOwn = row["person_id"] === from || row["person_id"] === to;
        return { ...row, ...(isOwn && { person_id: to, event_id: inRegion(row.event_id, region) }) };
      });
      await copyDeliveries(fresh, there, rows);
      if (page.results.length < AT_ONCE) break;
      after = last.event_id;
    }
    await old.prepare("delete from webhook_endpoints where id = ?").bind(id).run();
  }
}

/** Nobody is at them any more: leases end. */
async function copyDeliveries(records: D1Database, endpoint: string, rows: readonly Cells[]): Promise<void> {
  const columns = ["event_id", "person_id", "ordered_at", "state", "attempts", "due_at", "reason", "log", "created_at", "updated_at"];
  await records
    .prepare(
      `insert into webhook_deliveries (endpoint_id, lease_until, ${columns.join(", ")})
       select ?1, 0, ${columns.map((_, i) => `value->>${i}`).join(", ")} from json_each(?2)
       where exists (select 1 from webhook_endpoints where id = ?1) on conflict do nothing`,
    )
    .bind(endpoint, JSON.stringify(rows.map((row) => columns.map((column) => row[column]))))
    .run();
}

/** A row as it is, or nothing where it is there. Columns come from the schema of the same table. */
function insert(records: D1Database, table: string, row: Cells): D1PreparedStatement {
  const columns = Object.keys(row);
  return records
    .prepare(`insert into ${table} (${columns.join(", ")}) values (${columns.map(() => "?").join(", ")}) on conflict do nothing`)
    .bind(...Object.values(row));
}
