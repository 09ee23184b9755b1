import { ask, type Bench, newPerson, type Part } from "../bench.ts";
import { quietSample } from "../noise.ts";
import { spread } from "../paired.ts";
import type { Row } from "../row.ts";
import { figure, median } from "../stats.ts";

const MOST_SECONDS = 60;

/** The first import of a year, from the consent until the last window is stored. */
export const backfillYear: Part = {
  name: "backfill-year",
  async run(bench: Bench): Promise<Row[]> {
    const seconds: number[] = [];
    let [readings, calls] = [0, 0];
    for (let round = 0; round < Math.min(bench.rounds, 3) + 1; round++) {
      const { value } = await quietSample(bench.pids, async () => {
        const person = await newPerson(bench);
        const all = await timed(async () => {
          const imported = await ask<{ accepted: number; calls: number }>(bench, `/import-year/${person}`, "POST");
          [readings, calls] = [imported.accepted, imported.calls];
        });
        return all - (await timed(() => ask(bench, `/answer-year/${person}`, "POST")));
      });
      // The first round warms up.
      if (round > 0) seconds.push(value);
    }
    if (readings < 365 * 500) throw new Error(`a year came to ${readings} readings`);
    return [
      {
        name: "first import of one year",
        ours: `${spread(seconds)} s`,
        target: `≤ ${MOST_SECONDS} s`,
        pass: median(seconds) <= MOST_SECONDS,
        how: `${figure(readings)} readings of an Oura ring (nights with series, a rate every five minutes, activity by the minute, days, workouts) by ${calls} calls, window by window as alarms read them; the ring answers in the same process without delay, and what making its answers takes is subtracted`,
      },
    ];
  },
};

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1_000;
}
