import { createReadStream, createWriteStream, rmSync, statSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { bigExport } from "../../fixtures/big-export.ts";
import { type Bench, newPerson, type Part, signIn } from "../bench.ts";
import { residentBytes } from "../noise.ts";
import type { Row } from "../row.ts";
import { type BenchServer, startServer } from "../server.ts";

const LEAST_MB_PER_SECOND = 100;
const MOST_MB = 100;
const SETTLE_MS = 2_000;
const POLL_MS = 100;

interface ImportState {
  readonly state: string;
  readonly problem?: unknown;
  readonly report?: { readonly byType: Readonly<Record<string, { readonly accepted: number }>> };
}

/** An Apple Health export: read from the bucket, parsed and stored by the import's object. */
export const apple: Part = {
  name: "apple",
  async run(bench: Bench): Promise<Row[]> {
    const person = await newPerson(bench);
    const bytes = bench.quick ? 100e6 : 1e9;
    const counts = { records: 0, workouts: 0, bytes: 0 };
    const file = join(tmpdir(), `meridian-bench-${process.pid}.xml`);
    let started: string;
    try {
      await pipeline(Readable.from(bigExport({ bytes, from: Date.UTC(2000, 0, 1) }, counts)), createWriteStream(file));
      started = await upload(bench.server, person, file);
    } finally {
      rmSync(file, { force: true });
    }
    // A new process over the same data: what the upload has left in memory is not the import's.
    await bench.server.stop({ keep: true });
    const server = await startServer({ folder: bench.server.folder, secrets: bench.server.secrets });
    try {
      const { seconds, peak, baseline, accepted } = await runImport({ ...bench, server }, person, started);
      if (accepted < counts.records * 0.99) throw new Error(`only ${accepted} of ${counts.records} records were accepted`);
      return report(bytes, counts, seconds, peak, baseline);
    } finally {
      await server.stop();
    }
  },
};

function report(
  bytes: number,
  counts: { readonly bytes: number; readonly records: number },
  seconds: number,
  peak: number,
  baseline: number,
): Row[] {
  const rate = counts.bytes / 1e6 / seconds;
  const grown = (peak - baseline) / 1e6;
  const size = `${(counts.bytes / 1e6).toFixed(0)} MB, ${counts.records.toLocaleString("en-US")} records`;
  return [
    {
      name: `Apple export of ${(bytes / 1e6).toFixed(0)} MB`,
      ours: `${rate.toFixed(0)} MB/s`,
      target: `≥ ${LEAST_MB_PER_SECOND} MB/s`,
      pass: rate >= LEAST_MB_PER_SECOND,
      how: `${size}; from the start of the import until it is done: read from the bucket in ranges, parsed, stored in the vault, checkpointed`,
    },
    {
      name: "Apple export, peak memory",
      ours: `${grown.toFixed(0)} MB above ${(baseline / 1e6).toFixed(0)} MB`,
      target: `< ${MOST_MB} MB`,
      pass: baseline === 0 ? undefined : grown < MOST_MB,
      how: `highest resident memory of the whole server process during the import less that of the idle process before it; includes the importer, the vault, SQLite's page cache and the local simulation of the bucket`,
    },
  ];
}

interface Imported {
  readonly seconds: number;
  readonly baseline: number;
  readonly peak: number;
  readonly accepted: number;
}

/** Puts the file into the bucket as a presigned upload would, with an import that waits for it. Returns the import's id. */
async function upload(server: BenchServer, person: string, file: string): Promise<string> {
  const length = statSync(file).size;
  return await new Promise((resolve, reject) => {
    const put = request(
      new URL(`/upload/${person}`, server.tools).href,
      { method: "POST", headers: { "content-length": length } },
      (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => (text += chunk.toString()));
        response.on("end", () =>
          response.statusCode === 200 ? resolve((JSON.parse(text) as { id: string }).id) : reject(new Error(text)),
        );
      },
    );
    put.on("error", reject);
    pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), put).catch(reject);
  });
}

async function runImport(bench: Bench, person: string, id: string): Promise<Imported> {
  const { server } = bench;
  const call = async (path: string, method = "GET"): Promise<ImportState> => {
    const response = await fetch(new URL(path, server.app), { method, headers: await signIn(bench, person) });
    return (await response.json()) as ImportState;
  };
  await call("/v1/imports");
  await sleep(SETTLE_MS);
  const baseline = residentBytes(server.pid);
  let peak = baseline;
  const startedAt = performance.now();
  await call(`/v1/imports/${id}/start`, "POST");
  for (;;) {
    const { state, problem, report } = await call(`/v1/imports/${id}`);
    peak = Math.max(peak, residentBytes(server.pid));
    if (state === "done") {
      const accepted = Object.values(report?.byType ?? {}).reduce((sum, type) => sum + type.accepted, 0);
      return { seconds: (performance.now() - startedAt) / 1_000, baseline, peak, accepted };
    }
    if (state !== "running") throw new Error(`the import is ${state}: ${JSON.stringify(problem)}`);
    await sleep(POLL_MS);
  }
}
