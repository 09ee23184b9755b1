import { newAccount } from "../account.ts";
import { ask, type Bench, expectOk, load, type Part, requestBytes } from "../bench.ts";
import { type Paired, paired } from "../paired.ts";
import { costRow, type Row } from "../row.ts";
import { MEMORY } from "../server.ts";

const DAY_MS = 86_400_000;
const DAYS = 30;
const CONNECTIONS = 4;

const HOW = `a page of 200 hours; ${CONNECTIONS} connections; compared with the same read by a vault whose log is switched off for the measurement`;

/** A read with its line in the access log, against the same read by a vault that writes none: what the line costs in work. */
export const accessLog: Part = {
  name: "access-log",
  inMemory: true,
  async run(bench: Bench): Promise<Row[]> {
    const where = bench.server.folder.startsWith(MEMORY) ? "data lie in memory, so that a commit costs its work" : "data lie on a disk";
    return [costRow("a read with its line in the access log", "reads/s", await pairedReads(bench), 1.1, `${HOW}; ${where}`)];
  },
};

/** The same where every commit waits for the disk: a read that writes nothing has none to wait for. */
export const accessLogOnDisk: Part = {
  name: "access-log-on-disk",
  async run(bench: Bench): Promise<Row[]> {
    const row = costRow(
      "a read with its line in the access log, on a disk",
      "reads/s",
      await pairedReads(bench),
      1.1,
      `${HOW}; every line waits for this machine's disk, which says more of the disk than of the line`,
    );
    return [{ ...row, target: "–", pass: undefined }];
  },
};

async function pairedReads(bench: Bench): Promise<Paired> {
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
  return await paired(
    bench.pids,
    bench.rounds,
    () => sample(true),
    () => sample(false),
  );
}

function isoOf(at: number): string {
  return new Date(at).toISOString();
}
