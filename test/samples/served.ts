/** Sends every sample through the served API, twice, and reads back what is there. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { Meridian } from "../journeys/harness.ts";
import { Client } from "../journeys/person.ts";
import { prepare } from "../journeys/prepared.ts";
import { until } from "../journeys/until.ts";
import { metrics, rawSeries, receipt, sessions } from "../journeys/wire.ts";
import type { Check } from "./apple.ts";
import type { StoredFile, WantedSeries } from "./files.ts";
import type { OwnFile } from "./own.ts";
import type { SeriesOfType } from "./pure.ts";

type SeriesLookup = (type: string, unit: string | undefined) => SeriesOfType | undefined;

const figures = z.looseObject({
  n: z.number(),
  min: z.number().optional(),
  max: z.number().optional(),
  mean: z.number().optional(),
  units: z.record(z.string(), z.number()),
  first_start_utc: z.string(),
});
const exportExpectation = z.looseObject({
  records_by_type: z.record(z.string(), figures),
  workouts: z.array(z.unknown()),
  correlations: z.record(z.string(), z.number()),
});
type ExportExpectation = z.output<typeof exportExpectation>;
const archiveExpectation = z.looseObject({ export_xml: z.record(z.string(), z.unknown()) });
const counts = z.object({ read: z.number(), accepted: z.number(), duplicate: z.number(), quarantined: z.number(), rejected: z.number() });
const list = z.object({ items: z.array(z.unknown()) });
const job = z.object({
  id: z.string(),
  kind: z.string(),
  state: z.string(),
  report: z.object({ byType: z.record(z.string(), counts) }).optional(),
});
type Job = z.output<typeof job>;

const RANGE = "from=2000-01-01T00:00:00Z&to=2030-01-01T00:00:00Z";
const PUSHES: readonly (readonly [folder: string, pattern: RegExp, platform: string])[] = [
  ["apple", /^(?:ow_sdk|hae)_[^/]*\.json$/, "healthkit"],
  ["apple/granola", /\.json$/, "healthkit"],
  ["health_connect", /^[^/]*\.json$/, "health-connect"],
];

/** The verdicts on every export and every push; one Meridian for all, one person for each file. */
export async function servedSamples(
  samplesDir: string,
  seriesOfType: SeriesLookup,
  workoutFiles: readonly (readonly [folder: string, pattern: RegExp])[],
  others: {
    readonly stored: readonly StoredFile[];
    readonly clinical: readonly (readonly [folder: string, pattern: RegExp])[];
    readonly own: readonly OwnFile[];
  },
): Promise<Check[]> {
  const expected = z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(join(samplesDir, "EXPECT.json"), "utf8")));
  const { remove, ...prepared } = await prepare();
  const meridian = await Meridian.start(undefined, { prepared });
  const checks: Check[] = [];
  const judge = async (name: string, run: (client: Client) => Promise<readonly string[]>): Promise<void> => {
    const faults = await Client.register(meridian)
      .then(run)
      .catch((error: unknown) => [String(error)]);
    checks.push({ name, ok: faults.length === 0, ...(faults.length > 0 && { detail: faults.join("; ") }) });
  };
  try {
    const valid = await readFile(join(samplesDir, "apple/alxdrcirilo_export.zip"));
    for (const name of await filesIn(samplesDir, "apple", /\.(?:xml|zip)$/)) {
      const bytes = await readFile(join(samplesDir, name));
      const wanted = expectationOf(expected[name]);
      await judge(name, (client) =>
        wanted === undefined ? refuse(client, bytes, valid) : importTwice(client, name, bytes, wanted, seriesOfType),
      );
    }
    for (const [folder, pattern] of workoutFiles) {
      for (const name of await filesIn(samplesDir, folder, pattern)) {
        const bytes = await readFile(join(samplesDir, name));
        await judge(name, (client) => workoutsTwice(client, bytes, name));
      }
    }
    for (const { path, mustFail, series } of others.stored) {
      const bytes = await readFile(join(samplesDir, path));
      await judge(path, (client) => (mustFail ? refuse(client, bytes, valid, path) : filesTwice(client, bytes, path, { series })));
    }
    for (const [folder, pattern] of others.clinical) {
      for (const name of await filesIn(samplesDir, folder, pattern)) {
        const bytes = await readFile(join(samplesDir, name));
        await judge(name, (client) => clinicalTwice(client, bytes, name));
      }
    }
    for (const { name, kind, bytes, ...wanted } of others.own)
      await judge(`own ${kind}: ${name}`, (client) => filesTwice(client, Buffer.from(bytes), name, { kind, ...wanted }));
    for (const [folder, pattern, platform] of PUSHES) {
      for (const name of await filesIn(samplesDir, folder, pattern)) {
        const bytes = await readFile(join(samplesDir, name));
        await judge(name, (client) => pushTwice(client, platform, bytes));
      }
    }
  } finally {
    await meridian.dispose();
    remove();
  }
  return checks;
}

async function filesIn(samplesDir: string, folder: string, pattern: RegExp): Promise<string[]> {
  const names = await readdir(join(samplesDir, folder), { recursive: true });
  return names
    .filter((name) => pattern.test(name))
    .map((name) => `${folder}/${name}`)
    .toSorted();
}

/** What must come out of a file, or undefined where it is no export. */
function expectationOf(stated: unknown): ExportExpectation | undefined {
  const archive = archiveExpectation.safeParse(stated);
  const candidates = archive.success ? Object.values(archive.data.export_xml) : [stated];
  return candidates.map((one) => exportExpectation.safeParse(one).data).find((one) => one !== undefined);
}

async function importTwice(
  client: Client,
  name: string,
  bytes: Buffer,
  wanted: ExportExpectation,
  seriesOfType: SeriesLookup,
): Promise<string[]> {
  const first = await importFile(client, bytes);
  if (first?.state !== "done") return [`the import ended as ${first?.state ?? "refused"}`];
  const faults = [...differences(first, wanted), ...(await seriesFaults(client, wanted, seriesOfType))];
  const workouts = await client.get(`/v1/me/workouts?limit=200&${RANGE}&source=all`, sessions);
  if (workouts.items.length !== wanted.workouts.length)
    faults.push(`${workouts.items.length} workouts, expected ${wanted.workouts.length}`);
  const before = await everything(client);
  const again = await importFile(client, bytes);
  const accepted = Object.entries(again?.report?.byType ?? {}).filter(([, count]) => count.accepted > 0);
  if (again?.state !== "done" || accepted.length > 0) faults.push(`the second import of ${name} accepted ${JSON.stringify(accepted)}`);
  if ((await everything(client)) !== before) faults.push("the second import changed what is stored");
  return faults;
}

function differences({ report }: Job, wanted: ExportExpectation): string[] {
  const stated = [
    ...Object.entries(wanted.records_by_type).map(([type, { n }]) => [type, n] as const),
    ...Object.entries(wanted.correlations),
  ];
  return stated.flatMap(([type, n]) => {
    const read = report?.byType[type]?.read;
    return read === n ? [] : [`${type}: ${read} read, expected ${n}`];
  });
}

/** Counts, first instants, extremes and means of what is read back, against the independent reader. */
async function seriesFaults(client: Client, wanted: ExportExpectation, seriesOfType: SeriesLookup): Promise<string[]> {
  const stored = new Set((await client.get("/v1/me/metrics?limit=200", metrics)).items.map(({ key }) => key));
  const faults: string[] = [];
  for (const [type, { n, min, max, mean, units, first_start_utc }] of Object.entries(wanted.records_by_type)) {
    const [unit, ...others] = Object.keys(units);
    const series = seriesOfType(type, unit);
    if (series === undefined) continue;
    if (!stored.has(series.key)) {
      faults.push(`${type}: nothing is stored`);
      continue;
    }
    const items = await wholeSeries(client, series.key);
    const values = items.flatMap(({ value }) => (value === null ? [] : [value]));
    if (items.length !== n) faults.push(`${type}: ${items.length} stored, expected ${n}`);
    const firstAt = Math.min(...items.map(({ at }) => Date.parse(at)));
    if (firstAt !== Date.parse(first_start_utc)) faults.push(`${type}: begins ${firstAt}, expected ${first_start_utc}`);
    if (others.length > 0 || min === undefined || max === undefined || mean === undefined) continue;
    const found = [Math.min(...values), Math.max(...values), values.reduce((sum, value) => sum + value, 0) / values.length];
    for (const [i, [stated, tolerance]] of (
      [
        [min, 1e-12],
        [max, 1e-12],
        [mean, 1e-6],
      ] as const
    ).entries()) {
      const target = series.convert?.(stated) ?? Number.NaN;
      const is = found[i] ?? Number.NaN;
      if (!(Math.abs(is - target) <= tolerance * Math.max(1, Math.abs(target))))
        faults.push(`${type}: ${["min", "max", "mean"][i]} ${is}, expected ${target}`);
    }
  }
  return faults;
}

async function wholeSeries(client: Client, key: string): Promise<z.output<typeof rawSeries>["items"]> {
  const items: z.output<typeof rawSeries>["items"] = [];
  let cursor = "";
  for (;;) {
    const page = await client.get(`/v1/me/metrics/${key}?resolution=raw&source=all&limit=10000&${RANGE}${cursor}`, rawSeries);
    items.push(...page.items);
    if (page.next === null) return items;
    cursor = `&cursor=${encodeURIComponent(page.next)}`;
  }
}

/** A file that is no export answers 4xx or fails its import, leaves nothing, and the next export works. */
async function refuse(client: Client, bytes: Buffer, valid: Buffer, name?: string): Promise<string[]> {
  const refused = name === undefined ? await importFile(client, bytes) : await importFile(client, bytes, "auto", name);
  const faults = refused !== undefined && refused.state !== "failed" ? [`it ended as ${refused.state}`] : [];
  if ((await client.get("/v1/me/metrics?limit=200", metrics)).items.length > 0) faults.push("it left readings behind");
  if ((await importFile(client, valid))?.state !== "done") faults.push("the next export was not imported");
  return faults;
}

async function pushTwice(client: Client, platform: string, bytes: Buffer): Promise<string[]> {
  const push = async () => {
    const reply = await client.fetch(`/v1/ingest/${platform}`, {
      method: "POST",
      body: new Uint8Array(bytes),
      headers: { "content-type": "application/json" },
    });
    if (reply.status !== 200) throw new Error(`the push answered ${reply.status}: ${await reply.text()}`);
    return receipt.parse(await reply.json());
  };
  const first = await push();
  const faults = first.accepted + first.rejected.length + first.quarantined.length > 0 ? [] : ["nothing was read"];
  const before = await everything(client);
  const again = await push();
  if (again.accepted + again.updated + again.deleted > 0) faults.push(`the second push was no repetition: ${JSON.stringify(again)}`);
  if (again.duplicate !== first.accepted + first.duplicate + first.updated)
    faults.push(`${again.duplicate} duplicates, expected ${first.accepted}`);
  if ((await everything(client)) !== before) faults.push("the second push changed what is stored");
  return faults;
}

interface WantedFile {
  readonly series: readonly WantedSeries[];
  readonly kind?: string;
  readonly nights?: number;
  readonly workouts?: number;
}

/** A table, document or account's export, recognised by itself: what is read back is what was found, and the second time changes nothing. */
async function filesTwice(client: Client, bytes: Buffer, name: string, wanted: WantedFile): Promise<string[]> {
  const first = await importFile(client, bytes, "auto", name);
  if (first?.state !== "done") return [`the import ended as ${first?.state ?? "refused"}`];
  const faults = booksFaults(first);
  if (wanted.kind !== undefined && first.kind !== wanted.kind) faults.push(`it was taken for ${first.kind}`);
  for (const one of wanted.series) faults.push(...(await wantedFaults(client, one, first)));
  for (const [path, n] of [
    ["sleep", wanted.nights],
    ["workouts", wanted.workouts],
  ] as const) {
    if (n === undefined) continue;
    const found = (await client.get(`/v1/me/${path}?limit=200&${RANGE}&source=all`, sessions)).items.length;
    if (found !== n) faults.push(`${found} of ${path}, expected ${n}`);
  }
  return [...faults, ...(await againFaults(client, bytes, name))];
}

/** A message, document or report: what was accepted can be read, and the second time changes nothing. */
async function clinicalTwice(client: Client, bytes: Buffer, name: string): Promise<string[]> {
  // A fragment of a document does not show what it is: somebody says so.
  const first = (await importFile(client, bytes, "auto", name)) ?? (await importFile(client, bytes, "cda", name));
  const isRefused = first === undefined || first.state === "failed";
  // What is about several persons, or no result at all, is refused, and nothing of it is there.
  if (isRefused) return (await everything(client)).includes('"key"') ? ["it was refused, and something is stored"] : [];
  if (first.state !== "done") return [`the import ended as ${first.state}`];
  const faults = booksFaults(first);
  const results = await client.get("/v1/me/lab-results?limit=200", list);
  const stored = results.items.length + (await client.get("/v1/me/metrics?limit=200", metrics)).items.length;
  const accepted = Object.values(first.report?.byType ?? {}).reduce((sum, count) => sum + count.accepted, 0);
  const kept = first.kind === "fhir" ? await keptFaults(client, bytes, first) : { faults: [], n: 0 };
  faults.push(...kept.faults);
  if (accepted > 0 && stored + kept.n === 0) faults.push(`${accepted} were accepted, and nothing can be read`);
  return [...faults, ...(await againFaults(client, bytes, name, first.kind))];
}

const resourcesOf = z.looseObject({ total: z.number() });
/** Their resources may also become readings and results, or are views: that they are found is all that can be said. */
const VIEWED: ReadonlySet<string> = new Set(["Observation", "DiagnosticReport", "Device"]);

/** What a FHIR file holds of each type against what the FHIR door finds, and what the books say of the difference. */
async function keptFaults(client: Client, bytes: Buffer, { report }: Job): Promise<{ faults: string[]; n: number }> {
  const faults: string[] = [];
  let n = 0;
  for (const [type, held] of heldBy(new TextDecoder().decode(bytes))) {
    const counts = report?.byType[type];
    if (counts === undefined || counts.read < held) faults.push(`${type}: ${counts?.read ?? 0} read of ${held}`);
    if (counts === undefined || counts.accepted === 0) continue;
    const { total } = await client.get(`/fhir/r4/${type}?_summary=count`, resourcesOf);
    if (VIEWED.has(type)) {
      n += total;
      continue;
    }
    // Provenance: those of the file, and the import's own.
    const own = type === "Provenance" ? 1 : 0;
    if (total - own !== counts.accepted) faults.push(`${type}: ${total} found, ${counts.accepted} accepted`);
    n += counts.accepted;
  }
  return { faults, n };
}

/** Resources of a file by type. */
function heldBy(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  const add = (value: unknown): void => {
    const resource = z
      .looseObject({ resourceType: z.string(), entry: z.array(z.looseObject({ resource: z.unknown() })).optional() })
      .safeParse(value);
    if (!resource.success) return;
    const { resourceType, entry } = resource.data;
    if (resourceType === "Bundle") for (const one of entry ?? []) add(one.resource);
    else counts.set(resourceType, (counts.get(resourceType) ?? 0) + 1);
  };
  try {
    add(JSON.parse(text));
  } catch {
    for (const line of text.split("\n")) if (line.trim() !== "") add(JSON.parse(line));
  }
  return counts;
}

function booksFaults({ report }: Job): string[] {
  return Object.entries(report?.byType ?? {})
    .filter(([, { read, accepted, duplicate, quarantined, rejected }]) => read !== accepted + duplicate + quarantined + rejected)
    .map(([type, count]) => `${type} does not add up: ${JSON.stringify(count)}`);
}

/** Count, extremes and mean of a series as it is read back. Days are compared by number alone: several sources may share one. */
async function wantedFaults(client: Client, { metric, kind, n, values }: WantedSeries, { report }: Job): Promise<string[]> {
  if (n === 0) return [];
  const kept = Object.values(report?.byType ?? {}).reduce((sum, count) => sum + count.quarantined + count.duplicate, 0);
  if (kind === "daily") {
    const stored = (await client.get("/v1/me/metrics?limit=200", metrics)).items.some(({ key }) => key === metric);
    return stored ? [] : [`${metric}: nothing is stored`];
  }
  const items = (await wholeSeries(client, metric)).filter(
    ({ at, endAt }) => (kind === "interval") === (endAt !== undefined && endAt !== at),
  );
  const found = items.flatMap(({ value }) => (value === null ? [] : [value]));
  if (kept > 0) return items.length > 0 && items.length <= n ? [] : [`${metric}: ${items.length} stored, expected at most ${n}`];
  const faults = items.length === n ? [] : [`${metric}: ${items.length} stored, expected ${n}`];
  const is = [Math.min(...found), Math.max(...found), found.reduce((sum, value) => sum + value, 0) / found.length];
  for (const [i, target] of values.entries())
    if (target !== undefined && !(Math.abs((is[i] ?? Number.NaN) - target) <= 1e-6 * Math.max(1, Math.abs(target))))
      faults.push(`${metric}: ${["min", "max", "mean"][i]} ${is[i]}, expected ${target}`);
  return faults;
}

async function againFaults(client: Client, bytes: Buffer, name: string, kind = "auto"): Promise<string[]> {
  const before = await everything(client);
  const again = await importFile(client, bytes, kind, name);
  const accepted = Object.entries(again?.report?.byType ?? {}).filter(([, count]) => count.accepted > 0);
  const faults = again?.state !== "done" || accepted.length > 0 ? [`the second import accepted ${JSON.stringify(accepted)}`] : [];
  return (await everything(client)) === before ? faults : [...faults, "the second import changed what is stored"];
}

/** A workout file by its own kind, and then without naming it: the second time changes nothing. */
async function workoutsTwice(client: Client, bytes: Buffer, name: string): Promise<string[]> {
  const first = await importFile(client, bytes, name.split(".").at(-1));
  if (first?.state !== "done") return [`the import ended as ${first?.state ?? "refused"}`];
  const counts = Object.entries(first.report?.byType ?? {});
  const faults = counts
    .filter(([, { read, accepted, duplicate, quarantined, rejected }]) => read !== accepted + duplicate + quarantined + rejected)
    .map(([type, count]) => `${type} does not add up: ${JSON.stringify(count)}`);
  const workouts = await client.get(`/v1/me/workouts?limit=200&${RANGE}&source=all`, sessions);
  const wanted = counts.reduce((sum, [type, { accepted }]) => sum + (/^(?:session|trk|Activity)$/.test(type) ? accepted : 0), 0);
  if (workouts.items.length !== wanted) faults.push(`${workouts.items.length} workouts, expected ${wanted}`);
  const rates = counts.reduce((sum, [type, { accepted }]) => sum + (/\.heart_rate$|filtered_bpm$/.test(type) ? accepted : 0), 0);
  const stored = rates === 0 ? [] : await wholeSeries(client, "heart_rate");
  if (stored.length !== rates) faults.push(`${stored.length} heart rates, expected ${rates}`);
  const before = await everything(client);
  const again = await importFile(client, bytes, "auto");
  const accepted = Object.entries(again?.report?.byType ?? {}).filter(([, count]) => count.accepted > 0);
  if (again?.state !== "done" || accepted.length > 0) faults.push(`the second import accepted ${JSON.stringify(accepted)}`);
  if ((await everything(client)) !== before) faults.push("the second import changed what is stored");
  return faults;
}

/** The end of an import, or undefined where the file was refused at once. */
async function importFile(client: Client, bytes: Buffer, kind = "apple-health-export", name = ""): Promise<Job | undefined> {
  const reply = await client.fetch(`/v1/imports?kind=${kind}`, {
    method: "POST",
    body: new Uint8Array(bytes),
    headers: {
      "content-type": "application/octet-stream",
      ...(name !== "" && { "x-file-name": encodeURIComponent(name.split("/").at(-1) ?? "") }),
    },
  });
  if (reply.status >= 400 && reply.status < 500) {
    await reply.body?.cancel();
    return undefined;
  }
  let last = job.parse(await reply.json());
  await until(async () => {
    last = await client.get(`/v1/imports/${last.id}`, job);
    return last.state !== "waiting" && last.state !== "running";
  }, 60_000);
  return last;
}

/** What the person can read, as one text to compare; cursors are sealed anew each time. */
async function everything(client: Client): Promise<string> {
  const paths = [
    "/v1/me/metrics",
    `/v1/me/sleep?limit=200&${RANGE}`,
    `/v1/me/workouts?limit=200&${RANGE}`,
    "/v1/me/sources",
    "/v1/me/quarantine",
    "/v1/me/lab-results?limit=200",
  ];
  const replies = await Promise.all(paths.map((path) => client.call("GET", path)));
  return JSON.stringify(replies.map(({ status, body }) => [status, body])).replace(/"next":"[^"]+"/g, '"next":""');
}
