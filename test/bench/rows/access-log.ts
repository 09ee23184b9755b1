import { newAccount } from "../account.ts";
import { ask, type Bench, expectOk, load, type Part, requestBytes } from "../bench.ts";
import { paired } from "../paired.ts";
import { costRow, type Row } from "../row.ts";

const DAY_MS = 86_400_000;
const DAYS = 30;
const CONNECTIONS = 4;

/** A read with its line in the access log, against the same read by a vault that writes none. */
export const accessLog: Part = {
  name: "access-log",
  async run(bench: Bench): Promise<Row[]> {
    const { server, sampleMs } = bench;
    const person = await newAccount(bench);
    const end = Math.floor(Date.now() / DAY_MS) * DAY_MS;
    for (let day = 0; day < DAYS; day += 5) await ask(bench, `/fill/${person.id}?from=${end - (DAYS - day) * DAY_MS}&days=5`, "POST");
    const sample = async (logged: boolean): Promise<number> => {
      await ask(bench, `/log/${person.id}?on=${logged ? 1 : 0}`, "POST");
      const path = `/v1/me/metrics/heart_rate?resolution=hour&from=${isoOf(end - DAYS * DAY_MS)}&to=${isoOf(end)}&limit=200`;
      const bytes = requestBytes("GET", path, await person.signIn());
      await expectOk(server.app, bytes);
      return (await load(server.app, { connections: CONNECTIONS, durationMs: sampleMs, request: () => bytes })).perSecond;
    };
    await sample(true);
    await sample(false);
    const result = await paired(
      bench.pids,
      bench.rounds,
      () => sample(true),
      () => sample(false),
    );
    return [
      costRow(
        "a read with its line in the access log",
        "reads/s",
        result,
        1.1,
        `a page of 200 hours; ${CONNECTIONS} connections; compared with the same read by a vault whose log is switched off for the measurement`,
      ),
    ];
  },
};

function isoOf(at: number): string {
  return new Date(at).toISOString();
}
