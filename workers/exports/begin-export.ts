import { type ExportId, newId, parseId } from "../../shared/id";
import { type PublicExport, publicExport } from "../../shared/exports/status";
import { isProblem, problem } from "../../shared/problem";
import type { ExportPorts } from "./ports";
import { readAccount } from "./read-account";

/**
 * Begins an export of everything. Problems `step_up_required`, `session_ended`, `conflict` while another one runs, `rate_limited` past
 * five a day.
 */
export async function beginExport(ports: ExportPorts): Promise<PublicExport> {
  const { actor, region, now, random, records } = ports;
  const facts = await readAccount(ports);
  const id = newId("export", region, now(), random);
  await open(ports, id);
  try {
    // The list first: an export that nobody can find must not run.
    await records.prepare("insert into exports (id, person_id, created_at) values (?, ?, ?)").bind(id, actor.person, now()).run();
    return publicExport(await ports.exporter(id).create(actor.person, facts));
  } catch (error) {
    await ports.closeExport(id);
    throw error;
  }
}

/** Opens the vault for the export. One that the vault takes for running although its object has ended, or never began, makes way. */
async function open(ports: ExportPorts, id: ExportId): Promise<void> {
  const { running } = await ports.openExport(id);
  if (running === null) return;
  if (await isRunning(ports, parseId("export", running))) throw problem("conflict", "An export is under way: wait for it, or cancel it.");
  await ports.closeExport(running);
  if ((await ports.openExport(id)).running !== null) throw problem("conflict", "Another export has just begun.");
}

async function isRunning(ports: ExportPorts, id: ExportId | undefined): Promise<boolean> {
  if (id === undefined) return false;
  try {
    return (await ports.exporter(id).status(ports.actor.person)).state === "running";
  } catch (error) {
    if (isProblem(error) && error.code === "not_found") return false;
    throw error;
  }
}
