/** Command line: `node test/simulator/main.ts --port 8788 [--seed N] [--now ISO] [--frozen] [--token-life SECONDS] [--quota N] [--workbench JSON]`. */
import { parseArgs } from "node:util";
import * as z from "zod";
import { startSimulator } from "./simulator.ts";
import type { SimulatorOptions } from "./simulator.ts";
import type { Workbench } from "./workbench/page.ts";

function fail(message: string): never {
  process.stderr.write(`simulator: ${message}\n`);
  process.exit(1);
}

function wholeNumber(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) fail(`${name} must be a whole number, not "${text}"`);
  return value;
}

const workbenchInput = z.strictObject({ meridian: z.url(), email: z.string(), password: z.string() });

function workbenchFrom(text: string): Workbench {
  try {
    return workbenchInput.parse(JSON.parse(text));
  } catch {
    return fail(`--workbench must be JSON with "meridian", "email" and "password"`);
  }
}

function optionsFrom(args: string[]): SimulatorOptions {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: "string" },
      host: { type: "string" },
      seed: { type: "string" },
      now: { type: "string" },
      frozen: { type: "boolean" },
      "token-life": { type: "string" },
      quota: { type: "string" },
      workbench: { type: "string" },
    },
  });
  return {
    port: wholeNumber(values.port ?? process.env["SIMULATOR_PORT"], "--port"),
    seed: wholeNumber(values.seed, "--seed"),
    tokenLifeSeconds: wholeNumber(values["token-life"], "--token-life"),
    quotaPerMinute: wholeNumber(values.quota, "--quota"),
    host: values.host,
    now: values.now,
    frozen: values.frozen,
    ...(values.workbench === undefined ? {} : { workbench: workbenchFrom(values.workbench) }),
  };
}

try {
  const simulator = await startSimulator(optionsFrom(process.argv.slice(2)));
  process.stdout.write(`simulator ready ${simulator.url}\n`);
  const stop = (): void => {
    simulator.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}
