import { type ImportId, regionOf } from "../../shared/id";
import type { CsvMapping } from "../../shared/imports/csv/mapping";
import { type ImportStatus, type PublicImport, publicImport } from "../../shared/imports/status";
import { notFound } from "../../shared/problem";
import type { ImportObject, ImportPorts } from "./ports";

/** One's own import. Throws `not_found` for an unknown one and for another person's alike. */
export async function readImport(ports: ImportPorts, id: ImportId | undefined): Promise<PublicImport> {
  return await call(ports, "read", id, (importer) => importer.status(ports.actor.person));
}

/** Starts an import after its file has been uploaded, or confirms a dry run. Throws `conflict` where there is no file. */
export async function startUploadedImport(ports: ImportPorts, id: ImportId | undefined): Promise<PublicImport> {
  return await call(ports, "write", id, (importer) => importer.start(ports.actor.person));
}

/** Reads a dry run again with other columns. Throws `conflict` where it does not wait to be confirmed. */
export async function mapImport(ports: ImportPorts, id: ImportId | undefined, mapping: CsvMapping): Promise<PublicImport> {
  return await call(ports, "write", id, (importer) => importer.remap(ports.actor.person, mapping));
}

/** Takes back what an import brought. Throws `conflict` where it has not ended. */
export async function undoImport(ports: ImportPorts, id: ImportId | undefined): Promise<PublicImport> {
  return await call(ports, "write", id, (importer) => importer.undo(ports.actor.person));
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
