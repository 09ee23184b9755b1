import { type ImportId, newId } from "../../shared/id";
import { type AskedKind, AUTO, refuseLook } from "../../shared/imports/kinds";
import { HEAD_BYTES, lookAtHead } from "../../shared/imports/look";
import { type PublicImport, publicImport, uploadKey } from "../../shared/imports/status";
import { problem } from "../../shared/problem";
import { addedLabTests } from "../reference";
import type { ImportOptions, ImportPorts } from "./ports";
import type { Announcement } from "./schemas";
import { peek, storeUpload } from "./store-upload";

export interface Upload {
  readonly kind: AskedKind;
  readonly fileName: string;
  readonly body: ReadableStream<Uint8Array>;
  /** Declared length in bytes, where there is one. */
  readonly length: number | undefined;
  readonly dryRun: boolean;
}

/**
 * Takes a file as a stream and starts its import. Throws `file_unreadable` where the first bytes show that it is something else: then
 * nothing is stored, and no import exists.
 */
export async function startImport(ports: ImportPorts, upload: Upload): Promise<PublicImport> {
  await ports.admit("write");
  const body = await peek(upload.body, HEAD_BYTES);
  const refusal = refuseLook(upload.kind, lookAtHead(upload.fileName, body.first));
  if (refusal !== undefined) {
    await body.rest.cancel();
    throw problem("file_unreadable", refusal);
  }
  const id = await createImport(ports, upload.kind, upload.fileName, upload.length ?? 0, { dryRun: upload.dryRun });
  const importer = ports.importer(id);
  try {
    await storeUpload(ports.files, uploadKey(id), body, upload.length);
  } catch (error) {
    await importer.erase(ports.actor.person);
    await ports.records.prepare("delete from imports where id = ?").bind(id).run();
    throw error;
  }
  return publicImport(await importer.start(ports.actor.person));
}

/**
 * Prepares an import whose file the client will put into the region's bucket itself. Throws `unavailable` where presigned uploads are
 * switched off.
 */
export async function announceImport(ports: ImportPorts, announced: Announcement): Promise<PublicImport & { readonly uploadUrl: string }> {
  await ports.admit("write");
  if (ports.presign === undefined) throw problem("unavailable", "Presigned uploads are switched off; send the file as the body.");
  const { kind, fileName, size, dryRun = false, mapping } = announced;
  const id = await createImport(ports, kind, fileName, size, { dryRun, ...(mapping !== undefined && { mapping }) });
  const status = await ports.importer(id).status(ports.actor.person);
  return { ...publicImport(status), uploadUrl: await ports.presign(uploadKey(id)) };
}

/** Kinds of files in which laboratory results may stand. */
const MAY_HAVE_RESULTS: ReadonlySet<AskedKind> = new Set<AskedKind>([
  AUTO,
  "hl7v2",
  "cda",
  "fhir",
  "labs-csv",
  "labs-text",
  "meridian-export",
]);

async function createImport(
  ports: ImportPorts,
  kind: AskedKind,
  fileName: string,
  size: number,
  options: ImportOptions,
): Promise<ImportId> {
  const { actor, region, now, random, records } = ports;
  // An export may bring birth date, sex and height, of which the account must know that the vault has them.
  if (kind === "meridian-export" || kind === AUTO)
    await records.prepare("update people set detailed = 1 where id = ?").bind(actor.person).run();
  const labTests = MAY_HAVE_RESULTS.has(kind) ? await addedLabTests(records) : [];
  const id = newId("import", region, now(), random);
  await ports.importer(id).create(actor.person, kind, fileName, size, { ...options, labTests });
  await records.prepare("insert into imports (id, person_id, created_at) values (?, ?, ?)").bind(id, actor.person, now()).run();
  return id;
}
