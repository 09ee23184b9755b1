import { Uint8ArrayReader, Uint8ArrayWriter, ZipReader } from "@zip.js/zip.js";
import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { PersonActor } from "../shared/context";
import { type Manifest, manifestSchema } from "../shared/exports/manifest";
import { type AccountFacts, exportKey } from "../shared/exports/status";
import { newId, type PersonId, regionOf } from "../shared/id";
import { regional, vaultOf } from "../workers/regional";

/** What an archive holds, as a reader that is not ours reads it, with every checksum checked. */
export async function filesOf(bytes: Uint8Array): Promise<{ files: ReadonlyMap<string, string>; manifest: Manifest }> {
  const reader = new ZipReader(new Uint8ArrayReader(bytes), { checkSignature: true, useWebWorkers: false });
  const files = new Map<string, string>();
  for (const entry of await reader.getEntries()) {
    if (entry.directory) throw new TypeError("an archive has no folders");
    files.set(entry.filename, new TextDecoder().decode(await entry.getData(new Uint8ArrayWriter())));
  }
  await reader.close();
  return { files, manifest: manifestSchema.parse(JSON.parse(files.get("manifest.json") ?? "")) };
}

/** An export of a vault without the Worker before it. */
export async function beginExport(person: PersonId, actor: PersonActor, facts: readonly AccountFacts[] = []) {
  const id = newId("export", regionOf(person), Date.now());
  await vaultOf(env, person).openExport(actor, id);
  const exporter = env.EXPORTERS.getByName(id);
  await exporter.create(person, facts);
  return { id, exporter };
}

/** Runs an export to its end and answers the bytes of the archive. `each` runs before every slice of work. */
export async function archiveOf(
  person: PersonId,
  actor: PersonActor,
  each: (exporter: Awaited<ReturnType<typeof beginExport>>["exporter"]) => Promise<void> = async () => undefined,
): Promise<Uint8Array> {
  const { id, exporter } = await beginExport(person, actor);
  for (let turn = 0; turn < 1_000; turn++) {
    const { state, problem } = await exporter.status(person);
    if (state === "done") {
      const file = await regional(env, regionOf(person)).files.get(exportKey(id));
      return new Uint8Array((await file?.arrayBuffer()) ?? new ArrayBuffer(0));
    }
    if (state !== "running") throw new Error(JSON.stringify(problem));
    await each(exporter);
    await runDurableObjectAlarm(exporter);
  }
  throw new Error("the export does not end");
}
