import { expect, inject, test } from "vitest";
import { runChaos } from "../chaos/chaos.ts";

/** The short form; `npm run chaos` is the long one. A seed of one's own: `CHAOS_SEED=7 npx vitest run --project journeys test/journeys/chaos.test.ts`. */
const SEED = Number(process.env["CHAOS_SEED"] ?? 11);

test(
  `after days of refusals, lost answers, late, corrected and deleted records and power cuts, all that is stored is true and nothing is there twice (seed ${SEED})`,
  { timeout: 300_000 },
  async () => {
    const outcome = await runChaos({ seed: SEED, people: 3, days: 4 }, inject("prepared"));
    expect(outcome.faults, `CHAOS_SEED=${SEED}`).toEqual([]);
    expect(outcome.facts).toBeGreaterThan(400);
    expect(outcome.refusals).toBeGreaterThan(0);
    expect(outcome.kills).toBeGreaterThan(4);
  },
);
