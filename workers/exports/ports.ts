import type { Clock } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import type { SealedPlace } from "../../shared/crypto/sealing";
import type { AccountFacts, ExportStatus } from "../../shared/exports/status";
import type { AppContext } from "../../shared/http/app-env";
import { type ExportId, type PersonId, type RandomBytes, regionOf, systemRandom } from "../../shared/id";
import type { Region } from "../../shared/region";
import { exporterOf, regional, vaultOf } from "../regional";

/** The object that runs one export, as far as this domain calls it. */
export interface ExportObject {
  create(owner: PersonId, facts: readonly AccountFacts[]): Promise<ExportStatus>;
  status(person: PersonId): Promise<ExportStatus>;
  remove(person: PersonId): Promise<ExportStatus>;
  file(person: PersonId): Promise<{ readonly key: string; readonly createdAt: number }>;
}

/** What the verbs of this domain need from outside, in the person's region. */
export interface ExportPorts {
  readonly actor: PersonActor;
  readonly region: Region;
  readonly now: Clock;
  readonly random: RandomBytes;
  readonly records: D1Database;
  /** The records of another region, where rows of others name the person. */
  readonly recordsOf: (region: Region) => D1Database;
  readonly files: R2Bucket;
  readonly keys: RegionalKeys;
  /** Logs the access; throws `session_ended` where the actor's session has ended. */
  admit(action: "read" | "export" | "manage", about?: readonly string[]): Promise<void>;
  openExport(id: ExportId): Promise<{ readonly running: string | null }>;
  closeExport(id: string): Promise<void>;
  unseal(place: SealedPlace, sealed: string): Promise<string>;
  exporter(id: ExportId): ExportObject;
}

/** The ports of a request of a signed-in person. */
export function exportPorts(c: AppContext, actor: PersonActor): ExportPorts {
  const region = regionOf(actor.person);
  const { records, files, keys } = regional(c.env, region);
  const vault = vaultOf(c.env, actor.person);
  return {
    actor,
    region,
    now: c.get("now"),
    random: systemRandom,
    records,
    recordsOf: (one) => regional(c.env, one).records,
    files,
    keys: regionalKeys(keys),
    admit: async (action, about = []) => await vault.admit(actor, { action, resource: "export", about: [...about] }),
    openExport: async (id) => await vault.openExport(actor, id),
    closeExport: async (id) => await vault.closeExport(id),
    unseal: async (place, sealed) => await vault.unseal(place, sealed),
    exporter: (id) => exporterOf(c.env, id),
  };
}
