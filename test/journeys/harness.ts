/** Serves Meridian over real HTTP on a state folder of its own, so that a journey can cut its power and switch it on again. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { inject } from "vitest";
import * as z from "zod";
import { leaksIn } from "./canaries.ts";
import { freePort, HOST, released } from "./ports.ts";
import type { Prepared } from "./prepared.ts";
import { Program } from "./program.ts";

/** The keys of this machine, readable by its owner alone: a deployment keeps them in the platform's store of secrets. */
const KEYS = ["secrets.json"];

export interface StartOptions {
  /** Set in its environment, as `npm start` takes them. */
  readonly vars?: Readonly<Record<string, string>>;
  readonly port?: number;
  /** Outside of journeys, which have one already. */
  readonly prepared?: Prepared;
}

/**
 * One Meridian as `npm start` serves it: the bundled Worker in the local runtime, with all databases, objects, files and queues. Port
 * and state are kept over kills and restarts.
 */
export class Meridian {
  readonly port: number;
  /** Where the Worker looks for its vendors. */
  readonly simulatorPort: number;
  readonly #state = mkdtempSync(join(tmpdir(), "meridian-journey-"));
  readonly #vars: Readonly<Record<string, string>>;
  #build: string;
  #program: Program | undefined;
  #output = "";

  private constructor(port: number, simulatorPort: number, { vars = {}, prepared = inject("prepared") }: StartOptions) {
    this.#vars = vars;
    this.port = port;
    this.simulatorPort = simulatorPort;
    this.#build = prepared.build;
    cpSync(prepared.migrated, this.#state, { recursive: true });
  }

  /** Starts on empty state; resolves once requests are served. Without a simulator's port, no vendor answers. */
  static async start(simulatorPort?: number, options: StartOptions = {}): Promise<Meridian> {
    const meridian = new Meridian(options.port ?? (await freePort()), simulatorPort ?? (await freePort()), options);
    await meridian.restart();
    return meridian;
  }

  get origin(): string {
    return `http://${HOST}:${this.port}`;
  }

  /** A secret that this Meridian made for itself when it first started. */
  secret(name: string): string {
    const secrets = z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(join(this.#state, "secrets.json"), "utf8")));
    return secrets[name] ?? "";
  }

  /** The Worker's own log lines so far; the runtime's, which a deployment does not write, are left out. */
  events(): string[] {
    return `${this.#output}${this.#program?.output ?? ""}`.split("\n").filter((line) => line.trimStart().startsWith("{"));
  }

  /** Cuts the power: the runtime dies in the middle of whatever it does. Resolves once nothing answers any more. */
  async kill(): Promise<void> {
    await this.#program?.kill();
    this.#output += this.#program?.output ?? "";
    this.#program = undefined;
    await released(this.port);
  }

  /** Switches the power on again. */
  async restart(): Promise<void> {
    this.#program = new Program([process.execPath, "scripts/run.mjs", "start", "--no-demo", "--no-simulator"], {
      PORT: String(this.port),
      SIMULATOR_PORT: String(this.simulatorPort),
      MERIDIAN_STATE: this.#state,
      MERIDIAN_BUILD: this.#build,
      // What the Worker logs is searched where the journey ends.
      MERIDIAN_LOG: "on",
      ...this.#vars,
    });
    await this.#program.prints("ready");
  }

  /** Lets the clock tick once, at a time at which every recurring piece of work is due. */
  async tick(now = Date.now()): Promise<void> {
    const time = Math.floor(now / 3_600_000) * 3_600_000;
    const response = await fetch(`${this.origin}/cdn-cgi/local/scheduled?time=${time}`);
    if (!response.ok) throw new Error(`the clock answered ${response.status}`);
  }

  /** Gives accounts roles behind a power cut, with the statement of an operator. */
  async giveRoles(roles: Readonly<Record<string, string>>): Promise<void> {
    await this.kill();
    const folder = join(this.#state, "v3/d1");
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".sqlite"))) {
      const database = new DatabaseSync(join(folder, name));
      if (database.prepare("select 1 from sqlite_master where name = 'people'").get() !== undefined)
        for (const [person, role] of Object.entries(roles))
          database.prepare("update people set roles = json_insert(roles, '$[#]', ?) where id = ?").run(role, person);
      database.close();
    }
    await this.restart();
  }

  /** Cuts the power and switches it on again with another build. */
  async changeBuild(build: string): Promise<void> {
    await this.kill();
    this.#build = build;
    await this.restart();
  }

  /** Cuts the power and switches it on again. */
  async cutPower(): Promise<void> {
    await this.kill();
    await this.restart();
  }

  /**
   * Ends everything and removes the state. Throws where something that must be sealed or hashed was left in clear in it, or in all that
   * was printed; `more` are texts to look for beyond names, addresses, passwords and tokens.
   */
  async dispose(more: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.kill();
    try {
      const leaks = leaksIn(this.#state, this.#output, more, KEYS);
      if (leaks.length > 0) throw new Error(`Left in clear:\n${leaks.map(({ what, where }) => `${what} in ${where}`).join("\n")}`);
    } finally {
      rmSync(this.#state, { recursive: true, force: true, maxRetries: 5 });
    }
  }
}
