import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeBuild } from "../../scripts/local/build.ts";
import { migrateLocal } from "../../scripts/local/migrate.ts";

/** What every Meridian of a run shares; each starts it from here. */
export interface Prepared {
  /** Folder of the bundled Worker. */
  readonly build: string;
  /** Folder of a state without anybody, whose databases are migrated: to be copied. */
  readonly migrated: string;
}

/** Bundles the Worker and migrates its databases once for a whole run; `remove` it when nothing runs any more. */
export async function prepare(): Promise<Prepared & { remove(): void }> {
  const folderOf = (name: string): string => mkdtempSync(join(tmpdir(), `meridian-${name}-`));
  const [build, migrated] = [folderOf("build"), folderOf("migrated")];
  await Promise.all([writeBuild(build), migrateLocal({ folder: migrated, persist: join(migrated, "v3"), secrets: {} })]);
  return { build, migrated, remove: () => [build, migrated].forEach((folder) => rmSync(folder, { recursive: true, force: true })) };
}
