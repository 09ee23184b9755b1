import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { writeBuild } from "../../scripts/local/build.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Folder of the Worker that all journeys run. */
    readonly build: string;
  }
}

/** Bundles the Worker once for all journeys: they start it about thirty times. */
export default async function setup(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), "meridian-build-"));
  await writeBuild(folder);
  project.provide("build", folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
