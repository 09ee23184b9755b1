import type { Vault } from "../../durable-objects/vault/vault";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type AppContext, personOf } from "../../shared/http/app-env";
import type { PersonActor, Reader } from "../../shared/context";
import { type PersonId, regionOf } from "../../shared/id";
import { regional, vaultOf } from "../regional";

export type VaultStub = DurableObjectStub<Vault>;

/** What a read needs: who asks, whose data it is, that person's vault, and the keys that seal cursors of the one who asks. */
export interface ReadPorts {
  readonly actor: Reader;
  readonly owner: PersonId;
  readonly vault: VaultStub;
  readonly keys: RegionalKeys;
}

/** What a read of one's own data needs. */
export interface OwnPorts extends ReadPorts {
  readonly actor: PersonActor;
}

/** Names a list for its cursors: of one person's data, good for nobody else's. */
export function listOf({ owner }: Pick<ReadPorts, "owner">, list: string): string {
  return `${owner} ${list}`;
}

/** Opens the ports for the signed-in person of a request. */
export function biometricsPorts(c: AppContext): OwnPorts {
  const actor = personOf(c);
  return {
    actor,
    owner: actor.person,
    vault: vaultOf(c.env, actor.person),
    keys: regionalKeys(regional(c.env, regionOf(actor.person)).keys),
  };
}
