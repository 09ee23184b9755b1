import type { Room } from "../../durable-objects/room/room";
import type { Vault } from "../../durable-objects/vault/vault";
import { type Clock, systemClock } from "../../shared/clock";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import type { AppContext } from "../../shared/http/app-env";
import { type PersonId, type RandomBytes, type RoomId, systemRandom } from "../../shared/id";
import type { Region } from "../../shared/region";
import type { RecordsOf } from "../consents";
import { regional, roomOf, vaultOf } from "../regional";
import { areBlocked, areFriends, socialContext } from "../social";

export type RoomStub = DurableObjectStub<Room>;

/** What a vault does for conversations. */
export type MessagingVault = Pick<
  Vault,
  "enterRooms" | "sendToRoom" | "rooms" | "directRoomWith" | "claimDirectRoom" | "workouts" | "workout" | "meal" | "fhir" | "sharedWith"
>;

/** What the verbs of this domain need from outside. */
export interface RoomPorts {
  readonly now: Clock;
  readonly random: RandomBytes;
  readonly origin: string;
  readonly recordsOf: RecordsOf;
  keys(region: Region): RegionalKeys;
  files(region: Region): R2Bucket;
  vault(person: PersonId): MessagingVault;
  room(id: RoomId): RoomStub;
  /** Whether one of two people has blocked the other. */
  areBlocked(a: PersonId, b: PersonId): Promise<boolean>;
  /** Whether messages may flow between two people without being asked for first. */
  areFriends(a: PersonId, b: PersonId): Promise<boolean>;
}

/** Ports of the deployment; for other domains and jobs. */
export function roomPorts(env: Env, now: Clock = systemClock): RoomPorts {
  return {
    now,
    random: systemRandom,
    origin: env.ORIGIN,
    recordsOf: (region) => regional(env, region).records,
    keys: (region) => regionalKeys(regional(env, region).keys),
    files: (region) => regional(env, region).files,
    vault: (person) => vaultOf(env, person),
    room: (id) => roomOf(env, id),
    areBlocked: async (a, b) => await areBlocked(socialContext(env, now), a, b),
    areFriends: async (a, b) => await areFriends(socialContext(env, now), a, b),
  };
}

/** The same, of a request. */
export function requestPorts(c: AppContext): RoomPorts {
  return roomPorts(c.env, c.get("now"));
}
