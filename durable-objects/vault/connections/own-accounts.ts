import type { VendorClient } from "../../../shared/vendors/client";
import { type OwnAccount, ownAccountSchema } from "../../../shared/vendors/own-account";
import type { VendorModule } from "../../../shared/vendors/vendor";
import type { Connection, ConnectionRows } from "./connection-rows";
import type { ConnectionPorts } from "./ports";
import { secretPlace, type TokenKeeper } from "./tokens";

/**
 * The accounts of organisations that connections go through. A vault does not reach the region's tables, so each connection has a copy of
 * its own, under the person's key, which those who may open the original bring and renew.
 */
export class OwnAccounts {
  readonly #rows: ConnectionRows;
  readonly #tokens: TokenKeeper;
  readonly #ports: ConnectionPorts;

  constructor(rows: ConnectionRows, tokens: TokenKeeper, ports: ConnectionPorts) {
    this.#rows = rows;
    this.#tokens = tokens;
    this.#ports = ports;
  }

  /** The copy of a connection; undefined where it goes through Meridian's own account, or where the organisation's is gone. */
  async read(connection: string): Promise<OwnAccount | undefined> {
    const sealed = this.#rows.secret(connection, "credential");
    if (sealed === undefined) return undefined;
    return ownAccountSchema.parse(JSON.parse(await this.#tokens.unseal(secretPlace(connection, "credential"), sealed)));
  }

  /** Keeps a copy, unless a newer one is there already. */
  async keep(connection: string, account: OwnAccount): Promise<void> {
    const sealed = await this.#tokens.seal(secretPlace(connection, "credential"), JSON.stringify(account));
    const known = await this.read(connection);
    if (known !== undefined && known.revision > account.revision) return;
    this.#rows.putSecret(connection, "credential", sealed);
  }

  /** Who calls the vendor for a connection; undefined where the organisation has taken its account back. */
  async clientFor(module: VendorModule, { id, behalf }: Connection): Promise<VendorClient | undefined> {
    if (behalf === undefined) return this.#ports.client(module);
    const own = await this.read(id);
    return own === undefined ? undefined : this.#ports.client(module, own);
  }
}
