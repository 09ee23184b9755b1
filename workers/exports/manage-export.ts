import { type PublicExport, publicExport } from "../../shared/exports/status";
import { type ExportId, regionOf } from "../../shared/id";
import { notFound } from "../../shared/problem";
import type { ExportObject, ExportPorts } from "./ports";

/** One's own export. Throws `not_found` for an unknown one and for another person's alike. */
export async function readExport(ports: ExportPorts, id: ExportId | undefined): Promise<PublicExport> {
  const exporter = await enter(ports, "read", id);
  return publicExport(await exporter.status(ports.actor.person));
}

/** Stops an export, or deletes the file of one that is done. */
export async function removeExport(ports: ExportPorts, id: ExportId | undefined): Promise<PublicExport> {
  const exporter = await enter(ports, "manage", id);
  return publicExport(await exporter.remove(ports.actor.person));
}

/** Logs the access, and opens the export where it may be the person's. */
export async function enter(ports: ExportPorts, action: "read" | "export" | "manage", id: ExportId | undefined): Promise<ExportObject> {
  await ports.admit(action, id === undefined ? [] : [id]);
  if (id === undefined || regionOf(id) !== ports.region) throw notFound("export");
  return ports.exporter(id);
}
