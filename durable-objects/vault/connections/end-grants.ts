import { liveVendor } from "../../../shared/vendors/vendors";
import type { VaultState } from "../state";
import { type Connection, ConnectionRows } from "./connection-rows";
import { Connector } from "./connector";
import { OwnAccounts } from "./own-accounts";
import type { ConnectionPorts } from "./ports";
import { TokenKeeper } from "./tokens";

/** What became of the permissions at vendors. */
export interface EndedGrants {
  /** The vendor says that they are ended. */
  readonly revoked: number;
  /** Left standing, because somebody else has connected the same account. */
  readonly shared: number;
  /** The vendor did not say so within the tries there were; the tokens are destroyed here. */
  readonly unconfirmed: number;
  /** Still to be tried. */
  readonly open: number;
}

const EVENTS = { revoked: "erasure_revoked", shared: "erasure_shared", unconfirmed: "erasure_unconfirmed" } as const;

/**
 * Ends every permission that the person has given to read from a vendor, and destroys its tokens. Repeating goes on where it was; what
 * came of each is counted from what is stored.
 *
 * @param shared connections whose account somebody else uses too: a revocation would end theirs
 * @param isLast destroys the tokens whatever the vendor says
 */
export async function endGrants(
  state: VaultState,
  ports: ConnectionPorts,
  { shared, isLast }: { readonly shared: readonly string[]; readonly isLast: boolean },
): Promise<EndedGrants> {
  const rows = new ConnectionRows(state.sql);
  const tokens = new TokenKeeper(rows, ports.key, state.now, state.random);
  const owns = new OwnAccounts(rows, tokens, ports);
  const connector = new Connector({ state, ports, rows, tokens, owns });
  let open = 0;
  for (const connection of rows.all()) {
    const { id } = connection;
    if (rows.secret(id, "tokens") === undefined) continue;
    const outcome = shared.includes(id) ? "shared" : (await revoke(connection)) ? "revoked" : "unconfirmed";
    if (outcome === "unconfirmed" && !isLast) {
      open++;
      continue;
    }
    state.storage.transactionSync(() => {
      rows.setState(id, "revoked", state.now());
      rows.addEvent(id, EVENTS[outcome], state.now());
      rows.dropSecrets(id);
    });
  }
  return { revoked: count(EVENTS.revoked), shared: count(EVENTS.shared), unconfirmed: count(EVENTS.unconfirmed), open };

  async function revoke(connection: Connection): Promise<boolean> {
    try {
      const held = await tokens.read(connection.id);
      const client = await owns.clientFor(liveVendor(connection.vendor), connection);
      if (held === undefined || client === undefined) return false;
      return await client.revoke(await connector.account(connection.id), { access: held.access, refresh: held.refresh });
    } catch {
      return false;
    }
  }

  function count(kind: string): number {
    return state.sql.exec<{ n: number }>("SELECT count(*) AS n FROM connection_events WHERE kind = ?", kind).one().n;
  }
}
