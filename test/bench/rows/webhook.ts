import { ask, type Bench, expectOk, load, newPerson, type Part } from "../bench.ts";
import { quietSample } from "../noise.ts";
import type { Row } from "../row.ts";
import { figure, median } from "../stats.ts";
import { HOOK_VENDORS, type HookVendor } from "./webhook-calls.ts";

const CONCURRENT = 200;
const USERS = 20;
/** Signing costs as much as verifying, and would be measured: calls are made before. Some repeat during a sample, as vendors do. */
const CALLS = 3_000;
const MOST_MS = 200;

/** A vendor's notification: verified, looked up, kept, answered; 200 at once. One row a vendor. */
export const webhook: Part = {
  name: "webhook-ack",
  async run(bench: Bench): Promise<Row[]> {
    const rows: Row[] = [];
    for (const vendor of HOOK_VENDORS) rows.push(await rowOf(bench, vendor));
    return rows;
  },
};

async function rowOf(bench: Bench, vendor: HookVendor): Promise<Row> {
  const { server } = bench;
  // One that is kept already: else each call would look for it anew.
  const secret = encodeURIComponent(vendor.subscriptionSecret ?? "none");
  await ask(bench, `/subscribe/${vendor.id}?secret=${secret}`, "POST");
  const users = await Promise.all(
    Array.from({ length: USERS }, async (_, i) => {
      await ask(bench, `/connect/${await newPerson(bench)}?vendor=${vendor.id}&user=${vendor.user(i)}`, "POST");
      return vendor.user(i);
    }),
  );
  const fresh = () => Array.from({ length: CALLS }, (_, n) => vendor.call(server, users[n % USERS]!, n));
  let calls = fresh();
  await expectOk(server.app, calls[0]!);
  const samples: { p50: number; p99: number; perSecond: number }[] = [];
  for (let round = 0; round < bench.rounds + 1; round++) {
    calls = fresh();
    let n = 0;
    const next = () => calls[n++ % CALLS]!;
    const { value } = await quietSample(bench.pids, () =>
      load(server.app, { connections: CONCURRENT, durationMs: bench.sampleMs, request: next }),
    );
    if (value.failed > 0) throw new Error(`${value.failed} notifications of ${vendor.id} were refused`);
    if (round > 0) samples.push(value);
  }
  const p99 = median(samples.map((s) => s.p99));
  const rate = median(samples.map((s) => s.perSecond));
  return {
    name: `webhook of ${vendor.id} acknowledged, ${CONCURRENT} at once`,
    ours: `p99 ${p99.toFixed(0)} ms, p50 ${median(samples.map((s) => s.p50)).toFixed(0)} ms, ${figure(rate)}/s`,
    target: `p99 < ${MOST_MS} ms`,
    pass: p99 < MOST_MS,
    how: "proof checked, connection looked up in D1, kept in the region's gate (Garmin's push: kept in the vault), then 2xx; closed loop, so the median is the number under way over the rate; queue, consumers and vaults work meanwhile",
  };
}
