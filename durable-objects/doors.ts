import { type BoardId, type ImportId, type PersonId, regionOf, type RoomId } from "../shared/id";
import { openIn, type Region } from "../shared/region";
import type { Board } from "./board/board";
import type { Gate } from "./gate/gate";
import type { Importer } from "./importer/importer";
import type { Room } from "./room/room";
import type { Vault } from "./vault/vault";

/** The region's bucket, queues and keys, as objects see them. Objects never touch D1. */
export interface RegionalStores {
  readonly files: R2Bucket;
  readonly sync: Queue;
  readonly fhir: Queue;
  readonly hooks: Queue;
  readonly keys: string;
}

/** The only resolver of regional bindings for objects. */
export function storesOf(env: Env, region: Region): RegionalStores {
  switch (region) {
    case "eu":
      return { files: env.FILES_EU, sync: env.SYNC_EU, fhir: env.FHIR_EU, hooks: env.HOOKS_EU, keys: env.KEYS_EU };
    case "us":
      return { files: env.FILES_US, sync: env.SYNC_US, fhir: env.FHIR_US, hooks: env.HOOKS_US, keys: env.KEYS_US };
    case "ap":
      return { files: env.FILES_AP, sync: env.SYNC_AP, fhir: env.FHIR_AP, hooks: env.HOOKS_AP, keys: env.KEYS_AP };
  }
}

/** A person's vault, opened from another object. */
export function vaultDoor(env: Env, person: PersonId): DurableObjectStub<Vault> {
  return openIn<DurableObjectStub<Vault>>(env.VAULTS, regionOf(person), person, env.RESIDENCY);
}

/** The object that runs one import, opened from another object. */
export function importerDoor(env: Env, id: ImportId): DurableObjectStub<Importer> {
  return openIn<DurableObjectStub<Importer>>(env.IMPORTERS, regionOf(id), id, env.RESIDENCY);
}

/** The object that counts one limit exactly. */
export function gateDoor(env: Env, region: Region, name: string): DurableObjectStub<Gate> {
  return openIn<DurableObjectStub<Gate>>(env.GATES, region, name, env.RESIDENCY);
}

/** A conversation, opened from another object. */
export function roomDoor(env: Env, id: RoomId): DurableObjectStub<Room> {
  return openIn<DurableObjectStub<Room>>(env.ROOMS, regionOf(id), id, env.RESIDENCY);
}

/** One of the further parts of a large board, from 1. */
export function boardPartDoor(env: Env, id: BoardId, part: number): DurableObjectStub<Board> {
  return openIn<DurableObjectStub<Board>>(env.BOARDS, regionOf(id), `${id}.${part}`, env.RESIDENCY);
}

/** A board, opened from another object. */
export function boardDoor(env: Env, id: BoardId): DurableObjectStub<Board> {
  return openIn<DurableObjectStub<Board>>(env.BOARDS, regionOf(id), id, env.RESIDENCY);
}
