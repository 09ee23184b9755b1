import { parseArgs } from "node:util";
import { type Operation, operationsOf, parseDocument } from "../refusals/document";
import { familiesOf, type Finding, fuzzSequence, fuzzSpoiled, fuzzValid, isCostly, type Part, type Run } from "./fuzz";
import { overHttp } from "./http";
import { Judge } from "./judge";
import { logFaults } from "./log";
import { WITHOUT_SUCCESS } from "./recipes";
import { ORIGIN, startServer } from "./server";
import { Tally } from "./tally";
import { World } from "./world";

/** Operations at once: enough to keep the runtime busy, few enough that it answers each in time. */
const AT_ONCE = 8;

interface Job {
  readonly operation: Operation;
  readonly part: Part;
  readonly work: () => Promise<Finding | undefined>;
}

const { values: options } = parseArgs({
  options: {
    seed: { type: "string" },
    requests: { type: "string", default: "20000" },
    operation: { type: "string" },
    part: { type: "string" },
    path: { type: "string" },
    people: { type: "string", default: "16" },
  },
});
const seed = options.seed === undefined ? (Math.random() * 2 ** 31) | 0 : Number(options.seed);
const wanted = Number(options.requests);
/** Costly operations wait for a hash: they are sent less often. */
const COSTLY_RUNS = Math.max(2, Math.min(6, Math.round(wanted / 3_000)));
console.log(`seed ${seed}`);

const startedAt = Date.now();
const server = await startServer();
const wire = overHttp(server.origin);
let failed = false;
try {
  failed = await fuzz();
} finally {
  wire.close();
  await server.stop();
}
process.exit(failed ? 1 : 0);

/** Fuzzes every operation and prints what was found; true where anything was. */
async function fuzz(): Promise<boolean> {
  const answer = await wire.send({ method: "GET", target: "/openapi.json", headers: [["host", new URL(ORIGIN).host]] });
  const document = parseDocument(JSON.parse(answer.text));
  const operations = operationsOf(document);
  // The product serves its own host: letters and links depend on it.
  const send: typeof wire.send = async (sent) =>
    await wire.send({ ...sent, headers: [["host", new URL(ORIGIN).host], ["cf-connecting-ip", address()], ...sent.headers] });
  const { secrets, consent, signHook, change } = server;
  const world = new World({ document, operations, send, origin: ORIGIN, secrets, consent, signHook, change });
  await world.settle(Number(options.people));
  const run: Run = { world, judge: new Judge(document, operations), tally: new Tally(), seed, path: options.path };
  console.log(`${operations.length} operations, ${world.people.length} people after ${seconds()}`);

  const chosen = operations.filter(({ operationId }) => options.operation === undefined || operationId === options.operation);
  const cheap = chosen.filter((operation) => !isCostly(run, operation)).length || 1;
  const each = Math.ceil((wanted * 0.93) / cheap);
  const findings: Finding[] = [];
  const slow: [number, string][] = [];
  const only = (part: string) => options.part === undefined || options.part === part;
  // What makes things comes first, what deletes them last: the others find something.
  const rank = (method: string) => ["POST", "GET", "PUT", "PATCH", "DELETE"].indexOf(method);
  const ordered = chosen.toSorted((a, b) => rank(a.method) - rank(b.method));
  const jobs: Job[] = [];
  for (const operation of ordered) {
    const costly = isCostly(run, operation);
    if (only("valid"))
      jobs.push({
        operation,
        part: "valid",
        work: async () => await fuzzValid(run, operation, costly ? COSTLY_RUNS : Math.ceil(each * 0.35)),
      });
    if (only("spoiled"))
      jobs.push({
        operation,
        part: "spoiled",
        work: async () => await fuzzSpoiled(run, operation, costly ? COSTLY_RUNS * 5 : Math.floor(each * 0.65)),
      });
  }
  for (const family of familiesOf((chosen.length === 1 ? operations : chosen).filter((operation) => !isCostly(run, operation)))) {
    const operation = chosen.find((one) => family.includes(one));
    if (only("sequence") && operation !== undefined)
      jobs.push({ operation, part: "sequence", work: async () => await fuzzSequence(run, family, 12) });
  }
  const next = jobs.values();
  const ticking = setInterval(() => console.log(`${run.tally.total} requests after ${seconds()}`), 20_000);
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const job of next) {
        const begun = Date.now();
        const found = await job.work();
        if (found !== undefined) {
          findings.push(found);
          print(found);
        }
        slow.push([Date.now() - begun, `${job.part} ${job.operation.operationId}`]);
      }
    }),
  );

  clearInterval(ticking);
  const { tally } = run;
  for (const operation of ordered) console.log(`${operation.method.padEnd(6)} ${operation.template.padEnd(48)} ${tally.of(operation)}`);
  console.log(`${tally.total} requests after ${seconds()}: ${tally.statuses}`);
  const slowest = slow.toSorted(([a], [b]) => b - a).slice(0, 8);
  console.log(`slowest: ${slowest.map(([ms, name]) => `${name} ${(ms / 1_000).toFixed(1)} s`).join(", ")}`);
  const reasons = new Set(Object.keys(WITHOUT_SUCCESS));
  const whole = options.operation === undefined && options.part === undefined;
  const never = whole ? operations.filter((operation) => !tally.succeeded(operation)) : [];
  for (const { method, template, operationId } of never) {
    const reason = WITHOUT_SUCCESS[operationId];
    console.log(reason === undefined ? `never succeeded: ${method} ${template}` : `never succeeds here: ${method} ${template}: ${reason}`);
  }
  const unexplained = never.filter(({ operationId }) => !reasons.has(operationId));
  const stale = [...reasons].filter((operationId) => whole && !never.some((operation) => operation.operationId === operationId));
  for (const operationId of stale) console.log(`succeeds after all, take it off the list: ${operationId}`);
  const logs = logFaults(server.log(), world);
  for (const fault of logs) console.log(`log: ${fault}`);
  console.log(findings.length === 0 ? "nothing found" : `${findings.length} found`);
  return findings.length > 0 || unexplained.length > 0 || stale.length > 0 || logs.length > 0;
}

function print({ operation, part, faults, curl, answer: said, replay }: Finding): void {
  console.log(`\n${operation} (${part})\n  ${faults.join("\n  ")}\n  ${curl}\n  → ${said}\n  again: ${replay}\n`);
}

/** A network of its own for every request: exact limits count by it. */
function address(): string {
  const [a = 0, b = 0] = crypto.getRandomValues(new Uint16Array(2));
  return `2001:db8:${a.toString(16)}:${b.toString(16)}::1`;
}

function seconds(): string {
  return `${((Date.now() - startedAt) / 1_000).toFixed(1)} s`;
}
