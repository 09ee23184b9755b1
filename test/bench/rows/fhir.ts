import { ask, type Bench, expectOk, load, newPerson, type Part, requestBytes, signIn } from "../bench.ts";
import { medplum } from "../medplum.ts";
import { quietSample } from "../noise.ts";
import { observation, patientOf, SEARCHED_CODE, transaction } from "../observations.ts";
import { paired, spread } from "../paired.ts";
import { ratioRow, type Row } from "../row.ts";
import { figure, median } from "../stats.ts";

const DAY_MS = 86_400_000;
const CONNECTIONS = 16;
const IN_TRANSACTION = 100;
const TRANSACTIONS = 20;
const FHIR = { "content-type": "application/fhir+json" };

interface Read {
  readonly read: string;
  readonly name: string;
  readonly mostMs?: number;
  readonly times: number;
  readonly shown: number;
  readonly how: string;
}

/** What clients write, as fast as it goes, and the same by others: what somebody would build on a library. */
export const fhirWrites: Part = {
  name: "fhir-writes",
  async run(bench: Bench): Promise<Row[]> {
    const end = Math.floor(Date.now() / DAY_MS - 5) * DAY_MS;
    return [await transactionRow(bench, end), await createRow(bench, end), ...(await peerRows(bench, end))];
  },
};

/** Searches and operations of a person with a year at 1 Hz and 100,000 stored resources. */
export const fhirReads: Part = {
  name: "fhir-reads",
  async run(bench: Bench): Promise<Row[]> {
    const [days, stored] = bench.quick ? [40, 10_000] : [365, 100_000];
    const end = Math.floor(Date.now() / DAY_MS - 5) * DAY_MS;
    const person = await newPerson(bench);
    for (let day = 0; day < days; day += 5)
      await ask(bench, `/fill/${person}?from=${end - (days - day) * DAY_MS}&days=${Math.min(5, days - day)}`, "POST");
    for (let first = 0; first < stored; first += 5_000)
      await ask(bench, `/fhir-fill/${person}?first=${first}&length=${Math.min(5_000, stored - first)}&count=${stored}&end=${end}`, "POST");
    return await readRows(bench, person, end, stored, days);
  },
};

async function readRows(bench: Bench, person: string, end: number, stored: number, days: number): Promise<Row[]> {
  const all = stored.toLocaleString("en-US");
  const reads: readonly Read[] = [
    {
      read: "page",
      name: `FHIR: page of 50 of ${all}`,
      mostMs: 5,
      times: 20,
      shown: 50,
      how: "by the codes of all, the newest first",
    },
    {
      read: "deep",
      name: `FHIR: page of 50 behind half of ${all}`,
      mostMs: 5,
      times: 20,
      shown: 50,
      how: "by the codes of all and a date half a year back",
    },
    {
      read: "month",
      name: `FHIR: 30 days of one code of ${all}`,
      mostMs: 5,
      times: 20,
      shown: 50,
      how: `the first page of 50 by code and date, beside ${days} days at 1 Hz`,
    },
    {
      read: "hours",
      name: `FHIR: 30 days of one metric of ${days} days at 1 Hz`,
      mostMs: 10,
      times: 5,
      shown: 50,
      how: `the first page of 50 hours with 3,600 samples each as SampledData, beside ${all} stored resources`,
    },
    {
      read: "everything",
      name: `FHIR: $everything, a page of 50 of ${all}`,
      mostMs: 5,
      times: 10,
      shown: 50,
      how: "Observations since a date",
    },
    { read: "lastn", name: `FHIR: $lastn of ${all}`, times: 5, shown: 5, how: "the newest of each code of vital signs" },
  ];
  const rows: Row[] = [];
  for (const { read, name, mostMs, times, shown, how } of reads) {
    const once = async (n: number): Promise<number> => {
      const startedAt = performance.now();
      const answer = await ask<{ shown: number }>(bench, `/fhir-read/${person}?read=${read}&end=${end}&times=${n}`);
      if (answer.shown < shown) throw new Error(`${name} shows ${answer.shown} resources`);
      return performance.now() - startedAt;
    };
    await once(times);
    const taken: number[] = [];
    for (let round = 0; round < bench.rounds; round++) {
      // The way there and back is in both, and falls out.
      const { value } = await quietSample(bench.pids, async () => (await once(times + 1)) - (await once(1)));
      taken.push(value / times);
    }
    const ms = median(taken);
    rows.push({
      name,
      ours: `${ms.toFixed(2)} [${Math.min(...taken).toFixed(2)}–${Math.max(...taken).toFixed(2)}] ms`,
      target: mostMs === undefined ? "–" : `≤ ${mostMs} ms`,
      pass: mostMs === undefined ? undefined : ms <= mostMs,
      how: `${how}; decided, logged, as JSON text; repeated ${times} times inside the object`,
    });
  }
  return rows;
}

async function transactionRow(bench: Bench, end: number): Promise<Row> {
  const { server } = bench;
  const person = await newPerson(bench);
  const all = 1_000_000;
  let first = 0;
  const bodies = () =>
    Array.from({ length: TRANSACTIONS }, () => transaction((first += IN_TRANSACTION), IN_TRANSACTION, all, end, patientOf(person)));
  const perSecond = ({ failed, seconds }: { readonly failed: number; readonly seconds: number }) => {
    if (failed > 0) throw new Error(`${failed} transactions were refused`);
    return (IN_TRANSACTION * TRANSACTIONS) / seconds;
  };
  const rates: number[] = [];
  const ours = async (): Promise<number> => {
    const headers = { ...(await signIn(bench, person)), ...FHIR };
    const requests = bodies().map((body) => requestBytes("POST", "/fhir/r4/", headers, body));
    const rate = perSecond(await load(server.app, { connections: 1, total: TRANSACTIONS, request: (_, n) => requests[n]! }));
    rates.push(rate);
    return rate;
  };
  const bare = async (): Promise<number> => {
    const requests = bodies().map((body) => requestBytes("POST", `/keep-all/${person}`, FHIR, body));
    return perSecond(await load(server.bare, { connections: 1, total: TRANSACTIONS, request: (_, n) => requests[n]! }));
  };
  // A refusal says why.
  const probe = await fetch(new URL("/fhir/r4/", server.app), {
    method: "POST",
    headers: { ...(await signIn(bench, person)), ...FHIR },
    body: bodies()[0]!,
  });
  if (!probe.ok) throw new Error(`a transaction was refused: ${await probe.text()}`);
  for (let i = 0; i < 2; i++) {
    await ours();
    await bare();
  }
  rates.length = 0;
  const result = await paired(bench.pids, bench.rounds, ours, bare);
  return {
    name: "FHIR: transactions of 100",
    ours: `${spread(rates)} resources/s`,
    bare: `${result.bare} resources/s`,
    ratio: result.ratio,
    target: "≥ 4,000 resources/s",
    pass: median(rates) >= 4_000,
    how: "one connection; each resource validated, versioned, indexed by all its search parameters, and logged; bare parses the same body and inserts each as one row with an index",
  };
}

async function createRow(bench: Bench, end: number): Promise<Row> {
  const { server, sampleMs } = bench;
  const people = await Promise.all(Array.from({ length: CONNECTIONS }, () => newPerson(bench)));
  let number = 0;
  const body = (connection: number) => JSON.stringify(observation(number++, 1_000_000, end, patientOf(people[connection]!)));
  const rates: number[] = [];
  const accepted = ({ failed, perSecond }: { readonly failed: number; readonly perSecond: number }) => {
    if (failed > 0) throw new Error(`${failed} creates were refused`);
    return perSecond;
  };
  // What waits to be indexed belongs to the creates: a search of each person has it done.
  const searched = async (heads: readonly Readonly<Record<string, string>>[]): Promise<number> => {
    const startedAt = performance.now();
    const answers = await Promise.all(
      heads.map(async (headers) => await fetch(new URL("/fhir/r4/Observation?code=8867-4&_count=1", server.app), { headers })),
    );
    for (const answer of answers) if (!answer.ok) throw new Error(`a search was refused: ${await answer.text()}`);
    return (performance.now() - startedAt) / 1_000;
  };
  const ours = async (): Promise<number> => {
    const heads = await Promise.all(people.map((person) => signIn(bench, person)));
    const request = (connection: number) =>
      requestBytes("POST", "/fhir/r4/Observation", { ...heads[connection], ...FHIR }, body(connection));
    await expectOk(server.app, request(0));
    const loaded = await load(server.app, { connections: CONNECTIONS, durationMs: sampleMs, request });
    const creates = accepted(loaded) * loaded.seconds;
    const rate = creates / (loaded.seconds + (await searched(heads)));
    rates.push(rate);
    return rate;
  };
  const bare = async (): Promise<number> => {
    const request = (connection: number) => requestBytes("POST", `/keep/${people[connection]}`, FHIR, body(connection));
    return accepted(await load(server.bare, { connections: CONNECTIONS, durationMs: sampleMs, request }));
  };
  await ours();
  await bare();
  rates.length = 0;
  const result = await paired(bench.pids, bench.rounds, ours, bare);
  const row = ratioRow(
    "FHIR: create",
    "resources/s",
    result,
    0.3,
    `${CONNECTIONS} people, one connection and one object each; validated, versioned, logged, and indexed, by a search of each person at the end of the time that is measured; bare inserts the same JSON as one row with an index`,
  );
  return { ...row, target: "≥ 0.3 of bare and ≥ 600/s", pass: row.pass === true && median(rates) >= 600 };
}

async function peerRows(bench: Bench, end: number): Promise<Row[]> {
  const { creates, searchMs, held } = await medplum(bench.quick ? 1_000 : 5_000, end);
  const how = `the repository of @medplum/fhir-router in the memory of one Node process, with ${held.toLocaleString("en-US")} resources: neither validated nor indexed, without disk, access log and reach`;
  return [
    { name: "FHIR: create by @medplum/fhir-router", ours: `${figure(creates)} resources/s`, target: "–", pass: undefined, how },
    {
      name: `FHIR: search for ${SEARCHED_CODE.split("|")[1]} by @medplum/fhir-router`,
      ours: `${searchMs.toFixed(2)} ms`,
      target: "–",
      pass: undefined,
      how,
    },
  ];
}
