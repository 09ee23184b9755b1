import type { Board } from "../../durable-objects/board/board";
import type { Exporter } from "../../durable-objects/exporter/exporter";
import type { Importer } from "../../durable-objects/importer/importer";
import type { Programme } from "../../durable-objects/programme/programme";
import type { Room } from "../../durable-objects/room/room";
import type { Vault } from "../../durable-objects/vault/vault";
import type { Clock } from "../../shared/clock";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import {
  type BoardId,
  type ExportId,
  type ImportId,
  type PersonId,
  type ProgrammeId,
  type RandomBytes,
  type RoomId,
  systemRandom,
} from "../../shared/id";
import { consoleLog, type Log } from "../../shared/log";
import type { Region } from "../../shared/region";
import { type Mailer, mailer } from "../mail";
import { boardOf, exporterOf, importerOf, programmeOf, regional, roomOf, vaultOf } from "../regional";

/** What an erasure needs from outside: every place where something of a person can lie. */
export interface ErasurePorts {
  readonly now: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  readonly directory: D1Database;
  stores(region: Region): { readonly records: D1Database; readonly files: R2Bucket; readonly keys: RegionalKeys };
  vault(person: PersonId): Pick<Vault, "close" | "inventory" | "takeLeave" | "forgetOwner" | "endGrants" | "destroy">;
  importer(id: ImportId): Pick<Importer, "erase">;
  exporter(id: ExportId): Pick<Exporter, "erase">;
  programme(id: ProgrammeId): Pick<Programme, "forget">;
  board(id: BoardId): Pick<Board, "forget">;
  room(id: RoomId): Pick<Room, "forget" | "follow">;
  readonly mailer: Mailer;
}

/** Ports of the deployment; `now` is the clock's tick or the request's. */
export function erasurePorts(env: Env, now: Clock): ErasurePorts {
  return {
    now,
    random: systemRandom,
    log: consoleLog,
    directory: env.DIRECTORY,
    stores(region) {
      const { records, files, keys } = regional(env, region);
      return { records, files, keys: regionalKeys(keys) };
    },
    vault: (person) => vaultOf(env, person),
    importer: (id) => importerOf(env, id),
    exporter: (id) => exporterOf(env, id),
    programme: (id) => programmeOf(env, id),
    board: (id) => boardOf(env, id),
    room: (id) => roomOf(env, id),
    mailer: mailer(env, now),
  };
}
