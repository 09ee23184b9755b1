import type { Clock } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import type { AppContext } from "../../shared/http/app-env";
import { type ImportId, type PersonId, type RandomBytes, regionOf, systemRandom } from "../../shared/id";
import type { CsvMapping } from "../../shared/imports/csv/mapping";
import type { LabTest } from "../../shared/labs/lab-test";
import type { AskedKind } from "../../shared/imports/kinds";
import type { ImportStatus } from "../../shared/imports/status";
import type { Region } from "../../shared/region";
import { importerOf, regional, vaultOf } from "../regional";
import { type Presigner, presigner } from "./presign-upload";

/** What the person wants beyond the plain reading of a file. */
export interface ImportOptions {
  readonly dryRun?: boolean;
  /** How the columns of a table are to be read. */
  readonly mapping?: CsvMapping;
  /** Tests that administrators of the region added: results are matched to them too. */
  readonly labTests?: readonly LabTest[];
}

/** The object that runs one import, as far as this domain calls it. */
export interface ImportObject {
  create(owner: PersonId, kind: AskedKind, fileName: string, size: number, options: ImportOptions): Promise<ImportStatus>;
  start(person: PersonId): Promise<ImportStatus>;
  remap(person: PersonId, mapping: CsvMapping): Promise<ImportStatus>;
  undo(person: PersonId): Promise<ImportStatus>;
  status(person: PersonId): Promise<ImportStatus>;
  cancel(person: PersonId): Promise<ImportStatus>;
  erase(person: PersonId): Promise<void>;
}

/** What the verbs of this domain need from outside, in the person's region. */
export interface ImportPorts {
  readonly actor: PersonActor;
  readonly region: Region;
  readonly now: Clock;
  readonly random: RandomBytes;
  readonly records: D1Database;
  readonly files: R2Bucket;
  readonly keys: RegionalKeys;
  /** Signs upload URLs; undefined where that is switched off. */
  readonly presign: Presigner | undefined;
  /** Logs the access; throws `session_ended` where the actor's session has ended. */
  admit(action: "read" | "write"): Promise<void>;
  importer(id: ImportId): ImportObject;
}

/** The ports of a request of a signed-in person. */
export function importPorts(c: AppContext, actor: PersonActor): ImportPorts {
  const region = regionOf(actor.person);
  const { records, files, keys } = regional(c.env, region);
  return {
    actor,
    region,
    now: c.get("now"),
    random: systemRandom,
    records,
    files,
    keys: regionalKeys(keys),
    presign: presigner(
      {
        account: c.env.R2_ACCOUNT,
        accessKeyId: c.env.R2_ACCESS_KEY_ID,
        secretAccessKey: c.env.R2_SECRET_ACCESS_KEY,
        localOrigin: c.env.RESIDENCY === "off" ? new URL(c.req.url).origin : undefined,
      },
      region,
    ),
    async admit(action) {
      await vaultOf(c.env, actor.person).admit(actor, { action, resource: "import" });
    },
    importer: (id) => importerOf(c.env, id),
  };
}
