import type { Importer } from "../../durable-objects/importer/importer";
import type { Vault } from "../../durable-objects/vault/vault";
import type { Clock } from "../../shared/clock";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type ImportId, type PersonId, type RandomBytes, systemRandom } from "../../shared/id";
import { consoleLog, type Log } from "../../shared/log";
import type { Region } from "../../shared/region";
import { type Mailer, mailer } from "../mail";
import { importerOf, regional, vaultOf } from "../regional";

/** What an erasure needs from outside: every place where something of a person can lie. */
export interface ErasurePorts {
  readonly now: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  readonly directory: D1Database;
  stores(region: Region): { readonly records: D1Database; readonly files: R2Bucket; readonly keys: RegionalKeys };
  vault(person: PersonId): Pick<Vault, "close" | "inventory" | "endGrants" | "destroy">;
  importer(id: ImportId): Pick<Importer, "erase">;
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
    mailer: mailer(env, now),
  };
}
