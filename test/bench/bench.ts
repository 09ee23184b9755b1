import { load, requestBytes } from "./client.ts";
import type { Row } from "./row.ts";
import type { BenchServer } from "./server.ts";

/** What a part of the benchmark gets. */
export interface Bench {
  readonly server: BenchServer;
  /** Fewer rounds and smaller data: for a look, not for the record. */
  readonly quick: boolean;
  readonly rounds: number;
  /** Length of one sample of a closed loop. */
  readonly sampleMs: number;
  /** Processes besides this one whose CPU time is ours. */
  readonly pids: readonly number[];
  say(text: string): void;
}

/** One part of the benchmark: what `--only` names. */
export interface Part {
  readonly name: string;
  /** Whether its data lie in memory where the machine has a folder for that: commits then cost what is done and not what the disk takes. */
  readonly inMemory?: boolean;
  run(bench: Bench): Promise<Row[]>;
}

/** Asks the tools' door of the server; throws on anything but success. */
export async function ask<T>(bench: Bench, path: string, method = "GET"): Promise<T> {
  const response = await fetch(new URL(path, bench.server.tools), { method });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

/** A new person with an empty vault. */
export async function newPerson(bench: Bench): Promise<string> {
  return (await ask<{ person: string }>(bench, "/person")).person;
}

/** The header that signs a person in. Valid for five minutes, so samples fetch their own. */
export async function signIn(bench: Bench, person: string): Promise<{ authorization: string }> {
  const { token } = await ask<{ token: string }>(bench, `/token/${person}`);
  return { authorization: `Bearer ${token}` };
}

/** Throws where a request is not answered as the benchmark expects: a fast refusal is no throughput. */
export async function expectOk(origin: URL, bytes: Uint8Array): Promise<void> {
  const { failed } = await load(origin, { connections: 1, total: 1, request: () => bytes });
  if (failed > 0) throw new Error(`a probe was refused: ${Buffer.from(bytes).toString("latin1", 0, 200)}`);
}

export { load, requestBytes };
