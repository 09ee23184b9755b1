import { newAccount } from "../account.ts";
import { type Bench, expectOk, load, type Part, requestBytes } from "../bench.ts";
import { paired } from "../paired.ts";
import { costRow, type Row } from "../row.ts";

/** One after the other: a hash occupies the isolate, so more at once would only wait for each other. */
const IN_A_SAMPLE = 12;

/** A sign-in by password, against nothing but its hash. */
export const signIn: Part = {
  name: "sign-in",
  async run(bench: Bench): Promise<Row[]> {
    const { server } = bench;
    const { email, password } = await newAccount(bench);
    const type = { "content-type": "application/json" };
    const sample = async (origin: URL, bytes: Uint8Array): Promise<number> => {
      const { failed, perSecond } = await load(origin, { connections: 1, total: IN_A_SAMPLE, request: () => bytes });
      if (failed > 0) throw new Error(`${failed} sign-ins were refused`);
      return perSecond;
    };
    const ours = requestBytes("POST", "/v1/sessions", type, JSON.stringify({ email, password }));
    const bare = requestBytes("POST", "/hash", type, JSON.stringify({ password }));
    await expectOk(server.app, ours);
    await expectOk(server.bare, bare);
    const result = await paired(
      bench.pids,
      bench.rounds,
      () => sample(server.app, ours),
      () => sample(server.bare, bare),
    );
    return [
      costRow(
        "sign-in by password",
        "/s",
        result,
        1.15,
        "one connection; bare is a route that does nothing but the same scrypt over the same HMAC",
      ),
    ];
  },
};
