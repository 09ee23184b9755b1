import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import * as z from "zod";

const versions = z.record(z.string(), z.string()).default({});
const read = async (name: string): Promise<unknown> => JSON.parse(await readFile(resolve(import.meta.dirname, "../..", name), "utf8"));
const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.looseObject({ version: z.string().optional(), optionalDependencies: versions, hasInstallScript: z.boolean().default(false) }),
  ),
});
const manifestSchema = z.object({ dependencies: versions, devDependencies: versions, allowScripts: z.record(z.string(), z.boolean()) });

test("every package is pinned to one version", async () => {
  const { dependencies, devDependencies } = manifestSchema.parse(await read("package.json"));
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    expect(version, name).toMatch(/^(?:npm:@?[\w./-]+@)?\d+\.\d+\.\d+$/);
  }
});

test("every install script is allowed by name", async () => {
  const { allowScripts } = manifestSchema.parse(await read("package.json"));
  const { packages } = lockSchema.parse(await read("package-lock.json"));
  const scripted = Object.entries(packages).flatMap(([path, { hasInstallScript }]) =>
    hasInstallScript ? [path.split("node_modules/").pop() ?? ""] : [],
  );
  expect(new Set(scripted)).toEqual(new Set(Object.keys(allowScripts)));
});

test("the lock names the binaries of every platform, or a clean install fails on the others", async () => {
  const { packages } = lockSchema.parse(await read("package-lock.json"));
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies }]) =>
    Object.entries(optionalDependencies).flatMap(([name, version]) => {
      const known = [`${path}/node_modules/${name}`, `node_modules/${name}`, `${path.split("/node_modules/")[0]}/node_modules/${name}`];
      // A range is met by whatever version the lock chose.
      return known.some((place) => packages[place] !== undefined && (!/^\d/.test(version) || packages[place].version === version))
        ? []
        : [`${name}@${version}`];
    }),
  );
  expect(missing.filter((name) => !name.startsWith("fsevents@"))).toEqual([]);
});
