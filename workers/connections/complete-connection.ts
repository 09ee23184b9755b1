import { problem } from "../../shared/problem";
import { liveVendor } from "../../shared/vendors/vendors";
import { fullAccount } from "./begin-connection";
import { accountById } from "./own-accounts";
import type { ConnectPorts } from "./ports";
import { accountIsFull, registerConnection } from "./register-connection";
import { readState, takeState } from "./states";

export interface CompleteConnection {
  readonly vendor: string;
  readonly state: string;
  readonly code?: string | undefined;
  readonly error?: string | undefined;
  /** The scopes that were granted, where the vendor tells them with the code. */
  readonly scope?: string | undefined;
}

export type Outcome =
  | { readonly kind: "connected"; readonly connection: string; readonly returnTo: string | undefined }
  | { readonly kind: "refused"; readonly returnTo: string | undefined };

/**
 * Ends an authorization that came back from the vendor. The code is exchanged inside the vault, in the person's region. Problems: `gone`
 * for a state that was used, has expired or never was; `malformed` for one that is none; `invalid` for a refused code; `vendor_failed`,
 * `unavailable`, `vendor_retired`, `not_found`, `conflict` for an account that has all people it may have, `own_credentials_required` where the organisation has taken its account back meanwhile.
 */
export async function completeConnection(ports: ConnectPorts, input: CompleteConnection): Promise<Outcome> {
  const { vendor } = liveVendor(input.vendor);
  const state = await readState(input.state);
  if (state === undefined) throw problem("malformed", "The state is not one of ours.");
  const records = ports.records(state.region);
  const taken = await takeState(records, state.hash, vendor.id, ports.now());
  if (taken === undefined) throw problem("gone", "This authorization has been used or has expired. Start again.");
  const { person, credential } = taken;
  const vault = ports.vault(person);
  if (input.code === undefined) {
    const { returnTo } = await vault.refuseConnection(state.hash, input.error ?? "no_code");
    return { kind: "refused", returnTo };
  }
  const { mostPeople } = vendor.policy;
  if (await accountIsFull(ports.directory, credential, person, mostPeople)) {
    // The code stays unused, so that the vendor counts nobody.
    await vault.refuseConnection(state.hash, "account_full");
    throw fullAccount(mostPeople);
  }
  const own = credential === undefined ? undefined : (await accountById(ports.stores, credential))?.own;
  const { connection, returnTo, registration } = await vault.completeConnection(state.hash, input.code, own, input.scope);
  await registerConnection(ports.directory, records, person, registration);
  return { kind: "connected", connection, returnTo };
}
