import { type ImportId, newId } from "../../shared/id";
import { refuseFirstBytes } from "../../shared/imports/first-bytes";
import type { ImportKind } from "../../shared/imports/kinds";
import { type PublicImport, publicImport, uploadKey } from "../../shared/imports/status";
import { problem } from "../../shared/problem";
import type { ImportPorts } from "./ports";
import type { Announcement } from "./schemas";
import { peek, storeUpload } from "./store-upload";

/** Enough to see the root element behind the long document type of an export. */
const PEEKED_BYTES = 32 * 1024;

export interface Upload {
  readonly kind: ImportKind;
  readonly fileName: string;
  readonly body: ReadableStream<Uint8Array>;
  /** Declared length in bytes, where there is one. */
  readonly length: number | undefined;
}

/**
 * Takes a file as a stream and starts its import. Throws `file_unreadable` where the first bytes show that it is something else: then
 * nothing is stored, and no import exists.
 */
export async function startImport(ports: ImportPorts, upload: Upload): Promise<PublicImport> {
  await ports.admit("write");
  const body = await peek(upload.body, PEEKED_BYTES);
  const refusal = refuseFirstBytes(upload.kind, body.first);
  if (refusal !== undefined) {
    await body.rest.cancel();
    throw problem("file_unreadable", refusal);
  }
  const id = await createImport(ports, upload.kind, upload.fileName, upload.length ?? 0);
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
  const id = await createImport(ports, announced.kind, announced.fileName, announced.size);
  const status = await ports.importer(id).status(ports.actor.person);
  return { ...publicImport(status), uploadUrl: await ports.presign(uploadKey(id)) };
}

async function createImport(ports: ImportPorts, kind: ImportKind, fileName: string, size: number): Promise<ImportId> {
  const { actor, region, now, random, records } = ports;
  // An export may bring birth date, sex and height, of which the account must know that the vault has them.
  if (kind === "meridian-export") await records.prepare("update people set detailed = 1 where id = ?").bind(actor.person).run();
  const id = newId("import", region, now(), random);
  await ports.importer(id).create(actor.person, kind, fileName, size);
  await records.prepare("insert into imports (id, person_id, created_at) values (?, ?, ?)").bind(id, actor.person, now()).run();
  return id;
}
