import { newAccount, share } from "../account.ts";
import { ask, type Bench, expectOk, load, type Part, requestBytes } from "../bench.ts";
import { paired } from "../paired.ts";
import { costRow, type Row } from "../row.ts";

const DAY_MS = 86_400_000;
const DAYS = 30;
const CONNECTIONS = 4;

/** The same month by the hour, asked by its person and by somebody with their consent. */
export const foreignRead: Part = {
  name: "foreign-read",
  async run(bench: Bench): Promise<Row[]> {
    const { server, sampleMs } = bench;
    const [owner, reader] = [await newAccount(bench), await newAccount(bench)];
    const end = Math.floor(Date.now() / DAY_MS) * DAY_MS;
    for (let day = 0; day < DAYS; day += 5) await ask(bench, `/fill/${owner.id}?from=${end - (DAYS - day) * DAY_MS}&days=5`, "POST");
    await share(bench, owner, reader);
    const query = `metrics/heart_rate?resolution=hour&from=${isoOf(end - DAYS * DAY_MS)}&to=${isoOf(end)}&limit=200`;
    const sample = async (path: string, who: typeof owner): Promise<number> => {
      const bytes = requestBytes("GET", path, await who.signIn());
      await expectOk(server.app, bytes);
      return (await load(server.app, { connections: CONNECTIONS, durationMs: sampleMs, request: () => bytes })).perSecond;
    };
    const foreign = () => sample(`/v1/people/${owner.id}/${query}`, reader);
    const own = () => sample(`/v1/me/${query}`, owner);
    await foreign();
    await own();
    const result = await paired(bench.pids, bench.rounds, foreign, own);
    return [
      costRow(
        "read of another person by consent",
        "reads/s",
        result,
        1.3,
        `a page of 200 hours; ${CONNECTIONS} connections; compared with the owner's own read; reader's session and roles, owner's existence and consent are checked`,
      ),
    ];
  },
};

function isoOf(at: number): string {
  return new Date(at).toISOString();
}
