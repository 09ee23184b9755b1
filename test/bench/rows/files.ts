import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { Bench, Part } from "../bench.ts";
import { paired, spread } from "../paired.ts";
import { quietSample } from "../noise.ts";
import type { Row } from "../row.ts";
import { median } from "../stats.ts";
import type * as workouts from "../workouts.ts";

const LEAST_MB_PER_SECOND = 80;
const MOST_MB = 100;
const TRACK_BYTES = 64e6;
const MEGABYTE = 1e6;

/** The maker's own library, as far as it is used here. It stays out of the types: it is no part of the product. */
interface Sdk {
  readonly Decoder: new (stream: unknown) => { read(): { readonly messages: { readonly recordMesgs?: readonly unknown[] } } };
  readonly Stream: { fromByteArray(bytes: Uint8Array): unknown };
}

/** Workout files, read in this process: the decoder of FIT beside its maker's, and the scanners of GPX and TCX. */
export const files: Part = {
  name: "files",
  async run(bench: Bench): Promise<Row[]> {
    const ours = await loadWorkouts();
    return [await fitRow(bench, ours), ...(await trackRows(bench, ours))];
  },
};

async function fitRow(bench: Bench, ours: typeof workouts): Promise<Row> {
  const seconds = bench.quick ? 20_000 : 100_000;
  const bytes = ours.fitRide(seconds);
  const name = "@garmin/fitsdk";
  const sdk = (await import(name)) as Sdk;
  const rate = async (read: () => unknown): Promise<number> => {
    const startedAt = performance.now();
    await read();
    return bytes.length / MEGABYTE / ((performance.now() - startedAt) / 1_000);
  };
  const product = () => rate(() => ours.readFile(bytes));
  const maker = () =>
    rate(() => {
      const { messages } = new sdk.Decoder(sdk.Stream.fromByteArray(bytes)).read();
      if (messages.recordMesgs?.length !== seconds) throw new Error("the maker's library has not read every record");
    });
  await Promise.all([product(), maker()]);
  const result = await paired(bench.pids, bench.rounds, product, maker);
  return {
    name: "FIT file",
    ours: `${result.ours} MB/s`,
    bare: `${result.bare} MB/s`,
    ratio: result.ratio,
    target: "≥ the maker's library",
    pass: result.ratio >= 1,
    how: `a ride of ${seconds.toLocaleString("en-US")} records of ten fields; ours reads the file twice and makes batches for the vault, with laps and way; the other side is \`${name}\` making its objects, in the same process by turns`,
  };
}

async function trackRows(bench: Bench, ours: typeof workouts): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [name, pieces] of [
    ["GPX", ours.gpxPieces],
    ["TCX", ours.tcxPieces],
  ] as const) {
    const bytes = manyBytes(pieces, bench.quick ? TRACK_BYTES / 8 : TRACK_BYTES);
    const base = process.memoryUsage();
    let peak = 0;
    const watch = (): void => {
      const now = process.memoryUsage();
      peak = Math.max(peak, now.heapUsed + now.arrayBuffers - base.heapUsed - base.arrayBuffers);
    };
    const sample = async (): Promise<number> => {
      const startedAt = performance.now();
      await ours.readFile(bytes, watch);
      return bytes.length / MEGABYTE / ((performance.now() - startedAt) / 1_000);
    };
    await sample();
    const rates: number[] = [];
    for (let round = 0; round < bench.rounds; round++) rates.push((await quietSample(bench.pids, sample)).value);
    const size = `${(bytes.length / MEGABYTE).toFixed(0)} MB`;
    rows.push(
      {
        name: `${name} file`,
        ours: `${spread(rates)} MB/s`,
        target: `≥ ${LEAST_MB_PER_SECOND} MB/s`,
        pass: median(rates) >= LEAST_MB_PER_SECOND,
        how: `${size} of rides, a point a second with place, height, heart, cadence and power; scanned, mapped and made into batches in one process, without a vault`,
      },
      {
        name: `${name} file, memory`,
        ours: `${(peak / MEGABYTE).toFixed(0)} MB`,
        target: `< ${MOST_MB} MB`,
        pass: peak / MEGABYTE < MOST_MB,
        how: "most heap and buffers above those before, garbage included, measured after each batch; the file itself lies outside",
      },
    );
  }
  return rows;
}

/** A document of many days: its head, tracks or activities of four hours, its end. */
function manyBytes(pieces: (seconds: number, startsAt?: string) => Generator<string>, least: number): Uint8Array {
  const open = /<trk>|<Activity /;
  const close = /<\/trk>|<\/Activity>/;
  const parts: string[] = [];
  let length = 0;
  let head = "";
  let tail = "";
  for (let day = 0; length < least; day++) {
    const text = [...pieces(14_400, new Date(Date.UTC(2010, 0, 1 + day)).toISOString())].join("");
    const from = text.search(open);
    const closing = close.exec(text);
    if (from < 0 || closing === null) throw new Error("the fixture has no track");
    head = text.slice(0, from);
    const part = text.slice(from, closing.index + closing[0].length);
    tail = text.slice(closing.index + closing[0].length);
    parts.push(part);
    length += part.length;
  }
  return new TextEncoder().encode(head + parts.join("\n") + tail);
}

async function loadWorkouts(): Promise<typeof workouts> {
  const out = mkdtempSync(join(tmpdir(), "meridian-bench-"));
  try {
    const outfile = join(out, "workouts.mjs");
    const entry = join(import.meta.dirname, "../workouts.ts");
    await build({ entryPoints: [entry], bundle: true, platform: "node", format: "esm", outfile, logLevel: "warning" });
    return (await import(pathToFileURL(outfile).href)) as typeof workouts;
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}
