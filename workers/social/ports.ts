import type { Clock } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type AppContext, personOf } from "../../shared/http/app-env";
import { type PersonId, type RandomBytes, regionOf, systemRandom } from "../../shared/id";
import type { Region } from "../../shared/region";
import { regional } from "../regional";

/** What reading relations between people needs. Other domains make one with `socialContext`. */
export interface SocialContext {
  readonly now: Clock;
  readonly recordsOf: (region: Region) => D1Database;
}

/** What the verbs of a signed-in person need from outside. */
export interface SocialPorts extends SocialContext {
  readonly actor: PersonActor;
  readonly region: Region;
  /** The records of the actor's region. */
  readonly records: D1Database;
  /** Seals the actor's cursors. */
  readonly keys: RegionalKeys;
  readonly random: RandomBytes;
  /** Tells somebody that something happened; `key` names the fact, so that nobody hears of it twice. Never fails: what was done is done. */
  readonly tell: Tell;
}

export type Told =
  | "friend_request"
  | "friend_accepted"
  | "group_invitation"
  | "group_request"
  | "comment"
  | "reaction"
  | "moderation"
  | "mention";
export type Tell = (person: PersonId, type: Told, key: string, about?: string) => Promise<void>;

export function socialContext(env: Env, now: Clock): SocialContext {
  return { now, recordsOf: (region) => regional(env, region).records };
}

/** The ports of a request of a signed-in person. */
export function socialPorts(c: AppContext): SocialPorts {
  const actor = personOf(c);
  const region = regionOf(actor.person);
  const { records, keys } = regional(c.env, region);
  return {
    ...socialContext(c.env, c.get("now")),
    actor,
    region,
    records,
    keys: regionalKeys(keys),
    random: systemRandom,
    tell: async () => undefined,
  };
}
