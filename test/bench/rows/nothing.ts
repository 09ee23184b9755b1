import { type Bench, expectOk, load, newPerson, type Part, requestBytes, signIn } from "../bench.ts";
import { paired } from "../paired.ts";
import { ratioRow, type Row } from "../row.ts";

const CONNECTIONS = 32;

/** A request that does nothing, behind everything a signed-in person's request passes. */
export const nothing: Part = {
  name: "nothing",
  async run(bench: Bench): Promise<Row[]> {
    const { server, sampleMs } = bench;
    const person = await newPerson(bench);
    const plain = requestBytes("GET", "/nothing", {});
    const sample = async (origin: URL, bytes: Uint8Array): Promise<number> => {
      await expectOk(origin, bytes);
      return (await load(origin, { connections: CONNECTIONS, durationMs: sampleMs, request: () => bytes })).perSecond;
    };
    const ours = async () => sample(server.app, requestBytes("GET", "/v1/nothing", { ...(await signIn(bench, person)) }));
    const bare = () => sample(server.bare, plain);
    await Promise.all([ours(), bare()]);
    const result = await paired(bench.pids, bench.rounds, ours, bare);
    return [
      ratioRow(
        "authenticated no-op",
        "requests/s",
        result,
        0.6,
        `${CONNECTIONS} connections, closed loop; ours passes the whole stack with a cached token`,
      ),
    ];
  },
};
