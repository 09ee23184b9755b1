import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { freshSecrets } from "../local-secrets.ts";

/** Everything a local run keeps: databases, objects, files, and the secrets they are sealed with. */
export interface LocalState {
  readonly folder: string;
  /** Where the local runtime persists; the layout is wrangler's own, so that its commands see the same data. */
  readonly persist: string;
  readonly secrets: Readonly<Record<string, string>>;
}

/** Opens the state folder (`MERIDIAN_STATE`, default `.wrangler/state`), made with fresh secrets the first time. */
export function openState(options: { readonly fresh: boolean }): LocalState {
  const folder = resolve(process.env["MERIDIAN_STATE"] ?? ".wrangler/state");
  const persist = join(folder, "v3");
  const secretsFile = join(folder, "secrets.json");
  if (options.fresh) {
    rmSync(persist, { recursive: true, force: true });
    for (const file of [secretsFile, join(folder, "migrations.json")]) rmSync(file, { force: true });
  }
  mkdirSync(persist, { recursive: true });
  const known = existsSync(secretsFile) ? (JSON.parse(readFileSync(secretsFile, "utf8")) as Record<string, string>) : {};
  // A secret that joined the list later is added; those in use stay, or nothing stored could be opened again.
  const secrets = { ...freshSecrets(), ...known };
  if (Object.keys(secrets).some((name) => !(name in known))) {
    writeFileSync(secretsFile, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
    chmodSync(secretsFile, 0o600);
  }
  return { folder, persist, secrets };
}
