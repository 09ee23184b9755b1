import type { Vault } from "../../durable-objects/vault/vault";
import type { PersonActor } from "../../shared/context";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type AppContext, personOf } from "../../shared/http/app-env";
import { regionOf } from "../../shared/id";
import { regional, vaultOf } from "../regional";

export type VaultStub = DurableObjectStub<Vault>;

/** What a person's own consents and log need: who asks, their vault, and the keys that seal cursors. */
export interface OwnPorts {
  readonly actor: PersonActor;
  readonly vault: VaultStub;
  readonly keys: RegionalKeys;
}

/** The ports of a request of a signed-in person. */
export function ownPorts(c: AppContext): OwnPorts {
  const actor = personOf(c);
  return { actor, vault: vaultOf(c.env, actor.person), keys: regionalKeys(regional(c.env, regionOf(actor.person)).keys) };
}
