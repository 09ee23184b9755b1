import type { Vault } from "../../durable-objects/vault/vault";
import { idOf, type PersonActor, type Reader } from "../../shared/context";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type AppContext, personOf } from "../../shared/http/app-env";
import { type PersonId, regionOf } from "../../shared/id";
import type { LabTest } from "../../shared/labs/lab-test";
import { openPerson } from "../consents";
import { addedLabTest } from "../reference";
import { regional, vaultOf } from "../regional";

/** What a call needs: who asks, whose results they are, that person's vault, and the tests that their region has added. */
export interface LabPorts {
  readonly actor: Reader;
  readonly owner: PersonId;
  readonly vault: DurableObjectStub<Vault>;
  /** Seals the actor's cursors. */
  readonly keys: RegionalKeys;
  /** A test that administrators of the owner's region added. */
  addedTest(key: string): Promise<LabTest | undefined>;
}

export interface OwnLabPorts extends LabPorts {
  readonly actor: PersonActor;
}

/** The ports of a signed-in person for their own results. */
export function ownLabPorts(c: AppContext): OwnLabPorts {
  const actor = personOf(c);
  const keys = regionalKeys(regional(c.env, regionOf(actor.person)).keys);
  return { actor, owner: actor.person, vault: vaultOf(c.env, actor.person), keys, ...recordsOf(c, actor.person) };
}

/** The ports for another person's results; problem `not_found`, `session_ended`. */
export async function personLabPorts(c: AppContext, id: string): Promise<LabPorts> {
  const { actor, owner, vault } = await openPerson(c, id);
  return {
    actor,
    owner,
    vault: vaultOf(c.env, owner) satisfies typeof vault,
    keys: regionalKeys(regional(c.env, regionOf(idOf(actor))).keys),
    ...recordsOf(c, owner),
  };
}

function recordsOf(c: AppContext, owner: PersonId): Pick<LabPorts, "addedTest"> {
  const { records } = regional(c.env, regionOf(owner));
  return { addedTest: async (key) => await addedLabTest(records, key) };
}
