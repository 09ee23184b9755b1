import type { Room } from "../../durable-objects/room/room";
import type { Clock } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type AppContext, personOf } from "../../shared/http/app-env";
import { type PersonId, type RandomBytes, regionOf, type RoomId, systemRandom } from "../../shared/id";
import type { Region } from "../../shared/region";
import { notify, type NotificationType } from "../notifications";
import { regional, roomOf } from "../regional";
import { appendSecurityEvent, securityPorts } from "../security";

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
  room(id: RoomId): Pick<Room, "decideHanded">;
  /** Writes down, in a region's chain of security events, that the actor was shown reports of conversations. */
  readonly noteRead: (region: Region, reports: { readonly first: string; readonly last: string; readonly n: number }) => Promise<void>;
}

/**
 * `about` holds pointers. With `names` the actor is called by name, since they introduce themselves by what they do; `what` is the name of a group.
 */
export type Tell = (
  person: PersonId,
  type: NotificationType,
  key: string,
  about: Readonly<Record<string, string>>,
  words?: { readonly names?: true; readonly what?: string },
) => Promise<void>;

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
    tell: teller(c, actor.person),
    room: (id) => roomOf(c.env, id),
    noteRead: async (where, detail) =>
      void (await appendSecurityEvent(securityPorts(c.env, where, c.get("now")), { kind: "reports_read", actor: actor.person, detail })),
  };
}

/** After the answer, so that how long it took tells nothing of anybody; nobody is told who is not registered. What was done is done, whatever becomes of it. */
function teller(c: AppContext, by: PersonId): Tell {
  return async (person, type, key, about, words = {}) => {
    const recordsOf = (region: Region) => regional(c.env, region).records;
    const told = async () => {
      const [there, name] = await Promise.all([
        recordsOf(regionOf(person)).prepare("select 1 from people where id = ?").bind(person).first(),
        words.names === true
          ? recordsOf(regionOf(by)).prepare("select name from people where id = ?").bind(by).first<string>("name")
          : null,
      ]);
      if (there === null) return;
      await notify(c.env, {
        person,
        type,
        key,
        about,
        words: { ...(name === null ? {} : { who: name }), ...(words.what === undefined ? {} : { what: words.what }) },
      });
    };
    c.executionCtx.waitUntil(told().catch(() => undefined));
    await Promise.resolve();
  };
}
