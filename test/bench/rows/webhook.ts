import { ask, type Bench, expectOk, load, newPerson, type Part, requestBytes } from "../bench.ts";
import type { Answers } from "../client.ts";
import { quietSample } from "../noise.ts";
import type { Row } from "../row.ts";
import { figure, median } from "../stats.ts";
import { HOOK_VENDORS, type HookVendor } from "./webhook-calls.ts";

const CONCURRENT = 200;
const USERS = 20;
/** Signing costs as much as verifying, and would be measured: calls are made before. Some repeat during a sample, as vendors do. */
const CALLS = 3_000;
const MOST_MS = 200;
/** Whose calls the bare platform takes too: it verifies them, and then forgets them, or keeps a row of each in an object. */
const BARE_VENDOR = "oura";

/** A vendor's notification: verified, looked up, kept, answered; 200 at once. One row a vendor, and what the platform takes for less. */
export const webhook: Part = {
  name: "webhook-ack",
  async run(bench: Bench): Promise<Row[]> {
    const rows: Row[] = [];
    for (const vendor of HOOK_VENDORS) rows.push(...(await rowsOf(bench, vendor)));
    return rows;
  },
};

async function rowsOf(bench: Bench, vendor: HookVendor): Promise<Row[]> {
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
  const sample = async (origin: URL, path?: string): Promise<Answers> =>
    await sampleOf(
      bench,
      origin,
      Array.from({ length: CALLS }, (_, n) => vendor.call(server, users[n % USERS]!, n, path)),
    );
  const ours: Answers[] = [];
  const bare = { nothing: [] as Answers[], answered: [] as Answers[], kept: [] as Answers[] };
  for (let round = 0; round < bench.rounds + 1; round++) {
    const own = await sample(server.app);
    if (round > 0) ours.push(own);
    if (vendor.id !== BARE_VENDOR) continue;
    const nothing = await sampleOf(bench, server.bare, [requestBytes("GET", "/nothing", {})]);
    const answered = await sample(server.bare, "/notify");
    const kept = await sample(server.bare, "/notify/notifications");
    if (round === 0) continue;
    bare.nothing.push(nothing);
    bare.answered.push(answered);
    bare.kept.push(kept);
  }
  const p99 = median(ours.map((s) => s.p99));
  const row: Row = {
    name: `webhook of ${vendor.id} acknowledged, ${CONCURRENT} at once`,
    ours: told(ours),
    target: `p99 < ${MOST_MS} ms`,
    pass: p99 < MOST_MS,
    how: "proof checked, connection looked up in D1, kept at the region's gate (Garmin's with the data that it brings), then 2xx; closed loop, so the median is the number under way over the rate; queue, consumers and vaults work meanwhile",
  };
  if (vendor.id !== BARE_VENDOR) return [row];
  const rateOf = (samples: readonly Answers[]) => median(samples.map(({ perSecond }) => perSecond));
  return [
    {
      ...row,
      bare: told(bare.kept),
      ratio: rateOf(ours) / rateOf(bare.kept),
      how: `${row.how}; bare verifies and keeps one row in an object, with no queue behind it; the ratio is that of the rates`,
    },
    {
      name: `bare platform: no-op, ${CONCURRENT} at once`,
      ours: told(bare.nothing),
      target: "–",
      pass: undefined,
      how: "one route that answers a constant: how long the slowest hundredth waits for the runtime alone, with as many connections",
    },
    {
      name: `bare platform: signed call answered, ${CONCURRENT} at once`,
      ours: told(bare.answered),
      target: "–",
      pass: undefined,
      how: "one route that reads the body, verifies the signature and keeps nothing: what this machine's runtime takes for any webhook",
    },
  ];
}

/** One sample of a closed loop that goes through the requests in their order. */
async function sampleOf(bench: Bench, origin: URL, requests: readonly Uint8Array[]): Promise<Answers> {
  await expectOk(origin, requests[0]!);
  let n = 0;
  const request = (): Uint8Array => requests[n++ % requests.length]!;
  const { value } = await quietSample(bench.pids, () => load(origin, { connections: CONCURRENT, durationMs: bench.sampleMs, request }));
  if (value.failed > 0) throw new Error(`${value.failed} requests were refused`);
  return value;
}

/** The medians of samples. */
function told(samples: readonly Answers[]): string {
  const [p99, p50, rate] = (["p99", "p50", "perSecond"] as const).map((key) => median(samples.map((one) => one[key])));
  return `p99 ${p99!.toFixed(0)} ms, p50 ${p50!.toFixed(0)} ms, ${figure(rate!)}/s`;
}
