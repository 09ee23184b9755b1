import type { Gate } from "../../durable-objects/gate/gate";
import { regionOf } from "../../shared/id";
import type { PushedPointer } from "../../shared/vendors/pointer";
import { hookGate } from "../../shared/vendors/push";
import { gateOf, vaultOf } from "../regional";
import { findConnections } from "./register-connection";

/**
 * Has the vault of a person fetch data that wait for it at gates, which then forget them; nobody between sees any of it. False where something
 * failed: what was not fetched still waits, and what is fetched twice changes nothing.
 */
export async function bringPushes(env: Env, pointers: readonly PushedPointer[]): Promise<boolean> {
  try {
    for (const pointer of joined(pointers)) {
      const { person, connection, vendor } = pointer;
      const gate = gateOf(env, regionOf(person), hookGate(regionOf(person), vendor));
      const left = await vaultOf(env, person).fetchPushes(connection, pointer);
      if (left.length > 0) await bringElsewhere(env, gate, { ...pointer, pushes: left });
      await gate.donePushes(pointer.pushes);
    }
    return true;
  } catch {
    return false;
  }
}

/** Pointers of one person to one connection as one, with their pushes in their order. */
function joined(pointers: readonly PushedPointer[]): PushedPointer[] {
  return [...Map.groupBy(pointers, ({ connection }) => connection).values()].map((own) => ({
    ...own[0]!,
    pushes: [...new Set(own.flatMap(({ pushes }) => pushes))].toSorted((a, b) => a - b),
  }));
}

/**
 * Has pushes fetched to where their accounts are connected now, through the same organisation: their people may have moved to another region
 * since, or connected anew. What nobody takes is nobody's.
 */
async function bringElsewhere(env: Env, gate: DurableObjectStub<Gate>, pointer: PushedPointer): Promise<void> {
  const accounts = await gate.pushAccounts(pointer.connection, pointer.pushes);
  for (const own of Map.groupBy(accounts, ({ account, credential }) => `${account} ${credential ?? ""}`).values()) {
    const { account, credential } = own[0]!;
    const from = { ...pointer, pushes: own.map(({ id }) => id) };
    for (const { person, connection } of await findConnections(env.DIRECTORY, [account], credential)) {
      if (connection !== pointer.connection || person !== pointer.person) await vaultOf(env, person).fetchPushes(connection, from);
    }
  }
}
