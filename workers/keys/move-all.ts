import { REGIONS } from "../../shared/region";
import { countOld, type KeyStatus } from "./count-old";
import { directoryAddresses, directoryHandles, directoryIdentities, vendorAccounts } from "./move-directory";
import {
  lastLetters,
  programmeKeys,
  regionalAddresses,
  regionalIdentities,
  vendorCredentials,
  webhookSecrets,
  wrappedKeys,
} from "./move-regional";
import { moveTombstones } from "./move-tombstones";
import { noteKeys } from "./note-keys";
import { type KeyPorts, keyPorts } from "./ports";
import { type Moved, moveSlice, SLICE } from "./slice";

/**
 * Moves a slice of everything that can be moved without its person, in every region and the directory; `limit` counts for each kind. Only
 * pointers are handled here: each vault opens, wraps and hashes its own.
 */
export async function moveKeys(ports: KeyPorts, limit = SLICE): Promise<Moved> {
  const slices = await Promise.all([
    ...REGIONS.flatMap((region) => [
      moveSlice(wrappedKeys(ports, region), ports.log, limit),
      moveSlice(programmeKeys(ports, region), ports.log, limit),
      moveSlice(lastLetters(ports, region), ports.log, limit),
      moveSlice(webhookSecrets(ports, region), ports.log, limit),
      moveSlice(vendorCredentials(ports, region), ports.log, limit),
      moveSlice(regionalAddresses(ports, region), ports.log, limit),
      moveSlice(regionalIdentities(ports, region), ports.log, limit),
      moveTombstones(ports, ports.regions[region], limit),
    ]),
    moveSlice(directoryAddresses(ports), ports.log, limit),
    moveSlice(directoryIdentities(ports), ports.log, limit),
    moveSlice(directoryHandles(ports), ports.log, limit),
    moveSlice(vendorAccounts(ports), ports.log, limit),
  ]);
  return slices.reduce((sum, { moved, failed }) => ({ moved: sum.moved + moved, failed: sum.failed + failed }), { moved: 0, failed: 0 });
}

/** The move of all keys, for the clock; returns how many rows were moved. Where no ring has an older version it reads the notes alone. */
export async function moveAllKeys(env: Env, now: number): Promise<number> {
  const ports = keyPorts(env, () => now);
  const { moved } = await moveKeys(ports);
  await noteKeys(ports, await countOld(ports));
  return moved;
}

/** One slice at once, for the operator, and what is left after it. */
export async function moveNow(ports: KeyPorts): Promise<Moved & { readonly status: KeyStatus }> {
  const { moved, failed } = await moveKeys(ports);
  const status = await countOld(ports);
  await noteKeys(ports, status);
  return { moved, failed, status };
}
