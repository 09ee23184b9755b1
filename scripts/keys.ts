import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Counted, Refusal, retire, rotate, type Secrets, type Which } from "./keys/rings.ts";

/**
 * Rotates keys, one kind at a time: `rotate` writes the next secrets file, `status` asks the running service what is still made with older
 * keys, `move` lets it move what it can at once, `retire` removes old versions once nothing needs them. See docs/keys.md.
 */
const USAGE = `npm run keys -- rotate --region eu|us|ap|directory --kind KIND [--secrets FILE]
npm run keys -- status [--origin URL] [--secrets FILE]
npm run keys -- move   [--origin URL] [--secrets FILE]
npm run keys -- retire --region … --kind KIND [--leave-behind] [--origin URL] [--secrets FILE]

Without --secrets the keys of the local run are meant (MERIDIAN_STATE); then rotate takes both steps at once, with the service stopped.`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    region: { type: "string" },
    kind: { type: "string" },
    secrets: { type: "string" },
    origin: { type: "string" },
    "leave-behind": { type: "boolean", default: false },
  },
});
const isLocal = values.secrets === undefined;
const file = values.secrets ?? join(resolve(process.env["MERIDIAN_STATE"] ?? ".wrangler/state"), "secrets.json");
const origin = values.origin ?? (isLocal ? `http://127.0.0.1:${process.env["PORT"] ?? "8787"}` : undefined);

try {
  await run(positionals[0]);
} catch (error) {
  console.error(error instanceof Refusal ? `Refused. ${error.message}` : error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function run(verb: string | undefined): Promise<void> {
  switch (verb) {
    case "rotate": {
      const { secrets, done, next } = rotate(read(), which(), Date.now(), isLocal);
      write(secrets);
      console.log(done);
      console.log(isLocal ? "Start the service again." : next);
      return;
    }
    case "status":
      return show(await ask("GET", "/v1/operations/keys"));
    case "move": {
      for (;;) {
        const { moved, failed, status } = (await ask("POST", "/v1/operations/keys/moves")) as {
          moved: number;
          failed: number;
          status: Status;
        };
        console.log(`moved ${moved}, failed ${failed}`);
        if (moved === 0) return show(status);
      }
    }
    case "retire": {
      const place = which();
      const counted = countedOf((await ask("GET", "/v1/operations/keys")) as Status, place);
      const { secrets, done } = retire(read(), place, counted, Date.now(), values["leave-behind"]);
      write(secrets);
      console.log(done);
      return;
    }
    case undefined:
    default:
      throw new Refusal(USAGE);
  }
}

interface Status {
  readonly regions: Readonly<Record<string, Readonly<Record<string, Counted>>>>;
  readonly directory: Readonly<Record<string, Counted>>;
}

function which(): Which {
  const { region, kind } = values;
  if (kind === undefined || (region !== "eu" && region !== "us" && region !== "ap" && region !== "directory")) throw new Refusal(USAGE);
  return { place: region, kind };
}

function read(): Secrets {
  if (!existsSync(file)) throw new Refusal(`There is no ${file}.`);
  return JSON.parse(readFileSync(file, "utf8")) as Secrets;
}

/** The old file stays beside the new one: a key that is lost locks people out. */
function write(secrets: Secrets): void {
  const fresh = `${file}.next`;
  writeFileSync(fresh, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  chmodSync(fresh, 0o600);
  renameSync(file, `${file}.before`);
  renameSync(fresh, file);
}

async function ask(method: string, path: string): Promise<unknown> {
  if (origin === undefined) throw new Refusal("Say where the service is: --origin https://api.example.com");
  const secret = read()["OPERATIONS_SECRET"];
  if (secret === undefined) throw new Refusal("The file has no OPERATIONS_SECRET.");
  const response = await fetch(`${origin}${path}`, { method, headers: { authorization: `Bearer ${secret}` } });
  if (response.status !== 200) throw new Refusal(`${origin}${path} answered ${response.status}.`);
  return await response.json();
}

function countedOf(status: Status, { place, kind }: Which): Counted {
  const counted = (place === "directory" ? status.directory : status.regions[place])?.[kind];
  if (counted === undefined) throw new Refusal(`The service knows no key ${place} ${kind}.`);
  return counted;
}

function show(status: unknown): void {
  const { regions, directory } = status as Status;
  for (const [place, kinds] of [...Object.entries(regions), ["directory", directory] as const]) {
    for (const [kind, { current, versions, old, waiting }] of Object.entries(kinds)) {
      const left = old === null ? (kind === "chain" ? "kept for proofs" : "not counted: see retire") : `${old} on older versions`;
      const stuck = waiting > 0 ? `, ${waiting} of them until their person signs in` : "";
      console.log(`${place.padEnd(10)}${kind.padEnd(10)}uses ${current} of ${versions.join(", ").padEnd(8)} ${left}${stuck}`);
    }
  }
}
