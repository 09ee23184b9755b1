import { parseId, regionOf } from "../../shared/id";
import { REGIONS, type Region } from "../../shared/region";
import type { SyncPointer } from "../../shared/vendors/pointer";
import { regional } from "../regional";
import { credentialIn } from "./own-accounts";

/** Connections of one page; none of their batches is longer. */
const AT_ONCE = 100;
/** Pages of one account and turn; the clock goes on with the rest. */
const MOST_PAGES = 50;
/** Accounts of one region and tick. */
const MOST_ACCOUNTS = 50;

export const CONNECTIONS_OF =
  "select connection_id, person_id from vendor_accounts where credential = ? and connection_id > ? order by connection_id limit ?";
export const UNTOLD = "select id from vendor_credentials where told_to is not null order by id limit ?";

export interface TellPorts {
  readonly directory: D1Database;
  /** Of the organisation's region. */
  readonly records: D1Database;
  queue(region: Region): Queue;
}

export function tellPorts(env: Env, region: Region): TellPorts {
  return { directory: env.DIRECTORY, records: regional(env, region).records, queue: (of) => regional(env, of).sync };
}

/**
 * Queues a pointer for every connection that goes through an account, so that its vault renews or drops its copy. Goes on where the last
 * turn ended; pointers too many change nothing. Returns how many.
 */
export async function tellConnections(ports: TellPorts, credential: string): Promise<number> {
  const row = await ports.records
    .prepare("select told_to, revision from vendor_credentials where id = ? and told_to is not null")
    .bind(credential)
    .first<{ told_to: string; revision: number }>();
  if (row === null) return 0;
  let told = 0;
  let after = row.told_to;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { results } = await ports.directory
      .prepare(CONNECTIONS_OF)
      .bind(credential, after, AT_ONCE)
      .all<{ connection_id: string; person_id: string }>();
    const pointers = results.flatMap((one): Extract<SyncPointer, { kind: "credential" }>[] => {
      const connection = parseId("connection", one.connection_id);
      const person = parseId("person", one.person_id);
      if (connection === undefined || person === undefined) return [];
      return [{ kind: "credential", person, connection, credential: credentialIn(credential) }];
    });
    for (const [region, own] of Map.groupBy(pointers, ({ person }) => regionOf(person)))
      await ports.queue(region).sendBatch(own.map((body) => ({ body })));
    told += pointers.length;
    const isLast = results.length < AT_ONCE;
    after = results.at(-1)?.connection_id ?? after;
    // A change that came meanwhile begins anew.
    const { meta } = await ports.records
      .prepare("update vendor_credentials set told_to = ?2 where id = ?1 and revision = ?3")
      .bind(credential, isLast ? null : after, row.revision)
      .run();
    if (isLast || meta.changes === 0) break;
  }
  return told;
}

/** Tells what is left to tell, in every region; for the clock. */
export async function tellAllConnections(env: Env): Promise<number> {
  let told = 0;
  for (const region of REGIONS) {
    const ports = tellPorts(env, region);
    const { results } = await ports.records.prepare(UNTOLD).bind(MOST_ACCOUNTS).all<{ id: string }>();
    for (const { id } of results) told += await tellConnections(ports, id);
  }
  return told;
}
