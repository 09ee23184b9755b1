import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { FORMAT, type Manifest } from "../../exports/manifest";
import { joined } from "../../bytes";
import { addPiece, beginEntry, directory, endEntry } from "../../exports/zip/writer";
import { isProblem } from "../../problem";
import { zip, type ZipFile } from "../../../test/fixtures/zip";
import { memorySource } from "../byte-source";
import { MeridianReader } from "./reader";

const SOURCE = '{"id":"src_1","vendor":"healthkit","deviceName":"Watch","firstSeenAt":"2026-01-01T00:00:00.000Z"}\n';
const WEIGHT =
  '{"metric":"body_weight","kind":"sample","at":"2026-03-01T07:00:00.000+01:00","endAt":"2026-03-01T07:00:00.000+01:00","value":71,"unit":"kg","zone":3600,"date":"2026-03-01","source":"src_1","recordId":"a","version":1,"more":null}\n';

type Content = Readonly<Record<string, string>>;
const CONTENT: Content = { "sources.ndjson": SOURCE, "readings/body_weight.ndjson": WEIGHT };

function manifestOf(content: Content, change: Partial<Manifest> = {}): string {
  const files = Object.entries(content).map(([name, text]) => ({
    name,
    kind: name.split(/[./]/)[0] ?? "",
    format: "ndjson" as const,
    records: 1,
    bytes: Buffer.byteLength(text),
    sha256: createHash("sha256").update(text).digest("hex"),
  }));
  return JSON.stringify({
    format: FORMAT,
    version: 1,
    person: "per_eu_x",
    region: "eu",
    createdAt: "2026-11-25T00:00:00.000Z",
    kinds: [],
    files,
    leftOut: [],
    ...change,
  });
}

const filesOf = (content: Content, manifest = manifestOf(content)): ZipFile[] => [
  ...Object.entries(content).map(([name, text]) => ({ name, content: text })),
  { name: "manifest.json", content: manifest },
];

/** Reads to the end; what was stored, or why it was refused and how many steps brought something before. */
async function read(bytes: Uint8Array, batchSize?: number) {
  const reader = new MeridianReader(memorySource(bytes), undefined, batchSize === undefined ? {} : { batchSize });
  const steps = [];
  try {
    for (;;) {
      const step = await reader.next();
      steps.push(step);
      if (step.finished) return { steps, report: reader.tally.state, refused: undefined };
    }
  } catch (error) {
    if (!isProblem(error)) throw error;
    return { steps, report: reader.tally.state, refused: `${error.code}: ${error.detail}` };
  }
}

const stored = (steps: Awaited<ReturnType<typeof read>>["steps"]) =>
  steps.reduce((n, { batch }) => n + batch.readings.length + batch.series.reduce((sum, { value }) => sum + value.length, 0), 0);

test("an export is read: every file proven first, then every line", async () => {
  const { steps, refused, report } = await read(zip(filesOf(CONTENT)));
  expect(refused).toBeUndefined();
  expect(stored(steps)).toBe(1);
  expect(steps.at(-1)).toMatchObject({ finished: true, done: steps.at(-1)?.total });
  expect(steps.slice(0, 2).map(({ batch }) => batch.series.length)).toEqual([0, 0]);
  expect(report.byType["body_weight"]).toMatchObject({ read: 1 });
});

test("reading goes on from every checkpoint, and brings everything once", async () => {
  const lines = Array.from({ length: 30 }, (_, i) => WEIGHT.replaceAll("T07:00:00", `T07:00:${String(i).padStart(2, "0")}`)).join("");
  const bytes = zip(filesOf({ ...CONTENT, "readings/body_weight.ndjson": lines }));
  let checkpoint: unknown;
  const seen: number[] = [];
  for (let turn = 0; turn < 100; turn++) {
    const reader = new MeridianReader(memorySource(bytes), JSON.parse(JSON.stringify(checkpoint ?? null)) ?? undefined, { batchSize: 7 });
    const step = await reader.next();
    seen.push(...step.batch.series.flatMap(({ start }) => [...start]));
    checkpoint = step.checkpoint?.();
    if (step.finished) break;
  }
  expect(seen).toHaveLength(30);
  expect(new Set(seen).size).toBe(30);
});

describe("what is refused, before anything is stored:", () => {
  const cases: [string, () => Uint8Array, RegExp][] = [
    ["an archive without a manifest", () => zip([{ name: "a.txt", content: "x" }]), /no manifest/],
    ["a manifest that is none", () => zip(filesOf(CONTENT, "{}")), /no export of Meridian/],
    ["a form that is not known", () => zip(filesOf(CONTENT, manifestOf(CONTENT, { version: 9 as 1 }))), /not known here/],
    [
      "a content that is not what the manifest says",
      () => zip(filesOf({ ...CONTENT, "readings/body_weight.ndjson": WEIGHT.replace("71", "99") }, manifestOf(CONTENT))),
      /not what the manifest says/,
    ],
    [
      "a file that is longer than the manifest says",
      () => zip(filesOf({ ...CONTENT, "readings/body_weight.ndjson": WEIGHT + WEIGHT }, manifestOf(CONTENT))),
      /grows far beyond/,
    ],
    ["a missing file", () => zip(filesOf({ "sources.ndjson": SOURCE }, manifestOf(CONTENT))), /missing/],
    ["two files of one name", () => zip([...filesOf(CONTENT), { name: "sources.ndjson", content: SOURCE }]), /one name/],
    ["a name that leads out of the archive", () => zip([...filesOf(CONTENT), { name: "../../etc/passwd", content: "x" }]), /lead out/],
    ["an archive that was cut off", () => zip(filesOf(CONTENT), { withoutDirectory: true }), /cut off/],
    ["a half of one", () => zip(filesOf(CONTENT)).slice(0, 500), /cut off|damaged/],
    ["a damaged file", () => zip(filesOf(CONTENT)).fill(0, 60, 90), /damaged|manifest says/],
    ["a password", () => zip(filesOf(CONTENT).map((file) => ({ ...file, encrypted: true }))), /password/],
  ];
  test.each(cases)("%s", async (_what, bytes, reason) => {
    const { refused, steps } = await read(bytes());
    expect(refused).toMatch(/^file_unreadable: /);
    expect(refused).toMatch(reason);
    expect(stored(steps)).toBe(0);
  });

  test("a file that inflates without end", async () => {
    const begun = beginEntry("sources.ndjson", 0, 0);
    let entry = begun.entry;
    const parts = [begun.bytes];
    for (let n = 0; n < 40; n++) {
      const added = addPiece(entry, new Uint8Array(1024 * 1024).fill(32));
      entry = added.entry;
      parts.push(added.bytes);
    }
    const ended = endEntry(entry);
    parts.push(ended.bytes);
    const offset = parts.reduce((sum, { length }) => sum + length, 0);
    const manifest = new TextEncoder().encode(manifestOf(CONTENT));
    const second = beginEntry("manifest.json", offset, 0);
    const added = addPiece(second.entry, manifest);
    const last = endEntry(added.entry);
    parts.push(second.bytes, added.bytes, last.bytes);
    const end = parts.reduce((sum, { length }) => sum + length, 0);
    // The directory lies about the size, as a bomb does.
    parts.push(directory([{ ...ended.entry, size: SOURCE.length }, last.entry], end, 0));
    expect((await read(joined(parts))).refused).toMatch(/grows far beyond|missing/);
  });
});

test("lines that are none are counted and passed over, the others are read", async () => {
  const odd = [
    "no json",
    "null",
    "[]",
    WEIGHT.replace('"src_1"', '"src_9"').trim(),
    WEIGHT.replace('"value":71', '"value":"71"').trim(),
    WEIGHT.replace("2026-03-01T07", "yesterday").trim(),
    WEIGHT.replace('"zone":3600', '"zone":1e9').trim(),
    '{"__proto__":{"admin":true}}',
  ];
  const content = { ...CONTENT, "readings/body_weight.ndjson": `${odd.join("\n")}\n${WEIGHT}` };
  const { steps, report, refused } = await read(zip(filesOf(content)));
  expect(refused).toBeUndefined();
  expect(stored(steps)).toBe(1);
  expect(report.byType["readings"]).toMatchObject({ read: odd.length, rejected: odd.length });
});

test("a metric that the catalogue does not know is rejected by name", async () => {
  const content = { ...CONTENT, "readings/body_weight.ndjson": WEIGHT.replace("body_weight", "horoscope") };
  const { steps, report } = await read(zip(filesOf(content)));
  expect(stored(steps)).toBe(0);
  expect(report.warnings).toMatchObject([{ code: "unknown_metric", detail: "horoscope" }]);
});
