import { regionOf } from "../../shared/id";
import type { PushedPointer } from "../../shared/vendors/pointer";
import { hookGate } from "../../shared/vendors/push";
import { gateOf, vaultOf } from "../regional";
import { findConnections } from "./register-connection";

/**
 * Has the vault of a connection's person fetch what waits for it at the gate; nobody between sees any of it. What the vault does not take is
 * fetched to where its account is connected elsewhere by now, through the same organisation: the person may have moved to another region, or an
 * isolate may have known of an older connection for some seconds. What nobody takes is nobody's. Throws where something failed: what was not
 * fetched still waits, and what is fetched twice changes nothing.
 */
export async function bringPushes(env: Env, pointer: PushedPointer): Promise<void> {
  const { person, connection, vendor } = pointer;
  const left = await vaultOf(env, person).fetchPushes(connection, pointer);
  if (left?.length === 0) return;
  const gate = gateOf(env, regionOf(person), hookGate(regionOf(person), vendor));
  const accounts = await gate.pushAccounts(connection, left);
  if (accounts.length === 0) return;
  for (const own of Map.groupBy(accounts, ({ account, credential }) => `${account} ${credential ?? ""}`).values()) {
    const { account, credential } = own[0]!;
    const ids = own.map(({ id }) => id);
    for (const to of await findConnections(env.DIRECTORY, [account], credential)) {
      if (to.connection !== connection || to.person !== person) await vaultOf(env, to.person).fetchPushes(to.connection, pointer, ids);
    }
  }
  await gate.donePushes(accounts.map(({ id }) => id));
}
