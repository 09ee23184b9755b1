import * as z from "zod";
import { newAccount } from "../account.ts";
import { ask, type Bench, type Part } from "../bench.ts";
import { quietSample } from "../noise.ts";
import { spread } from "../paired.ts";
import type { Row } from "../row.ts";
import { median } from "../stats.ts";

const DAY_MS = 86_400_000;
const LEAST = 20;
const manifestSchema = z.object({ output: z.array(z.object({ url: z.string(), count: z.number() })) });

/** A bulk export of one person's stored resources: from its request until its manifest, and its files on the way out. */
export const fhirExport: Part = {
  name: "fhir-export",
  async run(bench: Bench): Promise<Row[]> {
    const stored = bench.quick ? 20_000 : 100_000;
    const end = Math.floor(Date.now() / DAY_MS - 5) * DAY_MS;
    const person = await newAccount(bench);
    for (let first = 0; first < stored; first += 5_000)
      await ask(
        bench,
        `/fhir-fill/${person.id}?first=${first}&length=${Math.min(5_000, stored - first)}&count=${stored}&end=${end}`,
        "POST",
      );
    const headers = await person.signIn();
    const [made, read]: [number[], number[]] = [[], []];
    // What an export has left behind weighs on nobody: three are enough for a median.
    for (let round = 0; round < Math.min(3, bench.rounds); round++) {
      const startedAt = performance.now();
      let [madeMs, readMs, bytes] = [0, 0, 0];
      await quietSample(bench.pids, async () => {
        const manifest = await exported(bench, headers);
        madeMs = performance.now() - startedAt;
        if (manifest.output.reduce((sum, { count }) => sum + count, 0) < stored) throw new Error("the export is not whole");
        const readAt = performance.now();
        for (const { url } of manifest.output) bytes += await bytesOf(bench, url, headers);
        readMs = performance.now() - readAt;
        return 1;
      });
      made.push(bytes / 1_000 / madeMs);
      read.push(bytes / 1_000 / readMs);
    }
    const all = stored.toLocaleString("en-US");
    return [
      {
        name: `FHIR: bulk export of ${all} resources`,
        ours: `${spread(made)} MB/s`,
        target: `≥ ${LEAST} MB/s`,
        pass: median(made) >= LEAST,
        how: "from the request over HTTP until the manifest: the queue's wait, and steps of 4 MB that are decided, logged, written to the bucket and noted; one person",
      },
      {
        name: "FHIR: files of a bulk export, read",
        ours: `${spread(read)} MB/s`,
        target: "–",
        pass: undefined,
        how: "one file after the other, each checked against its row",
      },
    ];
  },
};

async function exported(bench: Bench, headers: Record<string, string>): Promise<z.infer<typeof manifestSchema>> {
  const asked = { ...headers, prefer: "respond-async", accept: "application/fhir+json" };
  const begun = await fetch(new URL("/fhir/r4/Patient/$export?_type=Observation", bench.server.app), { headers: asked });
  if (begun.status !== 202) throw new Error(`the export was refused: ${await begun.text()}`);
  const { pathname } = new URL(begun.headers.get("content-location") ?? "");
  for (;;) {
    const answer = await fetch(new URL(pathname, bench.server.app), { headers });
    const text = await answer.text();
    if (answer.status === 200) return manifestSchema.parse(JSON.parse(text));
    if (answer.status !== 202) throw new Error(`the export answered ${answer.status}: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function bytesOf(bench: Bench, url: string, headers: Record<string, string>): Promise<number> {
  const answer = await fetch(new URL(new URL(url).pathname, bench.server.app), { headers });
  if (!answer.ok) throw new Error(`a file answered ${answer.status}`);
  return (await answer.arrayBuffer()).byteLength;
}
