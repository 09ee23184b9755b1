import { parseArgs } from "node:util";
import type { Bench, Part } from "./bench.ts";
import { printTable, writeReport } from "./report.ts";
import type { Row } from "./row.ts";
import { accessLog, accessLogOnDisk } from "./rows/access-log.ts";
import { apple } from "./rows/apple.ts";
import { backfillYear } from "./rows/backfill-year.ts";
import { boards } from "./rows/boards.ts";
import { fhirReads, fhirWrites } from "./rows/fhir.ts";
import { fhirExport } from "./rows/fhir-export.ts";
import { files } from "./rows/files.ts";
import { foreignRead } from "./rows/foreign-read.ts";
import { live } from "./rows/live.ts";
import { nothing } from "./rows/nothing.ts";
import { oneReading } from "./rows/one-reading.ts";
import { push } from "./rows/push.ts";
import { reads } from "./rows/reads.ts";
import { rooms } from "./rows/rooms.ts";
import { samples } from "./rows/samples.ts";
import { signIn } from "./rows/sign-in.ts";
import { vendorPage } from "./rows/vendor-page.ts";
import { webhook } from "./rows/webhook.ts";
import { startServer } from "./server.ts";

const PARTS: readonly Part[] = [
  nothing,
  signIn,
  foreignRead,
  accessLog,
  accessLogOnDisk,
  oneReading,
  push,
  samples,
  vendorPage,
  backfillYear,
  reads,
  fhirWrites,
  fhirReads,
  fhirExport,
  webhook,
  live,
  rooms,
  apple,
  files,
  boards,
];

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    write: { type: "boolean", default: false },
    inspect: { type: "boolean", default: false },
  },
});

const chosen = PARTS.filter((part) => values.only === undefined || values.only.some((name) => part.name.includes(name)));
if (chosen.length === 0) throw new RangeError(`no such part; there are ${PARTS.map((part) => part.name).join(", ")}`);

const rows: Row[] = [];
for (const part of chosen) {
  // A server each: what one part has stored and cached is nothing to the next.
  const server = await startServer({ inspect: values.inspect, inMemory: part.inMemory ?? false });
  const bench: Bench = {
    server,
    quick: values.quick,
    rounds: Number(values.rounds ?? (values.quick ? 3 : 7)),
    sampleMs: values.quick ? 1_500 : 4_000,
    pids: [server.pid],
    say: (text) => console.error(text),
  };
  try {
    bench.say(server.inspector === undefined ? `${part.name} …` : `${part.name} … inspector at ${server.inspector.href}`);
    const done = await part.run(bench);
    printTable(done);
    // Part by part: a run that is stopped keeps what it has measured.
    if (values.write) writeReport(done, { quick: values.quick });
    rows.push(...done);
  } finally {
    await server.stop();
  }
}
if (rows.some((row) => row.pass === false)) process.exitCode = 1;
