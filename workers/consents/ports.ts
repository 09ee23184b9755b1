import type { Programme } from "../../durable-objects/programme/programme";
import type { Vault } from "../../durable-objects/vault/vault";
import type { Clock } from "../../shared/clock";
import { type ClientActor, idOf, type PersonActor, type Reader } from "../../shared/context";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type AppContext, clientOf, personOf, readerOf } from "../../shared/http/app-env";
import { type PersonId, type ProgrammeId, type RandomBytes, regionOf, systemRandom } from "../../shared/id";
import { programmeOf, regional, vaultOf } from "../regional";
import type { RecordsOf } from "./records";

export type VaultStub = DurableObjectStub<Vault>;
export type ProgrammeStub = DurableObjectStub<Programme>;

/** What reading other people's vaults needs from outside. */
export interface ReaderPorts {
  readonly actor: Reader;
  /** Seals the actor's cursors. */
  readonly keys: RegionalKeys;
  readonly now: Clock;
  readonly recordsOf: RecordsOf;
  readonly vaultOf: (person: PersonId) => VaultStub;
  readonly programmeOf: (id: ProgrammeId) => ProgrammeStub;
}

/** What a machine client's own lists need. */
export interface ClientPorts extends ReaderPorts {
  readonly actor: ClientActor;
}

/** What the verbs of a person need from outside. */
export interface ConsentPorts extends ReaderPorts {
  readonly actor: PersonActor;
  /** The actor's own vault. */
  readonly vault: VaultStub;
  readonly random: RandomBytes;
}

/** The ports of a request of a signed-in person. */
export function consentPorts(c: AppContext): ConsentPorts {
  const actor = personOf(c);
  return { ...outside(c, actor), actor, vault: vaultOf(c.env, actor.person), random: systemRandom };
}

/** The ports of a request of a machine client. */
export function clientPorts(c: AppContext): ClientPorts {
  const actor = clientOf(c);
  return { ...outside(c, actor), actor };
}

/** The ports of a request of either. */
export function readerPorts(c: AppContext): ReaderPorts {
  const actor = readerOf(c);
  return { ...outside(c, actor), actor };
}

function outside(c: AppContext, actor: Reader): Omit<ReaderPorts, "actor"> {
  return {
    keys: regionalKeys(regional(c.env, regionOf(idOf(actor))).keys),
    now: c.get("now"),
    recordsOf: (region) => regional(c.env, region).records,
    vaultOf: (person) => vaultOf(c.env, person),
    programmeOf: (id) => programmeOf(c.env, id),
  };
}
