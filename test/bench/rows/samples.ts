import { ask, type Bench, newPerson, type Part } from "../bench.ts";
import { quietSample } from "../noise.ts";
import { spread } from "../paired.ts";
import type { Row } from "../row.ts";
import { figure, median } from "../stats.ts";

const DAY_MS = 86_400_000;
const DAYS = 12;
const SAMPLES = DAYS * 86_400;
const LEAST_PER_SECOND = 1_000_000;
const MOST_BYTES = 4;

/** A million samples at 1 Hz into a vault: how fast, and how large it becomes. */
export const samples: Part = {
  name: "samples",
  async run(bench: Bench): Promise<Row[]> {
    const begin = Math.floor(Date.now() / DAY_MS - 400) * DAY_MS;
    const rates: number[] = [];
    let bytes = 0;
    for (let round = 0; round < bench.rounds + 1; round++) {
      const { value } = await quietSample(bench.pids, async () => {
        const person = await newPerson(bench);
        const before = await size(bench, person);
        const made = await timed(() => ask(bench, `/make/${person}?from=${begin}&days=${DAYS}`, "POST"));
        const filled = await timed(async () => {
          const { accepted } = await ask<{ accepted: number }>(bench, `/fill/${person}?from=${begin}&days=${DAYS}`, "POST");
          if (accepted !== SAMPLES) throw new Error(`${accepted} of ${SAMPLES} samples were accepted`);
        });
        return { seconds: filled - made, bytes: ((await size(bench, person)) - before) / SAMPLES };
      });
      // The first round warms up.
      if (round > 0) rates.push(SAMPLES / value.seconds);
      bytes = value.bytes;
    }
    return [
      {
        name: "samples at 1 Hz, written",
        ours: `${spread(rates)} samples/s`,
        target: `≥ ${figure(LEAST_PER_SECOND)}`,
        pass: median(rates) >= LEAST_PER_SECOND,
        how: `${figure(SAMPLES)} heart rates in batches of a day, recorded inside the vault and committed; making the batches is subtracted`,
      },
      {
        name: "samples at 1 Hz, stored",
        ours: `${bytes.toFixed(2)} bytes/sample`,
        target: `≤ ${MOST_BYTES}`,
        pass: bytes <= MOST_BYTES,
        how: "growth of the whole database file, with indexes and summaries",
      },
    ];
  },
};

async function size(bench: Bench, person: string): Promise<number> {
  return (await ask<{ bytes: number }>(bench, `/size/${person}`)).bytes;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1_000;
}
