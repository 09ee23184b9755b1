import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
let state = "";
const running = new Set<ChildProcess>();

beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), "meridian-start-"));
});
afterAll(async () => {
  for (const child of running) child.kill("SIGKILL");
  await rm(state, { recursive: true, force: true });
});

/** Starts as `npm start` does and collects what it prints. */
function start(port: number, ...flags: string[]) {
  const child = spawn(process.execPath, ["scripts/run.mjs", "start", "--no-simulator", ...flags], {
    cwd: ROOT,
    env: { ...process.env, PORT: String(port), MERIDIAN_STATE: state },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  let output = "";
  const waiting: (() => void)[] = [];
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
    for (const look of waiting) look();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const exited = new Promise<number | null>((done) => child.once("exit", done));
  const ready = new Promise<string>((done, fail) => {
    waiting.push(() => {
      if (/^ready .*\n[\s\S]*Observation/m.test(output)) done(output);
    });
    child.once("exit", () => fail(new Error(`stopped: ${output}`)));
  });
  return { child, ready, exited, output: () => output };
}

async function freePort(): Promise<number> {
  return await new Promise((done, fail) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (typeof address === "object" && address !== null ? done(address.port) : fail(new Error("no port"))));
    });
  });
}

/** The token line and the curl lines, as somebody would paste them. */
function paste(output: string): Promise<string> {
  const lines = output.split("\n").filter((line) => /^ {2}(?:TOKEN|curl)/.test(line));
  expect(lines).toHaveLength(4);
  const shell = spawn("sh", ["-eu", "-c", lines.join("\necho\n")], { stdio: ["ignore", "pipe", "inherit"] });
  let answer = "";
  shell.stdout.on("data", (chunk: Buffer) => (answer += chunk.toString()));
  return new Promise((done) => shell.once("close", () => done(answer)));
}

describe("npm start", () => {
  test("serves, says how to try it, stops on a signal, and starts again with the same data", { timeout: 90_000 }, async () => {
    const port = await freePort();
    const first = start(port);
    const output = await first.ready;
    expect(output).toContain(`ready http://127.0.0.1:${port} `);
    expect(output).not.toContain("not complete");
    const answers = await paste(output);
    expect(answers).toContain('"timeZone":"Europe/Berlin"');
    expect(answers).toContain('"key":"heart_rate"');
    expect(answers).toContain('"resourceType":"Bundle"');
    expect(answers).not.toContain("/problems/");
    first.child.kill("SIGTERM");
    expect(await first.exited).toBe(0);

    const second = start(port);
    expect(await paste(await second.ready)).toContain('"resourceType":"Observation"');
    second.child.kill("SIGINT");
    expect(await second.exited).toBe(0);
  });

  test("names a port that is in use", { timeout: 30_000 }, async () => {
    const port = await freePort();
    const blocker = createServer().listen(port, "127.0.0.1");
    const attempt = start(port);
    await expect(attempt.ready).rejects.toThrow(`Port ${port} is in use`);
    expect(await attempt.exited).toBe(1);
    blocker.close();
  });
});
