/** Serves Meridian over real HTTP on a state folder of its own, so that a journey can cut its power and switch it on again. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import { z } from "zod";
import { freePort, HOST, released } from "./ports.ts";
import { Program } from "./program.ts";

/**
 * One Meridian as `npm start` serves it: the bundled Worker in the local runtime, with all databases, objects, files and queues. Port
 * and state are kept over kills and restarts.
 */
export class Meridian {
  readonly port: number;
  /** Where the Worker looks for its vendors. */
  readonly simulatorPort: number;
  readonly #state = mkdtempSync(join(tmpdir(), "meridian-journey-"));
  #program: Program | undefined;

  private constructor(port: number, simulatorPort: number) {
    this.port = port;
    this.simulatorPort = simulatorPort;
  }

  /** Starts on empty state; resolves once requests are served. Without a simulator's port, no vendor answers. */
  static async start(simulatorPort?: number): Promise<Meridian> {
    const meridian = new Meridian(await freePort(), simulatorPort ?? (await freePort()));
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

  /** Cuts the power: the runtime dies in the middle of whatever it does. Resolves once nothing answers any more. */
  async kill(): Promise<void> {
    await this.#program?.kill();
    this.#program = undefined;
    await released(this.port);
  }

  /** Switches the power on again. */
  async restart(): Promise<void> {
    this.#program = new Program([process.execPath, "scripts/run.mjs", "start", "--no-demo", "--no-simulator"], {
      PORT: String(this.port),
      SIMULATOR_PORT: String(this.simulatorPort),
      MERIDIAN_STATE: this.#state,
      MERIDIAN_BUILD: inject("build"),
    });
    await this.#program.prints("ready");
  }

  /** Cuts the power and switches it on again. */
  async cutPower(): Promise<void> {
    await this.kill();
    await this.restart();
  }

  /** Ends everything and removes the state. */
  async dispose(): Promise<void> {
    await this.kill();
    rmSync(this.#state, { recursive: true, force: true, maxRetries: 5 });
  }
}
