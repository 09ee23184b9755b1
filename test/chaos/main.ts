/** `npm run chaos -- [--seed 1] [--days 60] [--people 20]`: the long form of the chaos journey. Ends with 1 where something is not as it should be. */
import { parseArgs } from "node:util";
import { prepare } from "../journeys/prepared.ts";
import { runChaos } from "./chaos.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
    days: { type: "string", default: "60" },
    people: { type: "string", default: "20" },
  },
});
const plan = { seed: Number(values.seed), days: Number(values.days), people: Number(values.people) };
const again = `npm run chaos -- --seed ${plan.seed} --days ${plan.days} --people ${plan.people}`;
console.log(again);
const { remove, ...prepared } = await prepare();
const begun = Date.now();
try {
  const { faults, ...outcome } = await runChaos(plan, prepared, (line) => {
    console.log(`${Math.round((Date.now() - begun) / 1_000)} s: ${line}`);
  });
  console.log(JSON.stringify({ ...plan, ...outcome, faults: faults.length, seconds: Math.round((Date.now() - begun) / 1_000) }));
  for (const fault of faults.slice(0, 50)) console.log(fault);
  if (faults.length > 0) process.exitCode = 1;
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  remove();
}
if (process.exitCode === 1) console.log(`Again: ${again}`);
process.exit();
