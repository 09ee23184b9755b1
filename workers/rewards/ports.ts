import type { Clock } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { type AppContext, personOf } from "../../shared/http/app-env";
import { type RandomBytes, systemRandom } from "../../shared/id";
import type { Region } from "../../shared/region";
import type { Vault } from "../../durable-objects/vault/vault";
import { regional, vaultOf } from "../regional";

/** What the verbs about rewards need from outside. */
export interface RewardPorts {
  readonly actor: PersonActor;
  /** The actor's vault. */
  readonly vault: DurableObjectStub<Vault>;
  readonly recordsOf: (region: Region) => D1Database;
  readonly now: Clock;
  readonly random: RandomBytes;
}

export function rewardPorts(c: AppContext): RewardPorts {
  const actor = personOf(c);
  return {
    actor,
    vault: vaultOf(c.env, actor.person),
    recordsOf: (region) => regional(c.env, region).records,
    now: c.get("now"),
    random: systemRandom,
  };
}
