import type { Clock } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type AppContext, personOf } from "../../shared/http/app-env";
import { type RandomBytes, regionOf, systemRandom } from "../../shared/id";
import type { Region } from "../../shared/region";
import { regional } from "../regional";
import { isWellProven } from "../sessions";

/** What the verbs about organisations need from outside. */
export interface PartnerPorts {
  readonly actor: PersonActor;
  readonly region: Region;
  /** The records of the actor's region, which are those of their organisations too. */
  readonly records: D1Database;
  /** Seals the actor's cursors. */
  readonly keys: RegionalKeys;
  readonly now: Clock;
  readonly random: RandomBytes;
  /** Whether the actor has proven themselves with two factors within the last five minutes. */
  readonly isProven: () => Promise<boolean>;
}

/** The ports of a request of a signed-in person. */
export function partnerPorts(c: AppContext): PartnerPorts {
  const actor = personOf(c);
  const region = regionOf(actor.person);
  const { records, keys } = regional(c.env, region);
  return {
    actor,
    region,
    records,
    keys: regionalKeys(keys),
    now: c.get("now"),
    random: systemRandom,
    isProven: async () => await isWellProven(c),
  };
}
