import { Reader, TextWriter, Uint8ArrayReader, Uint8ArrayWriter, ZipReader } from "@zip.js/zip.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type ByteSource, memorySource } from "../../imports/byte-source";
import { readAll } from "../../imports/chunk-reader";
import { listZip } from "../../imports/zip/directory";
import { openEntry } from "../../imports/zip/open";
import { joined } from "../../bytes";
import { addPiece, beginEntry, directory, endEntry, type OpenEntry } from "./writer";

const AT = Date.UTC(2026, 10, 25, 12, 30, 8);
const LIMITS = { bytes: 1e9, ratio: 2_000, ratioFrom: 0 };

interface File {
  readonly name: string;
  readonly pieces: readonly Uint8Array[];
}

/** Writes an archive, with every state on its way through storage between two pieces. */
function archive(files: readonly File[], from = 0): { readonly bytes: Uint8Array<ArrayBuffer>; readonly entries: readonly OpenEntry[] } {
  const parts: Uint8Array[] = [];
  const entries: OpenEntry[] = [];
  let offset = from;
  const add = <T extends { readonly entry: OpenEntry; readonly bytes: Uint8Array }>(step: T): OpenEntry => {
    parts.push(step.bytes);
    offset += step.bytes.length;
    return JSON.parse(JSON.stringify(step.entry)) as OpenEntry;
  };
  for (const { name, pieces } of files) {
    let entry = add(beginEntry(name, offset, AT));
    for (const piece of pieces) entry = add(addPiece(entry, piece));
    entries.push(add(endEntry(entry)));
  }
  parts.push(directory(entries, offset, AT));
  return { bytes: joined(parts), entries };
}

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

test("what is written in pieces is read whole, by our reader and by another", async () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    fc.constant(new Uint8Array()),
    fc.nat(70_000).map((n) => new Uint8Array(n).fill(7)),
  );
  const files = fc.uniqueArray(
    fc.record({
      name: fc.stringMatching(/^[a-zäöü0-9-]{1,12}$/).map((name) => `daten/${name}.ndjson`),
      pieces: fc.array(piece, { maxLength: 5 }),
    }),
    { selector: ({ name }) => name, minLength: 1, maxLength: 3 },
  );
  await fc.assert(
    fc.asyncProperty(files, async (list) => {
      const { bytes } = archive(list);
      const source = memorySource(bytes);
      const listing = await listZip(source);
      expect(listing.entries.map(({ name }) => name)).toEqual(list.map(({ name }) => name));
      for (const [i, entry] of listing.entries.entries()) {
        const expected = joined(list[i]?.pieces ?? []);
        expect(await readAll(await openEntry(source, entry, LIMITS), 1e9)).toEqual(new Uint8Array(expected));
      }
      const other = new ZipReader(new Uint8ArrayReader(bytes), { checkSignature: true, useWebWorkers: false });
      for (const [i, entry] of (await other.getEntries()).entries()) {
        if (entry.directory) throw new TypeError("a folder");
        expect(entry.filename).toBe(list[i]?.name);
        expect(new Uint8Array(await entry.getData(new Uint8ArrayWriter()))).toEqual(new Uint8Array(joined(list[i]?.pieces ?? [])));
      }
      await other.close();
    }),
    { numRuns: 8 },
  );
});

test("the same content gives the same bytes", () => {
  const files = [{ name: "a.csv", pieces: [text("x,y\r\n"), text("1,2\r\n")] }];
  expect(archive(files).bytes).toEqual(archive(files).bytes);
});

/** An archive of which the first gigabytes are not there: nobody reads them. */
class FarReader extends Reader<undefined> {
  readonly #tail: Uint8Array;
  readonly #from: number;

  constructor(tail: Uint8Array, from: number) {
    super(undefined);
    this.#tail = tail;
    this.#from = from;
    this.size = from + tail.length;
  }

  override async readUint8Array(index: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(Math.min(length, this.size - index));
    const at = index - this.#from;
    const known = this.#tail.subarray(Math.max(0, at), Math.max(0, at + bytes.length));
    bytes.set(known, Math.max(0, -at));
    return bytes;
  }
}

test("beyond four gigabytes, offsets are read from their 64 bits", async () => {
  const from = 5 * 1024 ** 3;
  const { bytes } = archive([{ name: "late.txt", pieces: [text("far"), text(" out")] }], from);
  const source: ByteSource = {
    size: from + bytes.length,
    read: (offset, length) => new FarReader(bytes, from).readUint8Array(offset, length),
    stream: (offset, length) => memorySource(bytes).stream(offset - from, length),
  };
  const [entry] = (await listZip(source)).entries;
  if (entry === undefined) throw new TypeError("no entry");
  expect(entry).toMatchObject({ name: "late.txt", headerOffset: from, size: 7 });
  expect(new TextDecoder().decode(await readAll(await openEntry(source, entry, LIMITS), 100))).toBe("far out");
  const other = new ZipReader(new FarReader(bytes, from), { checkSignature: true, useWebWorkers: false });
  const [found] = await other.getEntries();
  if (found === undefined || found.directory) throw new TypeError("no file");
  expect(found).toMatchObject({ filename: "late.txt", offset: from });
  expect(await found.getData(new TextWriter())).toBe("far out");
});

test("an entry of more than four gigabytes says its size in 64 bits", async () => {
  const size = 6 * 1024 ** 3;
  const bytes = directory([{ name: "large.csv", offset: 0, crc: 1, size, compressedSize: size - 1 }], size + 100, AT);
  const other = new ZipReader(new FarReader(bytes, size + 100), { useWebWorkers: false });
  expect((await other.getEntries())[0]).toMatchObject({ uncompressedSize: size, compressedSize: size - 1, offset: 0 });
});

test("more than 65,535 files are counted in 64 bits", async () => {
  const entries = Array.from({ length: 66_000 }, (_, n): OpenEntry => ({
    name: `n/${n}`,
    offset: 40 * n,
    crc: 0,
    size: 0,
    compressedSize: 0,
  }));
  const from = 40 * 66_000;
  const bytes = directory(entries, from, AT);
  const far = new FarReader(bytes, from);
  const source: ByteSource = {
    ...memorySource(bytes),
    size: from + bytes.length,
    read: (offset, length) => far.readUint8Array(offset, length),
  };
  expect((await listZip(source)).entries).toHaveLength(66_000);
  const view = new DataView(bytes.buffer, bytes.length - 22 - 20 - 56);
  expect([view.getUint32(0, true), Number(view.getBigUint64(32, true)), view.getUint16(56 + 20 + 10, true)]).toEqual([
    0x06064b50, 66_000, 0xffff,
  ]);
});
