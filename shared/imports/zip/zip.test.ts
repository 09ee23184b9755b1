import { deflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { zip, type ZipFile, type ZipOptions } from "../../../test/fixtures/zip";
import { memorySource } from "../byte-source";
import { readAll } from "../chunk-reader";
import { listZip } from "./directory";
import { safeName } from "./entry";
import { openEntry, type ZipLimits } from "./open";

const LIMITS: ZipLimits = { bytes: 50_000_000, ratio: 300, ratioFrom: 1_000_000 };
const LINES = Array.from({ length: 5_000 }, (_, i) => `line ${i} of a text that compresses ${Math.imul(i, 2_654_435_761) >>> 0}`).join(
  "\n",
);

async function contents(bytes: Uint8Array, limits = LIMITS): Promise<Record<string, string>> {
  const source = memorySource(bytes, 1_000);
  const { entries } = await listZip(source);
  const found: Record<string, string> = {};
  for (const entry of entries) {
    const content = await readAll(await openEntry(source, entry, limits), limits.bytes);
    found[entry.name] = new TextDecoder().decode(content);
  }
  return found;
}

describe("an archive is read whole", () => {
  const files: ZipFile[] = [
    { name: "apple_health_export/", content: "", stored: true },
    { name: "apple_health_export/exportación.xml", content: LINES },
    { name: "apple_health_export/导出.txt", content: "short", stored: true },
  ];
  const expected = { "apple_health_export/": "", "apple_health_export/exportación.xml": LINES, "apple_health_export/导出.txt": "short" };
  const forms: [string, ZipOptions, boolean][] = [
    ["with a directory", {}, false],
    ["with sizes after the data", {}, true],
    ["with zip64 records", { zip64: true }, false],
    ["with a comment", { comment: "made by PK\u0005\u0006 hand" }, false],
    ["without a directory", { withoutDirectory: true }, false],
    ["without a directory and with sizes after the data", { withoutDirectory: true }, true],
  ];
  test.each(forms)("%s", async (_form, options, descriptor) => {
    expect(
      await contents(
        zip(
          files.map((file) => ({ ...file, descriptor: descriptor && !file.name.endsWith("/") })),
          options,
        ),
      ),
    ).toEqual(expected);
  });

  test("behind other bytes", async () => {
    const archive = zip(files);
    const shifted = new Uint8Array(archive.length + 500);
    shifted.set(archive, 500);
    expect(await contents(shifted)).toEqual(expected);
  });
});

test("the bytes after an entry never reach its inflater", async () => {
  const all = await contents(
    zip([
      { name: "a.xml", content: LINES },
      { name: "b.xml", content: LINES, descriptor: true },
    ]),
  );
  expect(all).toEqual({ "a.xml": LINES, "b.xml": LINES });
});

test("an archive that is cut off gives what is complete and the beginning of the rest", async () => {
  const archive = zip([
    { name: "first.txt", content: "complete" },
    { name: "second.xml", content: LINES, descriptor: true },
  ]);
  const cut = archive.subarray(0, Math.floor(archive.length / 2));
  const source = memorySource(cut);
  const { entries, recovered } = await listZip(source);
  expect(recovered).toBe(true);
  expect(entries.map(({ name, truncated }) => [name, truncated])).toEqual([
    ["first.txt", false],
    ["second.xml", true],
  ]);
  const found = await contents(cut);
  expect(found["first.txt"]).toBe("complete");
  expect(found["second.xml"]?.length).toBeGreaterThan(LINES.length / 4);
  expect(LINES.startsWith(found["second.xml"] ?? "-")).toBe(true);
});

test.each(["../up.xml", "/etc/passwd", "a/../../b", "C:\\x.xml", "a\\b.xml", ""])("the name %j is not used", (name) => {
  expect(safeName(new TextEncoder().encode(name))).toBeUndefined();
});

test("unsafe names are left out and counted", async () => {
  const { entries, unsafe } = await listZip(
    memorySource(
      zip([
        { name: "../x.xml", content: "x" },
        { name: "ok.xml", content: "y" },
      ]),
    ),
  );
  expect(entries.map(({ name }) => name)).toEqual(["ok.xml"]);
  expect(unsafe).toBe(1);
});

describe("what cannot be read is a problem", () => {
  test("a bomb is refused by what it inflates to", async () => {
    const bomb = zip([{ name: "bomb.xml", content: new Uint8Array(8_000_000) }]);
    await expect(contents(bomb)).rejects.toMatchObject({ code: "file_unreadable" });
  });

  test("a stated size beyond the limit is refused unread", async () => {
    await expect(contents(zip([{ name: "a", content: LINES }]), { ...LIMITS, bytes: 1_000 })).rejects.toMatchObject({
      code: "file_unreadable",
    });
  });

  test.each([
    ["encrypted", { encrypted: true }],
    ["of another method", { method: 12 }],
  ])("an entry that is %s", async (_what, form) => {
    await expect(contents(zip([{ name: "a.xml", content: "x", ...form }]))).rejects.toMatchObject({ code: "file_unreadable" });
  });

  test("data that was altered", async () => {
    const archive = zip([{ name: "a.txt", content: LINES, stored: true }]);
    archive[1_000] = archive[1_000]! ^ 1;
    await expect(contents(archive)).rejects.toMatchObject({ code: "file_unreadable" });
  });

  test("no archive at all", async () => {
    await expect(listZip(memorySource(deflateRawSync("x")))).rejects.toMatchObject({ code: "file_unreadable" });
  });
});
