import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stripPicture } from "./strip";

const latin = (text: string) => Array.from(text, (letter) => letter.charCodeAt(0));
const u16 = (n: number) => [(n >> 8) & 255, n & 255];
const u32 = (n: number) => [...u16(n >>> 16), ...u16(n & 0xffff)];
const SECRET = "51.5007N 0.1246W Ada's telephone";
const FREE = latin("free");
const zeros = (n: number) => Array.from({ length: n }, () => 0);
const strip = (bytes: readonly number[]) => {
  const found = stripPicture("image/heic", new Uint8Array(bytes));
  return found === undefined ? undefined : [...found];
};

/** Bytes as they came, and as they are to be: of the same length, so that one file is built for both. */
interface Piece {
  readonly was: readonly number[];
  readonly is: readonly number[];
}
const stays = (...was: number[]): Piece => ({ was, is: was });
const goes = (...was: number[]): Piece => ({ was, is: zeros(was.length) });
const joined = (...pieces: readonly Piece[]): Piece => ({ was: pieces.flatMap(({ was }) => was), is: pieces.flatMap(({ is }) => is) });
/** A box of content; `as` is what it is called afterwards. */
function box(type: string, content: Piece, as = type): Piece {
  const size = u32(content.was.length + 8);
  return { was: [...size, ...latin(type), ...content.was], is: [...size, ...latin(as), ...content.is] };
}
const gone = (type: string, content: readonly number[]) => box(type, goes(...content), "free");
const full = (version: number, ...content: readonly Piece[]) => joined(stays(version, 0, 0, 0), ...content);

/** An item: what it is, what it says, whether it stays. */
interface Item {
  readonly id: number;
  readonly type: string;
  readonly isKept: boolean;
  /** Parts of its data, each somewhere else. */
  readonly parts: readonly (readonly number[])[];
  /** In `idat`, which is within what is said of the items. */
  readonly isInside: boolean;
}

interface Plan {
  readonly items: readonly Item[];
  /** What of the data no item names, before each part. */
  readonly gaps: readonly (readonly number[])[];
  /** Boxes that nobody knows: at the top, in `meta`, among properties. */
  readonly unknown: readonly (readonly number[])[];
  readonly isDataFirst: boolean;
  readonly wide: boolean;
  readonly order: readonly number[];
}

const IMAGE = "hvc1";
const ESSENTIAL = 0x80;

/** Puts a file together: a primary picture (1), a second one put together from tiles (2, 3, 4), transparency, a thumbnail, depth, and what items tell. */
function build({ items, gaps, unknown, isDataFirst, wide, order }: Plan): Piece {
  const version = wide ? 1 : 0;
  const id = (n: number) => (wide ? u32(n) : u16(n));
  // Parts of data in an order of their own, with gaps between them.
  const all = items.flatMap((item) => item.parts.map((bytes, part) => ({ item, part, bytes })));
  const sorted = all.toSorted((a, b) => (order[all.indexOf(a) % order.length] ?? 0) - (order[all.indexOf(b) % order.length] ?? 0));
  const laid = (isInside: boolean) => {
    const places = new Map<string, number>();
    const pieces: Piece[] = [];
    let at = 0;
    for (const [i, { item, part, bytes }] of sorted.entries()) {
      if (item.isInside !== isInside) continue;
      const gap = gaps[i % gaps.length] ?? [];
      pieces.push(goes(...gap), item.isKept ? stays(...bytes) : goes(...bytes));
      places.set(`${item.id} ${part}`, at + gap.length);
      at += gap.length + bytes.length;
    }
    return { piece: joined(...pieces, goes(...latin(SECRET))), places };
  };
  const [inside, outside] = [laid(true), laid(false)];
  const ftyp = box("ftyp", stays(...latin("heic"), 0, 0, 0, 0, ...latin("mif1heic")));
  const strange = (type: string) => joined(...unknown.map((content) => gone(type, content)));
  const infe = ({ id: n, type, isKept }: Item) => {
    const name = `${SECRET}\0${type === "mime" ? "application/rdf+xml\0" : ""}`;
    const called: Piece = { was: latin(type), is: isKept ? latin(type) : FREE };
    return box("infe", joined(stays(wide ? 3 : 2, 0, 0, 0, ...id(n), 0, 0), called, goes(...latin(name))));
  };
  const property = (content: Piece) => content;
  const auxiliary = (kind: string) => full(0, stays(...latin(`${kind}\0`)));
  const properties = [
    box("ispe", full(0, stays(...u32(64), ...u32(64)))),
    box("hvcC", stays(1, 2, 3)),
    box("irot", stays(1)),
    gone("udes", latin(`en\0${SECRET}\0`)),
    box("auxC", auxiliary("urn:mpeg:hevc:2015:auxid:1")),
    gone("auxC", [0, 0, 0, 0, ...latin("urn:mpeg:hevc:2015:auxid:2\0")]),
    strange("crtt"),
  ].map(property);
  const associations: [number, number[]][] = [
    [1, [1, 2 | ESSENTIAL, 3 | ESSENTIAL, 4]],
    [5, [1, 5 | ESSENTIAL]],
    [7, [1, 6 | ESSENTIAL]],
  ];
  const ipma = full(0, stays(...u32(associations.length), ...associations.flatMap(([n, list]) => [...u16(n), list.length, ...list])));
  const reference = (type: string, from: number, to: readonly number[], isKept: boolean) =>
    box(type, stays(...id(from), ...u16(to.length), ...to.flatMap(id)), isKept ? type : "free");
  const iloc = (data: number) =>
    box(
      "iloc",
      joined(
        stays(1, 0, 0, 0, 0x44, 0, ...u16(items.length)),
        ...items.map((item) =>
          stays(
            ...u16(item.id),
            0,
            item.isInside ? 1 : 0,
            0,
            0,
            ...u16(item.parts.length),
            ...item.parts.flatMap((bytes, part) => {
              const at = item.isInside ? inside.places.get(`${item.id} ${part}`) : (outside.places.get(`${item.id} ${part}`) ?? 0) + data;
              return [...u32(at ?? 0), ...u32(bytes.length)];
            }),
          ),
        ),
      ),
    );
  const meta = (data: number) =>
    box(
      "meta",
      full(
        0,
        box("hdlr", joined(stays(0, 0, 0, 0, 0, 0, 0, 0, ...latin("pict")), goes(...zeros(12), ...latin(`${SECRET}\0`)))),
        box("pitm", full(version, stays(...id(1)))),
        strange("xml "),
        iloc(data),
        box("iinf", full(version, stays(...id(items.length)), ...items.map(infe))),
        box("iprp", joined(box("ipco", joined(...properties)), box("ipma", ipma))),
        box(
          "iref",
          full(
            version,
            reference("dimg", 2, [3, 4], true),
            reference("auxl", 5, [1], true),
            reference("thmb", 6, [1], false),
            reference("auxl", 7, [1], false),
            reference("cdsc", 8, [1], false),
          ),
        ),
        box("idat", inside.piece),
      ),
    );
  const around = [strange("uuid"), strange("free"), strange("mpvd")];
  const before = isDataFirst ? ftyp.was.length : joined(ftyp, ...around, meta(0)).was.length;
  const data = box("mdat", outside.piece);
  const described = meta(before + 8);
  return isDataFirst ? joined(ftyp, data, ...around, described) : joined(ftyp, ...around, described, data);
}

const bytes = fc.uint8Array({ minLength: 1, maxLength: 12 }).map((list) => [...list]);
const secret = bytes.map((list) => [...list, ...latin(SECRET)]);
const pixels = fc.array(bytes, { minLength: 1, maxLength: 3 });
const told = fc.array(secret, { minLength: 1, maxLength: 2 });
const item = (id: number, type: string, isKept: boolean, parts: fc.Arbitrary<number[][]>) =>
  fc.tuple(parts, fc.boolean()).map(([found, isInside]): Item => ({ id, type, isKept, parts: found, isInside }));
const plan = fc.record({
  items: fc.tuple(
    item(1, IMAGE, true, pixels),
    item(2, "grid", true, pixels),
    item(3, IMAGE, true, pixels),
    item(4, IMAGE, true, pixels),
    item(5, IMAGE, true, pixels),
    item(6, IMAGE, false, told),
    item(7, IMAGE, false, told),
    item(8, "Exif", false, told),
    item(9, "mime", false, told),
    item(10, "uri ", false, told),
  ),
  gaps: fc.array(fc.oneof(fc.constant([]), secret), { minLength: 1, maxLength: 4 }),
  unknown: fc.array(secret, { maxLength: 2 }),
  isDataFirst: fc.boolean(),
  wide: fc.boolean(),
  order: fc.array(fc.nat(), { minLength: 1, maxLength: 9 }),
});
const [some] = fc.sample(plan, { numRuns: 1, seed: 7 });

describe("a HEIC or AVIF picture", () => {
  test("loses all that it tells beside its pictures, wherever that lies, and not a byte else changes", () => {
    fc.assert(
      fc.property(plan, (one) => {
        const { was, is } = build(one);
        const out = strip(was);
        expect(out).toEqual(is);
        expect(String.fromCharCode(...(out ?? []))).not.toMatch(/51\.5|telephone/);
        expect(strip(out ?? [])).toEqual(out);
      }),
      { numRuns: 200 },
    );
  });

  test("that is cut off anywhere is refused", () => {
    const { was } = build(some!);
    fc.assert(
      fc.property(fc.integer({ min: 12, max: was.length - 1 }), (length) => {
        // The end of the last box may be missing where it is none of a picture's, never part of what says where that is.
        expect(strip(was.slice(0, length))).toBeUndefined();
      }),
    );
  });

  test("that is changed anywhere is refused, or comes out in one form and as long as it was", () => {
    const { was } = build(some!);
    fc.assert(
      fc.property(fc.nat(was.length - 1), fc.nat(255), (at, byte) => {
        const out = strip(was.with(at, byte));
        if (out === undefined) return;
        expect(out.length).toBe(was.length);
        expect(strip(out)).toEqual(out);
      }),
      { numRuns: 500 },
    );
  });

  const picture = (items: readonly Item[], more: Partial<Plan> = {}) =>
    build({ items, gaps: [[]], unknown: [], isDataFirst: false, wide: false, order: [0], ...more }).was;
  const primary: Item = { id: 1, type: IMAGE, isKept: true, parts: [[1, 2, 3]], isInside: false };
  const exif: Item = { id: 8, type: "Exif", isKept: false, parts: [latin(SECRET)], isInside: false };

  test("is taken with one picture alone", () => {
    expect(strip(picture([primary]))).toBeDefined();
  });

  test.each<[string, readonly number[]]>([
    ["a film", [...picture([primary]), ...u32(8), ...latin("moov")]],
    ["one whose first picture is of a kind that is not known", picture([{ ...primary, type: "jpeg" }])],
    ["one whose picture has no bytes", picture([{ ...primary, parts: [] }])],
    ["one whose picture has an empty part", picture([{ ...primary, parts: [[]] }])],
    ["one without data", picture([primary]).slice(0, -(3 + SECRET.length + 8))],
    ["one that says the same twice", picture([primary, primary])],
    ["one of very many parts", picture([primary, { ...exif, parts: Array.from({ length: 5_000 }, () => [1]) }])],
    ["no picture", [...u32(12), ...latin("ftypheic")]],
  ])("%s is refused", (_name, file) => {
    expect(strip(file)).toBeUndefined();
  });

  test("whose private bytes lie in its picture, or in what describes it, is refused", () => {
    const file = picture([primary, exif]);
    const whole = new Uint8Array(file);
    const at = String.fromCharCode(...file).indexOf("iloc") + 12;
    // Where the picture's only part lies is moved onto the other's, and the other's into what describes both.
    const entry = at + 2 + 8;
    const places = new DataView(whole.buffer);
    const [ofPicture, ofExif] = [entry - 2, entry - 2 + 8 + 8];
    expect(places.getUint32(ofExif)).toBe(places.getUint32(ofPicture) + 3);
    for (const place of [places.getUint32(ofPicture), 40]) {
      const moved = whole.slice();
      new DataView(moved.buffer).setUint32(ofExif, place);
      expect(strip([...moved])).toBeUndefined();
    }
  });
});
