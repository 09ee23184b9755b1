import { mkdtempSync, rmSync } from "node:fs";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { freePort, HOST, isServed, released } from "./ports.ts";
import { Program } from "./program.ts";
import { bucketSeries, bundle, day, metrics } from "./wire.ts";

const signedIn = z.object({ tokens: z.object({ accessToken: z.string() }) });

let port: number;
let simulatorPort: number;
let state: string;
let meridian: Program;

beforeAll(async () => {
  [port, simulatorPort] = [await freePort(), await freePort()];
  state = mkdtempSync(join(tmpdir(), "meridian-newcomer-"));
});
afterAll(async () => {
  await meridian.kill();
  rmSync(state, { recursive: true, force: true, maxRetries: 5 });
});

/** What the README tells a newcomer to type. */
function npmStart(...flags: readonly string[]): Program {
  const env = { PORT: String(port), SIMULATOR_PORT: String(simulatorPort), MERIDIAN_STATE: state };
  return new Program(["npm", "start", ...(flags.length === 0 ? [] : ["--", ...flags])], env);
}

/** Runs the four printed lines in one shell, as pasted; answers what they print. */
async function paste(output: string): Promise<readonly string[]> {
  const lines = output.split("\n").filter((line) => /^\s+(?:TOKEN=|curl )/.test(line));
  expect(lines).toHaveLength(4);
  // Each reply is one line of JSON without an end.
  const script = lines.map((line) => `${line}; echo`).join("\n");
  const shell = spawn("bash", ["-eu", "-c", script], { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  shell.stdout.on("data", (bytes: Buffer) => (printed += bytes.toString()));
  const [code] = (await once(shell, "close")) as [number | null];
  expect(code).toBe(0);
  return printed.split("\n").filter((line) => line !== "");
}

/** The sign-in that is printed, used as an app would. */
async function heartRates(output: string): Promise<number> {
  const [, email, password] = /sign-in\s+(\S+) \/ (\S+)/.exec(output) ?? [];
  const origin = `http://${HOST}:${port}`;
  const session = await fetch(`${origin}/v1/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  const { tokens } = signedIn.parse(await session.json());
  const reply = await fetch(`${origin}/v1/me/metrics`, { headers: { authorization: `Bearer ${tokens.accessToken}` } });
  return metrics.parse(await reply.json()).items.find(({ key }) => key === "heart_rate")?.count ?? 0;
}

describe("a newcomer", () => {
  test("starts with one command, pastes what is printed, and sees data", async () => {
    meridian = npmStart();
    await meridian.prints("ready");
    expect(meridian.output).toContain(`ready http://${HOST}:${port} `);

    const [today, hours, observations] = await paste(meridian.output);
    expect(Object.keys(day.parse(JSON.parse(today ?? "")).metrics)).not.toEqual([]);
    expect(bucketSeries.parse(JSON.parse(hours ?? "")).items.length).toBeGreaterThan(0);
    expect(bundle.parse(JSON.parse(observations ?? "")).entry).toHaveLength(5);

    const docs = await fetch(`http://${HOST}:${port}/docs`);
    expect([docs.status, docs.headers.get("content-type")]).toEqual([200, expect.stringContaining("text/html")]);
    expect((await fetch(`http://${HOST}:${simulatorPort}/webhooks/public_keyset.json`)).status).toBe(200);
  });

  test("is told what to do where the port is taken, and what runs goes on", async () => {
    const second = npmStart();
    expect(await second.ended).toBe(1);
    expect(second.output).toContain(`Port ${port} is in use`);
    expect(second.output).toContain(`PORT=${port + 100} npm start`);
    expect((await fetch(`http://${HOST}:${port}/health`)).status).toBe(200);
  });

  test("finds the data again after a power cut", async () => {
    const before = await heartRates(meridian.output);
    expect(before).toBeGreaterThan(1_000);
    await meridian.kill();
    await Promise.all([released(port), released(simulatorPort)]);

    meridian = npmStart();
    await meridian.prints("ready");
    expect(await heartRates(meridian.output)).toBeGreaterThanOrEqual(before);
  });

  test("stops everything with one signal", async () => {
    expect(await meridian.stop("SIGTERM")).not.toBe(1);
    await Promise.all([released(port), released(simulatorPort)]);
    expect(await Promise.all([isServed(port), isServed(simulatorPort)])).toEqual([false, false]);
  });

  test("begins from nothing with --fresh", async () => {
    meridian = npmStart("--fresh", "--no-demo", "--no-simulator");
    await meridian.prints("ready");
    const { status } = await fetch(`http://${HOST}:${port}/v1/sessions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email: "demo@meridian.test", password: "correct-horse-battery-staple" }),
    });
    expect(status).toBe(401);
    expect(await isServed(simulatorPort)).toBe(false);
    await meridian.stop("SIGINT");
    await released(port);
  });

  test("hears of a simulator's port that is taken before anything starts", async () => {
    const other = createServer().listen(simulatorPort, HOST);
    await once(other, "listening");
    try {
      meridian = npmStart();
      expect(await meridian.ended).toBe(1);
      expect(meridian.output).toContain(`SIMULATOR_PORT=${simulatorPort + 100} npm start`);
      expect(await isServed(port)).toBe(false);
    } finally {
      other.close();
    }
  });
});
