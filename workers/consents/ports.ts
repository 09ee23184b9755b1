import type { Programme } from "../../durable-objects/programme/programme";
import type { Vault } from "../../durable-objects/vault/vault";
import type { Clock } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type AppContext, personOf } from "../../shared/http/app-env";
import { type PersonId, type ProgrammeId, type RandomBytes, regionOf, systemRandom } from "../../shared/id";
import { programmeOf, regional, vaultOf } from "../regional";
import type { RecordsOf } from "./records";

export type VaultStub = DurableObjectStub<Vault>;
export type ProgrammeStub = DurableObjectStub<Programme>;

/** What the verbs of this domain need from outside. */
export interface ConsentPorts {
  readonly actor: PersonActor;
  /** The actor's own vault. */
  readonly vault: VaultStub;
  /** Seals the actor's cursors. */
  readonly keys: RegionalKeys;
  readonly now: Clock;
  readonly random: RandomBytes;
  readonly recordsOf: RecordsOf;
  readonly vaultOf: (person: PersonId) => VaultStub;
  readonly programmeOf: (id: ProgrammeId) => ProgrammeStub;
}

/** The ports of a request of a signed-in person. */
export function consentPorts(c: AppContext): ConsentPorts {
  const actor = personOf(c);
  return {
    actor,
    vault: vaultOf(c.env, actor.person),
    keys: regionalKeys(regional(c.env, regionOf(actor.person)).keys),
    now: c.get("now"),
    random: systemRandom,
    recordsOf: (region) => regional(c.env, region).records,
    vaultOf: (person) => vaultOf(c.env, person),
    programmeOf: (id) => programmeOf(c.env, id),
  };
}
