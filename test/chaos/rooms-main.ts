/**
 * `npm run chaos:rooms -- [--seed 1] [--people 20] [--clients 10] [--messages 50] [--cuts 3]`: the long form of the rooms journey, 200 clients
 * with 50 messages each. Ends with 1 where something is not as it should be.
 */
import { parseArgs } from "node:util";
import { prepare } from "../journeys/prepared.ts";
import { runRoomChaos } from "./rooms.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
    people: { type: "string", default: "20" },
    clients: { type: "string", default: "10" },
    messages: { type: "string", default: "50" },
    cuts: { type: "string", default: "3" },
  },
});
const plan = {
  seed: Number(values.seed),
  people: Number(values.people),
  clientsEach: Number(values.clients),
  messages: Number(values.messages),
  cuts: Number(values.cuts),
};
console.log(JSON.stringify(plan));
const { remove, ...prepared } = await prepare();
const begun = Date.now();
try {
  const { faults, ...outcome } = await runRoomChaos(plan, prepared, (line) => {
    console.log(`${Math.round((Date.now() - begun) / 1_000)} s: ${line}`);
  });
  console.log(JSON.stringify({ ...outcome, faults: faults.length, seconds: Math.round((Date.now() - begun) / 1_000) }));
  for (const fault of faults.slice(0, 50)) console.log(fault);
  if (faults.length > 0) process.exitCode = 1;
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  remove();
}
process.exit();
