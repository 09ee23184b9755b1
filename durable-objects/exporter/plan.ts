import { fileEnd } from "../../shared/fhir/binary";
import { MANIFEST } from "../../shared/exports/manifest";
import type { AccountFacts } from "../../shared/exports/status";
import { parseId, type PersonId } from "../../shared/id";
import { type PublicImport, publicImport, uploadKey } from "../../shared/imports/status";
import { isProblem } from "../../shared/problem";
import { importerDoor } from "../doors";
import type { ExportPlan } from "../vault/export/exports";
import type { Plan } from "./books";

export const IMPORTS = "imports";
export const UPLOADS = "uploads";
/** Files of laboratory reports. */
export const LAB_DOCUMENTS = "lab-documents";
export const FHIR_FILES = "fhir-files";
/** An upload in the archive is worth so many bytes a record of progress. */
const BYTES_A_RECORD = 10_000;

const README = `This archive holds what Meridian stores of one person.

manifest.json   what is in it: every file with its kind, its records, its bytes and its SHA-256
*.ndjson        one JSON object a line; an import of this archive reads these
*.csv           the same for spreadsheets; a text that begins like a formula has an apostrophe before it
samples/        readings of every second or minute, a file for each metric and year
readings/       all other readings, a file for each metric
fhir-*.ndjson   the readings and laboratory results as FHIR R4 resources
uploads/        files that were uploaded and are not imported yet
lab-documents/  the files of laboratory reports, by the report's id
fhir-files/     the files of Binary resources, by the resource's id

Times carry their offset from UTC. Values are in the unit that the line or the manifest names.
`;

export interface PlannedEntry {
  readonly name: string;
  readonly plan: Plan;
  readonly weight: number;
}

/** The files of an archive in their order. */
export function planFiles(
  facts: readonly AccountFacts[],
  plan: ExportPlan,
  uploads: readonly { readonly key: string; readonly name: string; readonly size: number }[],
): PlannedEntry[] {
  const formats = ["ndjson", "csv"] as const;
  return [
    { name: "README.txt", plan: { from: "text", kind: "readme", text: README }, weight: 1 },
    ...facts.flatMap(({ kind, records }) =>
      formats.map((format) => ({
        name: `${kind}.${format}`,
        plan: { from: "account" as const, kind, format },
        weight: records.length + 1,
      })),
    ),
    ...plan.files.map((file) => ({ name: file.name, plan: { from: "vault" as const, file }, weight: file.records + 1 })),
    ...uploads.map(({ key, name, size }) => ({
      name: `${UPLOADS}/${name}`,
      plan: { from: "upload" as const, kind: UPLOADS, key, size },
      weight: Math.ceil(size / BYTES_A_RECORD) + 1,
    })),
    ...plan.documents.map(({ report, size, type }) => ({
      name: type === undefined ? `${LAB_DOCUMENTS}/${report}.pdf` : `${FHIR_FILES}/${report.slice("Binary/".length)}.${fileEnd(type)}`,
      plan: { from: "document" as const, kind: type === undefined ? LAB_DOCUMENTS : FHIR_FILES, report, size },
      weight: Math.ceil(size / BYTES_A_RECORD) + 1,
    })),
    { name: MANIFEST, plan: { from: "manifest" }, weight: 1 },
  ];
}

/** What the imports of a list say of themselves, and which of their files are still there. */
export async function readImports(
  env: Env,
  files: R2Bucket,
  owner: PersonId,
  facts: AccountFacts,
): Promise<{ facts: AccountFacts; uploads: { key: string; name: string; size: number }[] }> {
  const records: Readonly<Record<string, unknown>>[] = [];
  const uploads: { key: string; name: string; size: number }[] = [];
  for (const record of facts.records) {
    const id = parseId("import", String(record["id"]));
    if (id === undefined) continue;
    records.push({ ...record, ...(await statusOf(env, owner, id)) });
    const file = await files.head(uploadKey(id));
    if (file !== null) uploads.push({ key: uploadKey(id), name: id, size: file.size });
  }
  const columns = ["id", "createdAt", "kind", "fileName", "state", "progress", "finishedAt", "report", "problem"];
  return { facts: { kind: facts.kind, columns, records }, uploads };
}

async function statusOf(env: Env, owner: PersonId, id: Parameters<typeof importerDoor>[1]): Promise<Partial<PublicImport>> {
  try {
    return publicImport(await importerDoor(env, id).status(owner));
  } catch (error) {
    // One that was never created: its row is all there is.
    if (isProblem(error) && error.code === "not_found") return {};
    throw error;
  }
}
