import type { Board } from "../durable-objects/board/board";
import type { Exporter } from "../durable-objects/exporter/exporter";
import type { Gate } from "../durable-objects/gate/gate";
import type { Importer } from "../durable-objects/importer/importer";
import type { Programme } from "../durable-objects/programme/programme";
import type { Room } from "../durable-objects/room/room";
import type { Vault } from "../durable-objects/vault/vault";
import { type BoardId, type ExportId, type ImportId, type PersonId, type ProgrammeId, regionOf, type RoomId } from "../shared/id";
import { openIn, type Region } from "../shared/region";

/** The stores of one region. */
export interface RegionalStores {
  readonly records: D1Database;
  readonly files: R2Bucket;
  readonly sync: Queue;
  readonly fhir: Queue;
  readonly hooks: Queue;
  /** The region's key ring, a JSON text: see `shared/crypto/keys.ts`. */
  readonly keys: string;
}

/** The only resolver of regional bindings. */
export function regional(env: Env, region: Region): RegionalStores {
  switch (region) {
    case "eu":
      return { records: env.RECORDS_EU, files: env.FILES_EU, sync: env.SYNC_EU, fhir: env.FHIR_EU, hooks: env.HOOKS_EU, keys: env.KEYS_EU };
    case "us":
      return { records: env.RECORDS_US, files: env.FILES_US, sync: env.SYNC_US, fhir: env.FHIR_US, hooks: env.HOOKS_US, keys: env.KEYS_US };
    case "ap":
      return { records: env.RECORDS_AP, files: env.FILES_AP, sync: env.SYNC_AP, fhir: env.FHIR_AP, hooks: env.HOOKS_AP, keys: env.KEYS_AP };
  }
}

/** The only door to a person's vault. */
export function vaultOf(env: Env, person: PersonId): DurableObjectStub<Vault> {
  return openIn<DurableObjectStub<Vault>>(env.VAULTS, regionOf(person), person, env.RESIDENCY);
}

/** The object that runs one import. */
export function importerOf(env: Env, id: ImportId): DurableObjectStub<Importer> {
  return openIn<DurableObjectStub<Importer>>(env.IMPORTERS, regionOf(id), id, env.RESIDENCY);
}

/** The object that runs one export. */
export function exporterOf(env: Env, id: ExportId): DurableObjectStub<Exporter> {
  return openIn<DurableObjectStub<Exporter>>(env.EXPORTERS, regionOf(id), id, env.RESIDENCY);
}

/** The object that counts one limit exactly; `name` is opaque (a keyed hash or a vendor id). */
export function gateOf(env: Env, region: Region, name: string): DurableObjectStub<Gate> {
  return openIn<DurableObjectStub<Gate>>(env.GATES, region, name, env.RESIDENCY);
}

/** The object of a research programme. */
export function programmeOf(env: Env, id: ProgrammeId): DurableObjectStub<Programme> {
  return openIn<DurableObjectStub<Programme>>(env.PROGRAMMES, regionOf(id), id, env.RESIDENCY);
}

/** The object that ranks one board. */
export function boardOf(env: Env, id: BoardId): DurableObjectStub<Board> {
  return openIn<DurableObjectStub<Board>>(env.BOARDS, regionOf(id), id, env.RESIDENCY);
}

/** The object of a conversation. */
export function roomOf(env: Env, id: RoomId): DurableObjectStub<Room> {
  return openIn<DurableObjectStub<Room>>(env.ROOMS, regionOf(id), id, env.RESIDENCY);
}
