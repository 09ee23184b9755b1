import { type Bench, expectOk, load, newPerson, type Part, requestBytes, signIn } from "../bench.ts";
import { paired } from "../paired.ts";
import { ratioRow, type Row } from "../row.ts";

const CONNECTIONS = 16;
const TYPE = "HKQuantityTypeIdentifierHeartRate";

/** One reading by HTTP until it is durable: people each with their own object, each reading later than the one before. */
export const oneReading: Part = {
  name: "one-reading",
  async run(bench: Bench): Promise<Row[]> {
    const { server, sampleMs } = bench;
    const people = await Promise.all(Array.from({ length: CONNECTIONS }, () => newPerson(bench)));
    const begin = Date.now() - 86_400_000;
    const [ourSent, bareSent] = [people.map(() => 0), people.map(() => 0)];

    const ours = async (): Promise<number> => {
      const heads = await Promise.all(people.map((person) => signIn(bench, person)));
      const request = (connection: number): Uint8Array => {
        const at = new Date(begin + ourSent[connection]!++ * 1_000).toISOString();
        const body = JSON.stringify({ data: { records: [{ type: TYPE, startDate: at, value: 61, unit: "count/min" }] } });
        return requestBytes("POST", "/v1/ingest/healthkit", { ...heads[connection], "content-type": "application/json" }, body);
      };
      await expectOk(server.app, request(0));
      return acknowledged(await load(server.app, { connections: CONNECTIONS, durationMs: sampleMs, request }));
    };
    const bare = async (): Promise<number> => {
      const request = (connection: number): Uint8Array => {
        const body = JSON.stringify({ type: TYPE, at: begin + bareSent[connection]!++ * 1_000, value: 61 });
        return requestBytes("POST", `/insert/${people[connection]}`, { "content-type": "application/json" }, body);
      };
      return acknowledged(await load(server.bare, { connections: CONNECTIONS, durationMs: sampleMs, request }));
    };
    await ours();
    await bare();
    const result = await paired(bench.pids, bench.rounds, ours, bare);
    return [
      ratioRow(
        "one reading in, HTTP to durable",
        "readings/s",
        result,
        0.6,
        `${CONNECTIONS} people, one connection and one object each; bare is one INSERT`,
      ),
    ];
  },
};

function acknowledged(answers: { readonly failed: number; readonly perSecond: number }): number {
  if (answers.failed > 0) throw new Error(`${answers.failed} readings were refused`);
  return answers.perSecond;
}
