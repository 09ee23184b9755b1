/** Runs a command in a process group of its own, so that all it starts can be stopped at once. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { until } from "./until.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** What the test runner sets for itself and a program outside it never sees. */
const RUNNER = ["VITEST", "VITEST_MODE", "VITEST_POOL_ID", "VITEST_WORKER_ID", "NODE_ENV", "NODE_OPTIONS", "TEST", "DEV", "PROD", "MODE"];

export class Program {
  readonly #child: ChildProcess;
  #output = "";
  readonly #ended: Promise<number | null>;

  /** Starts `command` in the repository's root. */
  constructor(command: readonly [string, ...string[]], env: Readonly<Record<string, string>> = {}) {
    const [file, ...parameters] = command;
    const whole: NodeJS.ProcessEnv = { ...process.env };
    for (const name of RUNNER) delete whole[name];
    this.#child = spawn(file, parameters, { cwd: ROOT, detached: true, stdio: ["ignore", "pipe", "pipe"], env: Object.assign(whole, env) });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on("data", (bytes: Buffer) => (this.#output += bytes.toString()));
    this.#ended = once(this.#child, "exit").then(([code]) => code as number | null);
    process.once("exit", this.#killAtExit);
    void this.#ended.then(() => process.off("exit", this.#killAtExit));
  }

  /** All it has printed, to both streams. */
  get output(): string {
    return this.#output;
  }

  /** The exit code, or null where a signal ended it. */
  get ended(): Promise<number | null> {
    return this.#ended;
  }

  /** Resolves once a line begins with `text`, a start among other journeys takes its time; throws with the output where the program ends before. */
  async prints(text: string, timeout = 110_000): Promise<void> {
    const line = new RegExp(`^${text}`, "m");
    await until(() => line.test(this.#output) || this.#isOver, timeout);
    if (!line.test(this.#output)) throw new Error(`It ended without "${text}":\n${this.#output}`);
  }

  /** Asks the program itself, not its group, and waits for its end. */
  async stop(signal: "SIGTERM" | "SIGINT" = "SIGTERM"): Promise<number | null> {
    this.#child.kill(signal);
    return await this.#ended;
  }

  /** Cuts the power: every process of the group dies now, with nothing flushed or closed. */
  async kill(): Promise<void> {
    signalGroup(this.#child.pid);
    await this.#ended;
  }

  get #isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  readonly #killAtExit = (): void => signalGroup(this.#child.pid);
}

/** Children may outlive the program that the group is named after, so a group is killed even where its program has ended. */
function signalGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
