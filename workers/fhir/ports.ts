import type { PersonActor } from "../../shared/context";
import { regionalKeys, type RegionalKeys } from "../../shared/crypto/keys";
import { type AppContext, personOf } from "../../shared/http/app-env";
import { regionOf } from "../../shared/id";
import { regional, vaultOf } from "../regional";

/** What the verbs of this domain need of the request. */
export interface FhirPorts {
  readonly actor: PersonActor;
  readonly vault: ReturnType<typeof vaultOf>;
  /** Seals page cursors. */
  readonly keys: RegionalKeys;
}

/** The ports of a signed-in person: their own vault and nobody else's. */
export function fhirPorts(c: AppContext): FhirPorts {
  const actor = personOf(c);
  return { actor, vault: vaultOf(c.env, actor.person), keys: regionalKeys(regional(c.env, regionOf(actor.person)).keys) };
}
