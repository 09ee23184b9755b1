import { randomUUID } from "node:crypto";
import { type Bench, load, newPerson, type Part, requestBytes, signIn } from "../bench.ts";
import { cpuMs } from "../noise.ts";
import { paired, spread } from "../paired.ts";
import { ratioRow, type Row } from "../row.ts";
import { median } from "../stats.ts";

const RECORDS = 10_000;
const BODIES = 16;
const LEAST_PER_SECOND = 350_000;

/** A push as large as one may be: 10,000 samples with record ids, zones and sources, as phones send them. */
export const push: Part = {
  name: "push",
  async run(bench: Bench): Promise<Row[]> {
    const { server } = bench;
    let hour = Math.floor(Date.now() / 3_600_000) - 24 * 300;
    const perCpuSecond: number[] = [];

    const sample = async (origin: URL, head: (body: string) => Uint8Array): Promise<{ perSecond: number; perCpu: number }> => {
      // Bodies are made before the clock starts, and are new: a replay would measure the recognition of duplicates.
      const bodies = Array.from({ length: BODIES }, () => head(pushBody((hour += 3) * 3_600_000)));
      const cpuBefore = cpuMs(server.pid);
      const answers = await load(origin, { connections: 1, total: BODIES, request: (_, n) => bodies[n]! });
      if (answers.failed > 0) throw new Error("a push was refused");
      const records = RECORDS * BODIES;
      return { perSecond: records / answers.seconds, perCpu: (records / (cpuMs(server.pid) - cpuBefore)) * 1_000 };
    };
    const person = await newPerson(bench);
    const ours = async (): Promise<number> => {
      const headers = { ...(await signIn(bench, person)), "content-type": "application/json" };
      const taken = await sample(server.app, (body) => requestBytes("POST", "/v1/ingest/healthkit", headers, body));
      perCpuSecond.push(taken.perCpu);
      return taken.perSecond;
    };
    const bare = async (): Promise<number> =>
      (await sample(server.bare, (body) => requestBytes("POST", `/bulk/${person}`, { "content-type": "application/json" }, body)))
        .perSecond;

    for (let i = 0; i < 3; i++) {
      await ours();
      await bare();
    }
    perCpuSecond.length = 0;
    const result = await paired(bench.pids, bench.rounds, ours, bare);
    const size = (Buffer.byteLength(pushBody(0)) / 1e6).toFixed(1);
    return [
      {
        name: "push of 10,000 records, CPU",
        ours: `${spread(perCpuSecond)} records/s of CPU`,
        target: `≥ ${LEAST_PER_SECOND.toLocaleString("en-US")}`,
        pass: median(perCpuSecond) >= LEAST_PER_SECOND,
        how: `CPU time of the whole server process (HTTP, Worker, object, commit, garbage collection) over ${BODIES} pushes of ${size} MB each`,
      },
      ratioRow(
        "push of 10,000 records",
        "records/s",
        result,
        0.6,
        "one connection; bare parses the same body, checks it by hand and inserts rows by json_each",
      ),
    ];
  },
};

/** Heart rates at 1 Hz from an instant, in the shape that HealthKit bridges send. */
export function pushBody(from: number): string {
  const records = Array.from({ length: RECORDS }, (_, i) => {
    const at = new Date(from + i * 1_000).toISOString();
    return {
      id: randomUUID().toUpperCase(),
      type: "HKQuantityTypeIdentifierHeartRate",
      startDate: at,
      endDate: at,
      zoneOffset: "+01:00",
      value: 60 + Math.round(20 * Math.sin(i / 300)) + (i % 3),
      unit: "count/min",
      source: { bundleIdentifier: "com.apple.health", deviceName: "Watch", deviceModel: "Watch7,5" },
    };
  });
  return JSON.stringify({ provider: "apple", syncTimestamp: from + RECORDS * 1_000, data: { records, sleep: [], workouts: [] } });
}
