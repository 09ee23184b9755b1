import { type Bench, expectOk, load, newPerson, type Part, requestBytes, signIn } from "../bench.ts";
import { paired } from "../paired.ts";
import { startPlainServer } from "../plain-server.ts";
import { ratioRow, type Row } from "../row.ts";

const CONNECTIONS = 32;

/** A request that does nothing, behind everything a signed-in person's request passes. */
export const nothing: Part = {
  name: "nothing",
  async run(bench: Bench): Promise<Row[]> {
    const { sampleMs } = bench;
    // The token is of a real account; what it opens is served by the runtime alone.
    const token = await signIn(bench, await newPerson(bench));
    const server = await startPlainServer({ ...bench.server.secrets, RESIDENCY: "off", ORIGIN: "http://meridian.test" });
    const sample = async (origin: URL, bytes: Uint8Array): Promise<number> => {
      await expectOk(origin, bytes);
      return (await load(origin, { connections: CONNECTIONS, durationMs: sampleMs, request: () => bytes })).perSecond;
    };
    const ours = () => sample(server.app, requestBytes("GET", "/v1/nothing", { ...token }));
    const bare = () => sample(server.bare, requestBytes("GET", "/nothing", {}));
    try {
      await Promise.all([ours(), bare()]);
      const result = await paired([server.pid], bench.rounds, ours, bare);
      return [
        ratioRow(
          "authenticated no-op",
          "requests/s",
          result,
          0.6,
          `${CONNECTIONS} connections, closed loop; ours passes the whole stack with a cached token`,
        ),
      ];
    } finally {
      await server.stop();
    }
  },
};
