import type { Board } from "../../durable-objects/board/board";
import type { Vault } from "../../durable-objects/vault/vault";
import type { Clock } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type AppContext, personOf } from "../../shared/http/app-env";
import { type BoardId, type ChallengeId, parseId, type PersonId, type RandomBytes, regionOf, systemRandom } from "../../shared/id";
import { isProblem } from "../../shared/problem";
import { REGIONS, type Region } from "../../shared/region";
import { dissolveRoom, openRoom, roomIdOf, type RoomPlan, roomPorts, systemMessage, withdrawMember } from "../messaging";
import { notify } from "../notifications";
import { payWon } from "../rewards";
import { boardOf, regional, vaultOf } from "../regional";
import {
  areBlocked,
  areFriends,
  friendsOf,
  groupsOf,
  hiddenFrom,
  isModerator,
  membersOf,
  roleIn,
  shareGroup,
  socialContext,
} from "../social";

/** What is asked of the ties between people. */
export interface Social {
  readonly areFriends: (a: PersonId, b: PersonId) => Promise<boolean>;
  /** Whether either has blocked the other. */
  readonly areBlocked: (a: PersonId, b: PersonId) => Promise<boolean>;
  /** Whom the person has blocked, and who has blocked them. */
  readonly hiddenFrom: (person: PersonId) => Promise<readonly PersonId[]>;
  readonly friendsOf: (person: PersonId) => Promise<readonly PersonId[]>;
  readonly groupsOf: (person: PersonId) => Promise<readonly string[]>;
  /** Whether somebody keeps order everywhere, in a session with a second factor. */
  readonly isModerator: (actor: PersonActor) => boolean;
  readonly isInGroup: (group: string, person: PersonId) => Promise<boolean>;
  readonly membersOf: (group: string) => Promise<readonly PersonId[]>;
  readonly shareGroup: (a: PersonId, b: PersonId) => Promise<boolean>;
}

type Told = "challenge_invitation" | "challenge_started" | "challenge_rank" | "challenge_ended" | "moderation";

/** What a challenge is called, from a version of it on. */
export interface Title {
  readonly title: string;
  readonly version: number;
}

/** A challenge's room. Each may be repeated. */
export interface RoomWork {
  /** Opens it, or takes people into it; it is called as the newest version of the challenge that it has heard of. */
  readonly open: (challenge: ChallengeId, title: Title, people: RoomPlan["members"]) => Promise<void>;
  /** Takes somebody out with what they said there. */
  readonly withdraw: (challenge: ChallengeId, person: PersonId) => Promise<void>;
  /** Has the room say something, once for its key. */
  readonly say: (challenge: ChallengeId, code: SystemCode, about: Readonly<Record<string, string | number>>) => Promise<void>;
  /** Ends and empties it. */
  readonly dissolve: (challenge: ChallengeId) => Promise<void>;
  /** Whether either of two people has blocked the other. */
  readonly areBlocked: (a: PersonId, b: PersonId) => Promise<boolean>;
}

type SystemCode = "round_started" | "round_closed" | "challenge_ended" | "challenge_cancelled";

/** What the clock needs. */
export interface WorkPorts {
  readonly now: Clock;
  readonly recordsOf: (region: Region) => D1Database;
  readonly vaultOf: (person: PersonId) => DurableObjectStub<Vault>;
  readonly boardOf: (id: BoardId) => DurableObjectStub<Board>;
  readonly room: RoomWork;
  /** Pays a reward of an organisation, once for its key; throws where it is to be tried again. */
  readonly pay: (person: PersonId, key: string, challenge: string, reward: string) => Promise<void>;
  /** Tells somebody of a challenge, once for each key. Never fails: what was done is done. */
  readonly tell: (person: PersonId, type: Told, key: string, challenge: string, title: string) => Promise<void>;
}

/** What the verbs of a person need from outside. */
export interface ChallengePorts extends WorkPorts {
  readonly actor: PersonActor;
  readonly vault: DurableObjectStub<Vault>;
  /** Seals the actor's cursors. */
  readonly keys: RegionalKeys;
  readonly random: RandomBytes;
  readonly social: Social;
  readonly regions: readonly Region[];
}

export function workPorts(env: Env, now: Clock): WorkPorts {
  return {
    now,
    recordsOf: (region) => regional(env, region).records,
    vaultOf: (person) => vaultOf(env, person),
    boardOf: (id) => boardOf(env, id),
    room: roomWork(env, now),
    async pay(person, key, challenge, reward) {
      await payWon(
        { env, now, recordsOf: (region) => regional(env, region).records },
        { person, key, about: challenge, prize: { reward } },
      );
    },
    async tell(person, type, key, challenge, title) {
      try {
        await notify(env, { person, type, key, about: { challenge }, words: { what: title }, thread: `challenge/${challenge}` });
      } catch {
        // Somebody who is being moved, or whose vault does not answer, finds it in the challenge.
      }
    },
  };
}

function roomWork(env: Env, now: Clock): RoomWork {
  const ports = roomPorts(env, now);
  return {
    async open(challenge, { title, version }, members) {
      await openRoom(ports, { kind: "challenge", key: challenge, name: title, nameVersion: version, members });
    },
    withdraw: async (challenge, person) => await withdrawMember(ports, roomIdOf(challenge), person),
    async say(challenge, code, about) {
      const key = [code, ...Object.values(about)].join(" ");
      try {
        await systemMessage(ports, roomIdOf(challenge), { key, code, about: { challenge, ...about } });
      } catch (error) {
        // A room that nobody was left in has been emptied: there is nobody to be told.
        if (!isProblem(error) || error.code !== "not_found") throw error;
      }
    },
    dissolve: async (challenge) => await dissolveRoom(ports, roomIdOf(challenge)),
    areBlocked: async (a, b) => await areBlocked(socialContext(env, now), a, b),
  };
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
    social: tiesOf(c.env, c.get("now")),
    regions: REGIONS,
  };
}

function tiesOf(env: Env, now: Clock): Social {
  const context = socialContext(env, now);
  return {
    areFriends: async (a, b) => await areFriends(context, a, b),
    areBlocked: async (a, b) => await areBlocked(context, a, b),
    hiddenFrom: async (person) => await hiddenFrom(context, person),
    friendsOf: async (person) => await friendsOf(context, person),
    groupsOf: async (person) => await groupsOf(context, person),
    isModerator,
    async isInGroup(text, person) {
      const group = parseId("socialGroup", text);
      return group !== undefined && (await roleIn(context, group, person)) !== undefined;
    },
    async membersOf(text) {
      const group = parseId("socialGroup", text);
      return group === undefined ? [] : (await membersOf(context, group)).map(({ person }) => person);
    },
    shareGroup: async (a, b) => await shareGroup(context, a, b),
  };
}
