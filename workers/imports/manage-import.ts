import { type ImportId, regionOf } from "../../shared/id";
import { type ImportStatus, type PublicImport, publicImport } from "../../shared/imports/status";
import { notFound } from "../../shared/problem";
import type { ImportObject, ImportPorts } from "./ports";

/** One's own import. Throws `not_found` for an unknown one and for another person's alike. */
export async function readImport(ports: ImportPorts, id: ImportId | undefined): Promise<PublicImport> {
  return await call(ports, "read", id, (importer) => importer.status(ports.actor.person));
}

/** Starts an import after its file has been uploaded. Throws `conflict` where it has not. */
export async function startUploadedImport(ports: ImportPorts, id: ImportId | undefined): Promise<PublicImport> {
  return await call(ports, "write", id, (importer) => importer.start(ports.actor.person));
}

/** Stops an import; what it has stored stays. One that has ended stays as it is. */
export async function cancelImport(ports: ImportPorts, id: ImportId | undefined): Promise<PublicImport> {
  return await call(ports, "write", id, (importer) => importer.cancel(ports.actor.person));
}

async function call(
  ports: ImportPorts,
  action: "read" | "write",
  id: ImportId | undefined,
  act: (importer: ImportObject) => Promise<ImportStatus>,
): Promise<PublicImport> {
  await ports.admit(action);
  if (id === undefined || regionOf(id) !== ports.region) throw notFound("import");
  return publicImport(await act(ports.importer(id)));
}
