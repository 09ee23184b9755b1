import { ask, type Bench, newPerson, type Part } from "../bench.ts";
import { quietSample } from "../noise.ts";
import type { Row } from "../row.ts";
import { median } from "../stats.ts";

const DAY_MS = 86_400_000;

interface Read {
  readonly read: string;
  readonly name: string;
  readonly mostMs: number | undefined;
  readonly times: number;
  readonly how: string;
}

const READS: readonly Read[] = [
  {
    read: "raw",
    name: "one raw day",
    mostMs: 3,
    times: 20,
    how: "86,400 samples decoded from their segments, the source chosen hour by hour",
  },
  {
    read: "hours",
    name: "30 days hourly",
    mostMs: 1.5,
    times: 200,
    how: "720 buckets with count, minimum, maximum, mean, source, as JSON text",
  },
  { read: "days", name: "one year daily", mostMs: 1.5, times: 200, how: "365 buckets likewise" },
  {
    read: "page",
    name: "one raw day as one JSON text",
    mostMs: undefined,
    times: 5,
    how: "86,400 items with ids, zones and sources; the API pages at 10,000",
  },
];

/** Reads from a vault that holds a year at 1 Hz. */
export const reads: Part = {
  name: "reads",
  async run(bench: Bench): Promise<Row[]> {
    const days = bench.quick ? 40 : 365;
    const end = Math.floor(Date.now() / DAY_MS - 5) * DAY_MS;
    const person = await newPerson(bench);
    for (let day = 0; day < days; day += 5) {
      const from = end - (days - day) * DAY_MS;
      await ask(bench, `/fill/${person}?from=${from}&days=${Math.min(5, days - day)}`, "POST");
    }
    const rows: Row[] = [];
    for (const { read, name, mostMs, times, how } of READS) {
      const once = async (n: number): Promise<number> => {
        const startedAt = performance.now();
        await ask(bench, `/read/${person}?read=${read}&to=${end}&times=${n}`);
        return performance.now() - startedAt;
      };
      await once(times);
      const taken: number[] = [];
      for (let round = 0; round < bench.rounds; round++) {
        // The way there and back is in both, and falls out.
        const { value } = await quietSample(bench.pids, async () => (await once(times + 1)) - (await once(1)));
        taken.push(value / times);
      }
      const ms = median(taken);
      rows.push({
        name: `${name}, from ${days} days at 1 Hz`,
        ours: `${ms.toFixed(2)} [${Math.min(...taken).toFixed(2)}–${Math.max(...taken).toFixed(2)}] ms`,
        target: mostMs === undefined ? "–" : `≤ ${mostMs} ms`,
        pass: mostMs === undefined ? undefined : ms <= mostMs,
        how: `${how}; repeated ${times} times inside the object`,
      });
    }
    return rows;
  },
};
