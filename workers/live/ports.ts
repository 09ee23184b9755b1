import type { Clock } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import type { AppContext } from "../../shared/http/app-env";
import { type PersonId, type RandomBytes, systemRandom } from "../../shared/id";
import type { Region } from "../../shared/region";
import { regional, vaultOf } from "../regional";

/** What a vault does for live streams. */
export interface LiveVault {
  admit(actor: PersonActor): Promise<unknown>;
  fetch(url: string, init: { readonly headers: Record<string, string> }): Promise<Response>;
}

/** What the verbs of this domain need from outside. */
export interface LivePorts {
  readonly now: Clock;
  readonly random: RandomBytes;
  keys(region: Region): RegionalKeys;
  vault(person: PersonId): LiveVault;
}

/** The ports of a request. */
export function livePorts(c: AppContext): LivePorts {
  return {
    now: c.get("now"),
    random: systemRandom,
    keys: (region) => regionalKeys(regional(c.env, region).keys),
    vault: (person) => vaultOf(c.env, person),
  };
}
