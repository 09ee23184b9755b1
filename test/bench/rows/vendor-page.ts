import { ask, type Bench, newPerson, type Part } from "../bench.ts";
import { quietSample } from "../noise.ts";
import { spread } from "../paired.ts";
import type { Row } from "../row.ts";
import { figure, median } from "../stats.ts";
import { POINT_MS, POINTS } from "../vendor-pages.ts";

const PAGES = 20;
const LEAST_PER_SECOND = 100_000;

/** Pages of a vendor's answers until they are stored: the work that every sync is made of. */
export const vendorPage: Part = {
  name: "vendor-page",
  async run(bench: Bench): Promise<Row[]> {
    const person = await newPerson(bench);
    let from = Date.now() - 300 * 86_400_000;
    const rates: number[] = [];
    for (let round = 0; round < bench.rounds + 1; round++) {
      const { value } = await quietSample(bench.pids, async () => {
        // New each time: a replay would measure the recognition of duplicates.
        from += PAGES * POINTS * POINT_MS;
        const query = `from=${Math.floor(from)}&pages=${PAGES}`;
        const made = await timed(() => ask(bench, `/vendor-pages/${person}?${query}&store=0`, "POST"));
        const stored = await timed(async () => {
          const { accepted } = await ask<{ accepted: number }>(bench, `/vendor-pages/${person}?${query}&store=1`, "POST");
          if (accepted !== PAGES * POINTS) throw new Error(`${accepted} of ${PAGES * POINTS} readings were accepted`);
        });
        return (PAGES * POINTS) / (stored - made);
      });
      // The first round warms up.
      if (round > 0) rates.push(value);
    }
    return [
      {
        name: "a vendor's page, stored",
        ours: `${spread(rates)} readings/s`,
        target: `≥ ${LEAST_PER_SECOND.toLocaleString("en-US")}`,
        pass: median(rates) >= LEAST_PER_SECOND,
        how: `${PAGES} pages of ${figure(POINTS)} heart rates in Google Health's shape, parsed, mapped and committed one by one inside the vault; making them is subtracted`,
      },
    ];
  },
};

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1_000;
}
