import type { Vault } from "../../durable-objects/vault/vault";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type AppContext, personOf } from "../../shared/http/app-env";
import type { PersonActor } from "../../shared/context";
import { regionOf } from "../../shared/id";
import { regional, vaultOf } from "../regional";

export type VaultStub = DurableObjectStub<Vault>;

/** What a read of one's own data needs: who asks, their vault, and the keys that seal cursors. */
export interface BiometricsPorts {
  readonly actor: PersonActor;
  readonly vault: VaultStub;
  readonly keys: RegionalKeys;
}

/** Opens the ports for the signed-in person of a request. */
export function biometricsPorts(c: AppContext): BiometricsPorts {
  const actor = personOf(c);
  return { actor, vault: vaultOf(c.env, actor.person), keys: regionalKeys(regional(c.env, regionOf(actor.person)).keys) };
}
