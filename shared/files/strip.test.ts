import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { orientationOf, stripPicture } from "./strip";

const latin = (text: string) => Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
const u16 = (n: number) => [(n >> 8) & 255, n & 255];
const u32 = (n: number) => [...u16(n >>> 16), ...u16(n & 0xffff)];
const u32le = (n: number) => u32(n).toReversed();
const SECRET = "51.5007N 0.1246W Ada's telephone";
const strip = (type: string, bytes: readonly number[]) => {
  const found = stripPicture(type, new Uint8Array(bytes));
  return found === undefined ? undefined : [...found];
};
const text = (bytes: readonly number[] | undefined) => String.fromCharCode(...(bytes ?? []));

/** Exif as a camera writes it, in either order of bytes: maker, orientation, and a place. */
function exif(orientation: number, isLittle: boolean): number[] {
  const short = (n: number) => (isLittle ? u16(n).toReversed() : u16(n));
  const long = (n: number) => (isLittle ? u32le(n) : u32(n));
  const entries = [
    [...short(0x010f), ...short(2), ...long(SECRET.length), ...long(50)],
    [...short(0x0112), ...short(3), ...long(1), ...short(orientation), 0, 0],
    [...short(0x8825), ...short(4), ...long(1), ...long(50)],
  ];
  return [...latin(isLittle ? "II*\0" : "MM\0*"), ...long(8), ...short(3), ...entries.flat(), ...long(0), ...latin(SECRET)];
}

const body = fc.uint8Array({ maxLength: 24 }).map((bytes) => [...bytes]);
const orientation = fc.integer({ min: 1, max: 8 });

/** A part of a file, and what is left of it. */
interface Part {
  readonly bytes: readonly number[];
  readonly kept: readonly number[];
}
const part =
  (isKept: boolean) =>
  (bytes: readonly number[]): Part => ({ bytes, kept: isKept ? bytes : [] });
/** What nobody knows, with something in it that nobody is to know. */
const secret = body.map((content) => [...content, ...latin(SECRET)]);

const segment = (marker: number, content: readonly number[]) => [0xff, marker, ...u16(content.length + 2), ...content];
/** Coded data: every FF is stuffed, or a restart. */
const coded = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 254 }).map((byte) => [byte]),
      fc.constant([0xff, 0]),
      fc.integer({ min: 0xd0, max: 0xd7 }).map((m) => [0xff, m]),
    ),
    { maxLength: 30 },
  )
  .map((list) => list.flat());
const scan = fc.tuple(body, coded).map(([head, data]) => [...segment(0xda, head), ...data]);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
/** Reserved markers, those of extensions, application segments and comments. */
const unknownMarkers = [...range(0x02, 0xbf), 0xc8, ...range(0xe0, 0xfe)];
const jpegParts = fc.array(
  fc.oneof(
    fc
      .tuple(fc.constantFrom(...range(0xc0, 0xc7), ...range(0xc9, 0xcf), ...range(0xdb, 0xdf)), body)
      .map(([marker, content]) => part(true)(segment(marker, content))),
    body.map((content) => part(true)(segment(0xe2, [...latin("ICC_PROFILE\0"), 1, 1, ...content]))),
    fc.tuple(fc.uint8Array({ minLength: 7, maxLength: 7 }), fc.constantFrom("", SECRET)).map(([content, more]) => ({
      bytes: segment(0xee, [...latin("Adobe"), ...content, ...latin(more)]),
      kept: segment(0xee, [...latin("Adobe"), ...content]),
    })),
    fc.tuple(fc.constantFrom(...unknownMarkers), secret).map(([marker, content]) => part(false)(segment(marker, content))),
    fc.constantFrom(0xe2, 0xe3, 0xed, 0xee, 0xfe).map((marker) => part(false)(segment(marker, latin(SECRET)))),
    fc.constant(part(false)(segment(0xe1, latin(`http://ns.adobe.com/xap/1.0/\0${SECRET}`)))),
    scan.map(part(true)),
  ),
  { maxLength: 12 },
);

const crcless = (name: string, content: readonly number[]) => [...u32(content.length), ...latin(name), ...content, 1, 2, 3, 4];
const pngNames = "PLTE IDAT tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD pHYs acTL fcTL fdAT".split(" ");
/** Names that mean nothing here, also such as a decoder would have to know. */
const unknownPngNames = fc.stringMatching(/^[A-Za-z]{4}$/).filter((name) => !["IHDR", "IEND", "eXIf", ...pngNames].includes(name));
const pngParts = fc.array(
  fc.oneof(
    fc.tuple(fc.constantFrom(...pngNames), body).map(([name, content]) => part(true)(crcless(name, content))),
    fc.tuple(unknownPngNames, secret).map(([name, content]) => part(false)(crcless(name, content))),
    fc.constantFrom("tEXt", "zTXt", "iTXt", "tIME", "sPLT", "PRIV").map((name) => part(false)(crcless(name, latin(SECRET)))),
  ),
  { maxLength: 12 },
);

const riffChunk = (name: string, content: readonly number[]) => [
  ...latin(name),
  ...u32le(content.length),
  ...content,
  ...(content.length % 2 === 0 ? [] : [0]),
];
const flat = (parts: readonly Part[]) => parts.flatMap(({ bytes }) => bytes);
const keptOf = (parts: readonly Part[]) => parts.flatMap(({ kept }) => kept);
const webpNames = ["ICCP", "ANIM", "ALPH", "VP8 "];
const unknownWebpNames = fc.stringMatching(/^[ -~]{4}$/).filter((name) => !["VP8X", "VP8L", "ANMF", "EXIF", ...webpNames].includes(name));
const noWebpPart = fc.oneof(
  fc.tuple(unknownWebpNames, secret).map(([name, content]) => part(false)(riffChunk(name, content))),
  fc.constantFrom("XMP ", "note").map((name) => part(false)(riffChunk(name, latin(SECRET)))),
);
/** A frame of a film: what it says of itself, perhaps its transparency, its picture, and between them what nobody knows. */
const frame = fc
  .tuple(
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    fc.array(noWebpPart, { maxLength: 2 }),
    fc.option(
      body.map((content) => part(true)(riffChunk("ALPH", content))),
      { nil: undefined },
    ),
    fc.tuple(fc.constantFrom("VP8 ", "VP8L"), body).map(([name, content]) => part(true)(riffChunk(name, content))),
    fc.array(noWebpPart, { maxLength: 2 }),
  )
  .map(([head, before, alpha, picture, after]) => {
    const parts = [...before, ...(alpha === undefined ? [] : [alpha]), picture, ...after];
    return { bytes: riffChunk("ANMF", [...head, ...flat(parts)]), kept: riffChunk("ANMF", [...head, ...keptOf(parts)]) };
  });
const webpParts = fc.array(
  fc.oneof(
    fc.tuple(fc.constantFrom(...webpNames), body).map(([name, content]) => part(true)(riffChunk(name, content))),
    frame,
    noWebpPart,
  ),
  { maxLength: 10 },
);

describe("a picture loses what it tells beside itself, and nothing else", () => {
  test("a JPEG: profile, tables and coded data stay as they were; of Exif the way up alone", () => {
    fc.assert(
      fc.property(jpegParts, scan, orientation, fc.boolean(), fc.boolean(), (parts, last, way, isLittle, hasJfif) => {
        const thumbnail = latin(SECRET.slice(0, 30));
        const jfif = hasJfif ? segment(0xe0, [...latin("JFIF\0"), 1, 2, 1, 0, 72, 0, 72, 10, 1, ...thumbnail]) : [];
        const file = [
          0xff,
          0xd8,
          ...jfif,
          ...segment(0xe1, [...latin("Exif\0\0"), ...exif(way, isLittle)]),
          ...flat(parts),
          ...last,
          0xff,
          0xd9,
          ...latin(SECRET),
        ];
        const out = strip("image/jpeg", file) ?? [];
        const bare = hasJfif ? segment(0xe0, [...latin("JFIF\0"), 1, 2, 1, 0, 72, 0, 72, 0, 0]) : [];
        const rest = [...keptOf(parts), ...last, 0xff, 0xd9];
        expect(out.slice(0, 2 + bare.length)).toEqual([0xff, 0xd8, ...bare]);
        expect(out.slice(-rest.length)).toEqual(rest);
        const between = out.slice(2 + bare.length, -rest.length);
        expect([between.length, between.length === 0 ? 1 : orientationOf(new Uint8Array(between.slice(10)))]).toEqual([
          way === 1 ? 0 : 36,
          way,
        ]);
        expect(text(out)).not.toMatch(/51\.5|telephone/);
        expect(strip("image/jpeg", out)).toEqual(out);
      }),
      { numRuns: 150 },
    );
  });

  test("a PNG: all that its pixels need stays; texts, times and what is nobody's chunk go", () => {
    const head = crcless("IHDR", [...u32(1), ...u32(1), 8, 6, 0, 0, 0]);
    fc.assert(
      fc.property(pngParts, orientation, fc.boolean(), body, (parts, way, isLittle, pixels) => {
        const begin = [...latin("\u0089PNG\r\n\u001A\n"), ...head];
        const end = [...crcless("IDAT", pixels)];
        const last = crcless("IEND", []);
        const out =
          strip("image/png", [...begin, ...crcless("eXIf", exif(way, isLittle)), ...flat(parts), ...end, ...last, ...latin(SECRET)]) ?? [];
        const kept = [...begin, ...keptOf(parts), ...end];
        expect(out.slice(0, kept.length)).toEqual(kept);
        expect(out.slice(-last.length)).toEqual(last);
        const between = out.slice(kept.length, -last.length);
        expect([between.length, between.length === 0 ? 1 : orientationOf(new Uint8Array(between.slice(8)))]).toEqual([
          way === 1 ? 0 : 38,
          way,
        ]);
        expect(text(out)).not.toContain("telephone");
        expect(strip("image/png", out)).toEqual(out);
      }),
      { numRuns: 150 },
    );
    // A chunk that is new has a sum that is right.
    const turned =
      strip("image/png", [
        ...latin("\u0089PNG\r\n\u001A\n"),
        ...head,
        ...crcless("IDAT", []),
        ...crcless("eXIf", exif(6, true)),
        ...crcless("IEND", []),
      ]) ?? [];
    expect(turned.slice(-16, -12)).toEqual(u32(crcOf(turned.slice(-46, -16))));
  });

  test("the end of a PNG says nothing", () => {
    const file = [...latin("\u0089PNG\r\n\u001A\n"), ...crcless("IHDR", []), ...crcless("IDAT", [])];
    const end = [...latin("IEND")];
    expect(strip("image/png", [...file, ...crcless("IEND", latin(SECRET))])).toEqual([...file, ...u32(0), ...end, ...u32(crcOf(end))]);
  });

  test("a WebP: frames stay, the marks of what is gone are cleared, and sizes are those of what is left", () => {
    fc.assert(
      fc.property(webpParts, orientation, fc.boolean(), body, (parts, way, hasHead, pixels) => {
        const flags = 0x10 | 0x08 | 0x04;
        const extended = (mark: number, more = "") => riffChunk("VP8X", [mark, 0, 0, 0, 1, 0, 0, 1, 0, 0, ...latin(more)]);
        const content = [
          ...extended(flags, hasHead ? "" : SECRET),
          ...flat(parts),
          ...riffChunk("VP8L", pixels),
          ...riffChunk("EXIF", [...(hasHead ? latin("Exif\0\0") : []), ...exif(way, true)]),
        ];
        const out =
          strip("image/webp", [...latin("RIFF"), ...u32le(content.length + 4), ...latin("WEBP"), ...content, ...latin(SECRET)]) ?? [];
        const kept = [...extended(way === 1 ? 0x10 : 0x18), ...keptOf(parts), ...riffChunk("VP8L", pixels)];
        expect(out.slice(12, 12 + kept.length)).toEqual(kept);
        expect(out.slice(4, 8)).toEqual(u32le(out.length - 8));
        const rest = out.slice(12 + kept.length);
        expect([rest.length, rest.length === 0 ? 1 : orientationOf(new Uint8Array(rest.slice(8)))]).toEqual([way === 1 ? 0 : 34, way]);
        expect(text(out)).not.toContain("telephone");
        expect(strip("image/webp", out)).toEqual(out);
      }),
      { numRuns: 150 },
    );
  });
});

function crcOf(bytes: readonly number[]): number {
  const table = Array.from({ length: 256 }, (_, n) =>
    Array.from({ length: 8 }).reduce<number>((c) => (c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1), n),
  );
  return (bytes.reduce((crc, byte) => (table[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;
}

test("whatever the bytes are, nothing is thrown, and what comes out stays as it is when it goes in again", () => {
  const start = {
    "image/jpeg": [0xff, 0xd8, 0xff],
    "image/png": latin("\u0089PNG\r\n\u001A\n"),
    "image/webp": latin("RIFF\x30\0\0\0WEBP"),
    "image/gif": latin("GIF89a\x01\0\x01\0\0\0\0"),
    "image/heic": [...u32(12), ...latin("ftypheic")],
  };
  fc.assert(
    fc.property(fc.constantFrom(...(Object.keys(start) as (keyof typeof start)[])), fc.uint8Array({ maxLength: 80 }), (type, bytes) => {
      const once = strip(type, [...start[type], ...bytes]);
      if (once !== undefined) expect(strip(type, once)).toEqual(once);
    }),
    { numRuns: 400 },
  );
});

const webp = (content: readonly number[]) => [...latin("RIFF"), ...u32le(content.length + 4), ...latin("WEBP"), ...content];

test.each([
  ["a JPEG without an end", "image/jpeg", [0xff, 0xd8, ...segment(0xda, []), 1, 2]],
  ["a JPEG without a picture", "image/jpeg", [0xff, 0xd8, 0xff, 0xd9]],
  ["a segment that is longer than the file", "image/jpeg", [0xff, 0xd8, 0xff, 0xe1, 0xff, 0xff, 1, 0xff, 0xd9]],
  ["a PNG without pixels", "image/png", [...latin("\u0089PNG\r\n\u001A\n"), ...crcless("IHDR", []), ...crcless("IEND", [])]],
  ["a PNG without an end", "image/png", [...latin("\u0089PNG\r\n\u001A\n"), ...crcless("IHDR", []), ...crcless("IDAT", [])]],
  ["a WebP whose frame has no picture", "image/webp", webp(riffChunk("ANMF", [...range(1, 16), ...riffChunk("note", [1, 2])]))],
  ["a WebP whose frame ends before what is in it", "image/webp", webp(riffChunk("ANMF", [...range(1, 16), ...latin("VP8 "), ...u32le(9)]))],
  ["a WebP that says it is longer", "image/webp", [...latin("RIFF"), ...u32le(900), ...latin("WEBP"), ...riffChunk("VP8L", [1, 2])]],
])("%s is refused", (_name, type, bytes) => {
  expect(strip(type, bytes)).toBeUndefined();
});

test("what is no picture comes back as it is", () => {
  expect(strip("video/mp4", [1, 2])).toEqual([1, 2]);
});
