import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const PONG = Buffer.from("+PONG\r\n");
const PING = Buffer.from("*1\r\n$4\r\nPING\r\n");
const START_MS = 10_000;

/** A Redis of our own, without persistence. */
export class Redis {
  readonly version: string;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  #pending: Buffer = Buffer.alloc(0);
  #done: (() => void) | undefined;

  private constructor(version: string, child: ChildProcess, socket: Socket) {
    this.version = version;
    this.pid = child.pid ?? 0;
    this.#child = child;
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
  }

  /** Starts `redis-server` where the machine has one; undefined where not. */
  static async start(port = 26_379): Promise<Redis | undefined> {
    let version: string;
    try {
      version = /v=([\d.]+)/.exec(execFileSync("redis-server", ["--version"], { encoding: "utf8" }))?.[1] ?? "";
    } catch {
      return undefined;
    }
    const child = spawn("redis-server", ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"], {
      stdio: "ignore",
    });
    for (const until = performance.now() + START_MS; ;) {
      try {
        return new Redis(version, child, await opened(port));
      } catch (error) {
        if (performance.now() > until) {
          child.kill();
          throw error;
        }
        await sleep(50);
      }
    }
  }

  /** Sends commands, encoded by `command`, and waits for the answers to all of them. */
  async pipeline(commands: Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#done = resolve;
      this.#socket.write(commands);
      this.#socket.write(PING);
    });
  }

  stop(): void {
    this.#socket.destroy();
    this.#child.kill();
  }

  /** The answer to the ping that follows the commands is the end; nothing else of the answers is looked at. */
  #take(chunk: Buffer): void {
    const tail = chunk.length >= PONG.length ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#pending = tail.subarray(Math.max(0, tail.length - PONG.length));
    if (!this.#pending.equals(PONG)) return;
    this.#pending = Buffer.alloc(0);
    const done = this.#done;
    this.#done = undefined;
    done?.();
  }
}

/** A command in Redis' own encoding. */
export function command(...parts: readonly (string | number)[]): string {
  return `*${parts.length}\r\n${parts.map((part) => `$${String(part).length}\r\n${part}\r\n`).join("")}`;
}

async function opened(port: number): Promise<Socket> {
  return await new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket));
    socket.setNoDelay(true);
    socket.once("error", reject);
  });
}
