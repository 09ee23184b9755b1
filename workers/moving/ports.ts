import type { Importer } from "../../durable-objects/importer/importer";
import type { Vault } from "../../durable-objects/vault/vault";
import type { Clock } from "../../shared/clock";
import type { ImportId, PersonId } from "../../shared/id";
import { type ErasurePorts, erasurePorts } from "../erasure";
import { importerOf, vaultOf } from "../regional";

type MovingVault = Pick<
  Vault,
  | "freeze"
  | "resume"
  | "rowsToMove"
  | "logIsIntact"
  | "copySlice"
  | "compareSlice"
  | "reseal"
  | "farewell"
  | "beginArrival"
  | "arrive"
  | "discard"
  | "labFileNames"
  | "openLabFile"
  | "takeLabFile"
  | "regrant"
  | "seal"
  | "unseal"
  | "allRooms"
>;

/** What a move needs from outside: both regions, both vaults, and the erasure of what stays behind. */
export interface MovePorts extends Omit<ErasurePorts, "vault"> {
  vault(person: PersonId): MovingVault;
  /** The object of an import that has ended. */
  ended(id: ImportId): Pick<Importer, "follow">;
  readonly erasure: ErasurePorts;
}

export function movePorts(env: Env, now: Clock): MovePorts {
  const erasure = erasurePorts(env, now);
  return { ...erasure, vault: (person) => vaultOf(env, person), ended: (id) => importerOf(env, id), erasure };
}
