import { idOf, type PersonActor, type Reader } from "../../shared/context";
import { regionalKeys, type RegionalKeys } from "../../shared/crypto/keys";
import { type AppContext, personOf } from "../../shared/http/app-env";
import { type PersonId, regionOf } from "../../shared/id";
import { openPerson } from "../consents";
import { regional, vaultOf } from "../regional";

/** What the verbs of this domain need of the request. */
export interface FhirPorts {
  readonly actor: Reader;
  /** Whose resources they are. */
  readonly owner: PersonId;
  readonly vault: ReturnType<typeof vaultOf>;
  /** Seals the actor's cursors. */
  readonly keys: RegionalKeys;
}

export interface OwnFhirPorts extends FhirPorts {
  readonly actor: PersonActor;
}

/** The ports of a signed-in person: their own vault and nobody else's. */
export function fhirPorts(c: AppContext): OwnFhirPorts {
  const actor = personOf(c);
  const keys = regionalKeys(regional(c.env, regionOf(actor.person)).keys);
  return { actor, owner: actor.person, vault: vaultOf(c.env, actor.person), keys };
}

/** The ports for another person's resources; problem `not_found`, `session_ended`. */
export async function personFhirPorts(c: AppContext, id: string): Promise<FhirPorts> {
  const { actor, owner } = await openPerson(c, id);
  return { actor, owner, vault: vaultOf(c.env, owner), keys: regionalKeys(regional(c.env, regionOf(idOf(actor))).keys) };
}
