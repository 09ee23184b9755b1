import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { writeBuild } from "../../scripts/local/build.ts";
import { migrateLocal } from "../../scripts/local/migrate.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Folder of the Worker that all journeys run. */
    readonly build: string;
    /** Folder of a state without anybody, whose databases are migrated: to be copied. */
    readonly migrated: string;
  }
}

/** Bundles the Worker and migrates its databases once for all journeys: they start it about thirty times, ten of them on empty state. */
export default async function setup(project: TestProject): Promise<() => void> {
  const [build, migrated] = ["build", "migrated"].map((name) => mkdtempSync(join(tmpdir(), `meridian-${name}-`))) as [string, string];
  await Promise.all([writeBuild(build), migrateLocal({ folder: migrated, persist: join(migrated, "v3"), secrets: {} })]);
  project.provide("build", build);
  project.provide("migrated", migrated);
  return () => [build, migrated].forEach((folder) => rmSync(folder, { recursive: true, force: true }));
}
