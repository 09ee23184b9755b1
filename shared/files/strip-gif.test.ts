import fc from "fast-check";
import { expect, test } from "vitest";
import { stripPicture } from "./strip";

const latin = (text: string) => Array.from(text, (letter) => letter.charCodeAt(0));
const SECRET = "51.5007N 0.1246W Ada's telephone";
const strip = (bytes: readonly number[]) => {
  const found = stripPicture("image/gif", new Uint8Array(bytes));
  return found === undefined ? undefined : [...found];
};

/** Data in blocks of any length, the last empty. */
const blocks = (content: readonly number[], size: number) => {
  const all: number[] = [];
  for (let at = 0; at < content.length; at += size) {
    const block = content.slice(at, at + size);
    all.push(block.length, ...block);
  }
  return [...all, 0];
};
const content = fc.uint8Array({ maxLength: 40 }).map((bytes) => [...bytes]);
const size = fc.integer({ min: 1, max: 255 });
const table = (flags: number) => (flags & 0x80 ? Array.from({ length: 3 << ((flags & 7) + 1) }, (_, i) => i & 255) : []);
const control = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => [0x21, 0xf9, 4, ...bytes, 0]);
const frame = fc
  .tuple(fc.constantFrom(0, 0x40, 0x80, 0xc7), content, size)
  .map(([flags, data, step]) => [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, flags, ...table(flags), 2, ...blocks(data, step)]);
const loop = fc.constantFrom("NETSCAPE2.0", "ANIMEXTS1.0").map((name) => [0x21, 0xff, 11, ...latin(name), 3, 1, 7, 0]);
const secret = fc.tuple(content, size).map(([bytes, step]) => blocks([...bytes, ...latin(SECRET)], step));

/** A part of a file, and what is left of it. */
const parts = fc.array(
  fc.oneof(
    fc
      .tuple(fc.option(control, { nil: [] }), frame)
      .map(([before, bytes]) => ({ bytes: [...before, ...bytes], kept: [...before, ...bytes] })),
    // What is said after how often goes.
    fc.tuple(loop, fc.oneof(fc.constant([0]), secret)).map(([bytes, more]) => ({ bytes: [...bytes, ...more], kept: [...bytes, 0] })),
    fc.tuple(fc.constantFrom(0xfe, 0x02, 0xce), secret).map(([label, more]) => ({ bytes: [0x21, label, ...more], kept: [] })),
    fc
      .tuple(fc.constantFrom("XMP DataXMP", "ICCRGBG1012", "MGK8BIM0000", "NETSCAPE3.0"), secret)
      .map(([name, more]) => ({ bytes: [0x21, 0xff, 11, ...latin(name), ...more], kept: [] })),
    // A text goes with what says how long it stands.
    fc
      .tuple(control, secret)
      .map(([before, more]) => ({ bytes: [...before, 0x21, 0x01, 12, ...latin("twelve bytes"), ...more], kept: [] })),
  ),
  { maxLength: 10 },
);

test("a GIF loses comments, texts and what programs add, and keeps its frames, their times, and how often it is shown", () => {
  fc.assert(
    fc.property(fc.constantFrom(0, 0x80, 0xf7), parts, frame, fc.constantFrom("GIF87a", "GIF89a"), (flags, between, last, name) => {
      const head = [...latin(name), 1, 0, 1, 0, flags, 0, 0, ...table(flags)];
      const out = strip([...head, ...between.flatMap(({ bytes }) => bytes), ...last, 0x3b, ...latin(SECRET)]);
      expect(out).toEqual([...head, ...between.flatMap(({ kept }) => kept), ...last, 0x3b]);
      expect(strip(out ?? [])).toEqual(out);
    }),
    { numRuns: 200 },
  );
});

const head = [...latin("GIF89a"), 1, 0, 1, 0, 0, 0, 0];
const picture = [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 1, 9, 0];
test.each([
  ["without a picture", [...head, 0x3b]],
  ["without an end", [...head, ...picture]],
  ["whose picture ends early", [...head, ...picture.slice(0, -2)]],
  ["whose colours are not there", [...latin("GIF89a"), 1, 0, 1, 0, 0xf7, 0, 0, 0x3b]],
  ["with something that is no part", [...head, 0x44, ...picture, 0x3b]],
  ["whose times are of another length", [...head, 0x21, 0xf9, 5, 1, 2, 3, 4, 5, 0, ...picture, 0x3b]],
])("a GIF %s is refused", (_name, bytes) => {
  expect(strip(bytes)).toBeUndefined();
});
