import type { Vault } from "../../durable-objects/vault/vault";
import type { Clock } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type AppContext, personOf } from "../../shared/http/app-env";
import { type PersonId, type RandomBytes, regionOf, systemRandom } from "../../shared/id";
import type { Region } from "../../shared/region";
import { regional, vaultOf } from "../regional";

/** What is asked of the ties between people. */
export interface Social {
  readonly areFriends: (a: PersonId, b: PersonId) => Promise<boolean>;
  /** Whether either has blocked the other. */
  readonly areBlocked: (a: PersonId, b: PersonId) => Promise<boolean>;
  readonly isInGroup: (group: string, person: PersonId) => Promise<boolean>;
}

/** What the clock and the queue need. */
export interface WorkPorts {
  readonly now: Clock;
  readonly recordsOf: (region: Region) => D1Database;
  readonly vaultOf: (person: PersonId) => DurableObjectStub<Vault>;
}

/** What the verbs of a person need from outside. */
export interface ChallengePorts extends WorkPorts {
  readonly actor: PersonActor;
  readonly vault: DurableObjectStub<Vault>;
  /** Seals the actor's cursors. */
  readonly keys: RegionalKeys;
  readonly random: RandomBytes;
  readonly social: Social;
}

export function workPorts(env: Env, now: Clock): WorkPorts {
  return { now, recordsOf: (region) => regional(env, region).records, vaultOf: (person) => vaultOf(env, person) };
}

/** The ports of a request of a signed-in person. */
export function challengePorts(c: AppContext): ChallengePorts {
  const actor = personOf(c);
  return {
    ...workPorts(c.env, c.get("now")),
    actor,
    vault: vaultOf(c.env, actor.person),
    keys: regionalKeys(regional(c.env, regionOf(actor.person)).keys),
    random: systemRandom,
    social: NO_TIES,
  };
}

/** Nobody is anybody's friend. */
const NO_TIES: Social = { areFriends: async () => false, areBlocked: async () => false, isInGroup: async () => false };
