import type { Vault } from "../../durable-objects/vault/vault";
import type { Clock } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type AppContext, personOf } from "../../shared/http/app-env";
import { type PersonId, type RandomBytes, regionOf, systemRandom } from "../../shared/id";
import { consoleLog, type Log } from "../../shared/log";
import type { Region } from "../../shared/region";
import type { RecordsOf } from "../consents";
import { type Mailer, mailer } from "../mail";
import { regional, vaultOf } from "../regional";

export type VaultStub = DurableObjectStub<Vault>;

/** What letters about emergency accesses need: cron has no more than this. */
export interface LetterPorts {
  readonly now: Clock;
  readonly log: Log;
  readonly mailer: Mailer;
  readonly stores: (region: Region) => { readonly records: D1Database; readonly keys: RegionalKeys };
  readonly vault: (person: PersonId) => VaultStub;
}

/** What the verbs of this domain need from outside. */
export interface EmergencyPorts extends LetterPorts {
  readonly actor: PersonActor;
  /** Seals the actor's cursors. */
  readonly keys: RegionalKeys;
  readonly random: RandomBytes;
  readonly recordsOf: RecordsOf;
  /** Does work once the answer is on its way. It must not fail. */
  readonly later: (work: Promise<void>) => void;
}

/** The ports of the clock. */
export function letterPorts(env: Env, now: Clock): LetterPorts {
  return {
    now,
    log: consoleLog,
    mailer: mailer(env, now),
    stores(region) {
      const { records, keys } = regional(env, region);
      return { records, keys: regionalKeys(keys) };
    },
    vault: (person) => vaultOf(env, person),
  };
}

/** The ports of a request of a signed-in person. */
export function emergencyPorts(c: AppContext): EmergencyPorts {
  const actor = personOf(c);
  return {
    ...letterPorts(c.env, c.get("now")),
    actor,
    keys: regionalKeys(regional(c.env, regionOf(actor.person)).keys),
    random: systemRandom,
    recordsOf: (region) => regional(c.env, region).records,
    later: (work) => c.executionCtx.waitUntil(work),
  };
}
