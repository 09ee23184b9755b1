import type { Clock } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import type { AppContext } from "../../shared/http/app-env";
import { type PersonId, type RandomBytes, type SessionId, systemRandom } from "../../shared/id";
import type { Admission } from "../../shared/live/admission";
import type { Region } from "../../shared/region";
import type { RecordsOf } from "../consents";
import { regional, vaultOf } from "../regional";

/** What a vault does for live streams. */
export interface LiveVault {
  admit(actor: PersonActor): Promise<unknown>;
  sendToWatch(actor: PersonActor, owner: PersonId, until: number, ticket?: Admission["ticket"]): Promise<unknown>;
  dismissReader(person: PersonId, session?: SessionId): Promise<unknown>;
  fetch(url: string, init: { readonly headers: Record<string, string> }): Promise<Response>;
}

/** What the verbs of this domain need from outside. */
export interface LivePorts {
  readonly now: Clock;
  readonly random: RandomBytes;
  keys(region: Region): RegionalKeys;
  vault(person: PersonId): LiveVault;
}

/** The same, with the records that say who reads in which role. */
export interface WatchPorts extends LivePorts {
  readonly recordsOf: RecordsOf;
}

/** The ports of a request. */
export function livePorts(c: AppContext): WatchPorts {
  return {
    now: c.get("now"),
    random: systemRandom,
    keys: (region) => regionalKeys(regional(c.env, region).keys),
    recordsOf: (region) => regional(c.env, region).records,
    vault: (person) => vaultOf(c.env, person),
  };
}
