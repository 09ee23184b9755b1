import type { PersonActor } from "../../shared/context";
import { parseId, regionOf } from "../../shared/id";
import { notFound } from "../../shared/problem";
import type { ConnectPorts } from "./ports";
import { accountIsShared, unregisterConnection } from "./register-connection";

/**
 * Ends a connection: no notification finds it any more, the vendor is told, its tokens are destroyed. Readings stay unless asked
 * otherwise. Where somebody else has connected the same account, the vendor is not told: it would end their permission too. Problem
 * `not_found`.
 */
export async function disconnectVendor(
  ports: ConnectPorts,
  actor: PersonActor,
  id: string,
  deleteData: boolean,
): Promise<{ deleted: number }> {
  const connection = parseId("connection", id);
  if (connection === undefined || regionOf(connection) !== regionOf(actor.person)) throw notFound("connection");
  const vault = ports.vault(actor.person);
  // An account that cannot be opened any more has no tokens that could be given back either.
  const hashes = (await vault.accountHashes(connection).catch(() => null)) ?? [];
  const shared = await accountIsShared(
    ports.directory,
    connection,
    hashes.map(({ hash }) => hash),
  );
  const ended = await vault.disconnect(actor, connection, { tell: !shared, deleteData });
  await unregisterConnection(ports.directory, ports.records(regionOf(connection)), connection);
  return ended;
}
