import type { Programme } from "../../durable-objects/programme/programme";
import type { Vault } from "../../durable-objects/vault/vault";
import type { Clock } from "../../shared/clock";
import { type DirectoryKeys, directoryKeys, type RegionalKeys } from "../../shared/crypto/keys";
import { parseId, type PersonId, type ProgrammeId, type RandomBytes, systemRandom } from "../../shared/id";
import { consoleLog, type Log } from "../../shared/log";
import { REGIONS, type Region } from "../../shared/region";
import { programmeOf, vaultOf } from "../regional";
import { type SecurityPorts, securityPorts } from "../security";

/** What a vault does for the keys: it moves and hashes what only it can open, and hands out hashes and versions alone. */
export type KeyVault = Pick<DurableObjectStub<Vault>, "rewrapKey" | "addressHashes" | "provenHashes" | "accountHashes">;

/** What the verbs of this domain need from outside. */
export interface KeyPorts {
  readonly now: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  readonly directory: { readonly records: D1Database; readonly keys: DirectoryKeys };
  readonly regions: Readonly<Record<Region, SecurityPorts & { readonly keys: RegionalKeys }>>;
  vault(person: PersonId): KeyVault;
  programme(id: ProgrammeId): Pick<DurableObjectStub<Programme>, "rewrapKey">;
}

export function keyPorts(env: Env, now: Clock, log: Log = consoleLog): KeyPorts {
  const [eu, us, ap] = REGIONS.map((region) => securityPorts(env, region, now));
  if (eu === undefined || us === undefined || ap === undefined) throw new TypeError("a region is missing");
  return {
    now,
    random: systemRandom,
    log,
    directory: { records: env.DIRECTORY, keys: directoryKeys(env.DIRECTORY_KEYS) },
    regions: { eu, us, ap },
    vault: (person) => vaultOf(env, person),
    programme: (id) => programmeOf(env, id),
  };
}

/** A person's id out of a row. */
export function personIn(text: string): PersonId {
  const person = parseId("person", text);
  if (person === undefined) throw new TypeError("a row names nobody");
  return person;
}
