/** Thrown where a file is not built as its format says, or in a way in which nothing can be taken out of it. */
class Unfit extends Error {}

interface Box {
  readonly type: string;
  /** Where its head begins, where what is in it does, and where it ends. */
  readonly at: number;
  readonly body: number;
  readonly end: number;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

interface Item {
  readonly id: number;
  readonly type: string;
  /** Where its type stands; its name and what else it is called by follow to the end. */
  readonly typeAt: number;
  readonly end: number;
}

interface Place {
  /** 0: in the file, 1: in `idat`. */
  readonly method: number;
  readonly isElsewhere: boolean;
  readonly extents: readonly { readonly offset: number; readonly length: number }[];
}

interface Reference {
  readonly type: string;
  readonly from: number;
  readonly to: readonly number[];
  readonly box: Box;
}

/** Most boxes of a place, items, parts of items, and references: no camera writes more, and looking through them all costs their square. */
const MOST = 4_096;

/** Items that are pictures, or are put together from pictures. */
const PICTURES: ReadonlySet<string> = new Set("hvc1 hev1 lhv1 av01 avc1 vvc1 unci grid iovl iden tmap".split(" "));
/** What is said of pictures that is needed to show them: size, colours, turns, and how they are coded. */
const PROPERTIES: ReadonlySet<string> = new Set(
  "ispe pixi colr pasp clap irot imir hvcC lhvC av1C avcC vvcC uncC cmpd a1op a1lx lsel auxC clli mdcv cclv amve ndwt rloc iscl tols oinf reve".split(
    " ",
  ),
);
/** Pictures beside a picture that change how it looks: transparency, and what bright screens show brighter. */
const AUXILIARY: ReadonlySet<string> = new Set([
  "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
  "urn:mpeg:hevc:2015:auxid:1",
  "urn:mpeg:avc:2015:auxid:1",
  "urn:com:apple:photo:2020:aux:hdrgainmap",
]);
const REFERENCES: ReadonlySet<string> = new Set(["dimg", "auxl", "prem", "base"]);
const GROUPS: ReadonlySet<string> = new Set(["altr", "ster", "pymd"]);
const IN_META: ReadonlySet<string> = new Set(["hdlr", "pitm", "iinf", "iloc", "iprp", "iref", "idat", "grpl"]);

/**
 * A HEIC or AVIF picture without what it tells beside itself: Exif, XMP, thumbnails, depth, names, boxes that are not known here, and bytes that are no
 * picture's. They become zeros and their places `free`, so that the file stays as long as it was and every offset in it true; pixels, colours
 * and the way up stay byte for byte. Undefined where it is not built as its format says, and for films.
 *
 * Sources: ISO/IEC 14496-12 §4.2, §8.11 and §8.1.2; ISO/IEC 23008-12 §6 and §7; AV1 Image File Format §2–4.
 */
export function stripHeif(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
  try {
    return new Heif(bytes.slice()).stripped();
  } catch (error) {
    if (error instanceof Unfit) return undefined;
    throw error;
  }
}

/** One file, which is changed in place. */
class Heif {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #cleared: Range[] = [];

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  stripped(): Uint8Array<ArrayBuffer> {
    const top = this.#boxes(0, this.#bytes.length, true);
    // A film has tracks beside its pictures, in which anything may be said.
    if (top[0]?.type !== "ftyp" || top.some(({ type }) => type === "moov" || type === "moof")) throw new Unfit();
    for (const box of top) if (!["ftyp", "meta", "mdat"].includes(box.type)) this.#clear(box);
    const meta = only(top, "meta");
    const inMeta = this.#boxes(meta.body + 4, meta.end);
    for (const box of inMeta) if (!IN_META.has(box.type)) this.#clear(box);
    this.#cleanHandler(only(inMeta, "hdlr"));
    const items = this.#items(only(inMeta, "iinf"));
    const places = this.#places(only(inMeta, "iloc"));
    const references = this.#references(inMeta);
    const kept = this.#kept(items, references, this.#properties(only(inMeta, "iprp")));
    if (!kept.has(this.#primary(only(inMeta, "pitm")))) throw new Unfit();
    const idat = inMeta.filter(({ type }) => type === "idat");
    this.#keepBytes(
      items,
      places,
      kept,
      top.filter(({ type }) => type === "mdat"),
      idat,
    );
    for (const item of items.values()) {
      if (!kept.has(item.id)) this.#rename(item.typeAt);
      this.#bytes.fill(0, item.typeAt + 4, item.end);
    }
    for (const { type, from, to, box } of references)
      if (!REFERENCES.has(type) || ![from, ...to].every((id) => kept.has(id))) this.#rename(box.at + 4);
    for (const groups of inMeta.filter(({ type }) => type === "grpl"))
      for (const group of this.#boxes(groups.body, groups.end)) if (!GROUPS.has(group.type)) this.#clear(group);
    return this.#bytes;
  }

  /** The boxes that fill a place. The last of the file may reach to its end without saying how long it is. */
  #boxes(from: number, to: number, isTop = false): Box[] {
    const boxes: Box[] = [];
    for (let at = from; at < to;) {
      const short = this.#uint(at, 4, to);
      const type = this.#text(at + 4, to);
      const body = at + (short === 1 ? 16 : 8);
      const size = short === 1 ? this.#uint(at + 8, 8, to) : short === 0 && isTop ? to - at : short;
      if (at + size > to || at + size < body) throw new Unfit();
      if (boxes.push({ type, at, body, end: at + size }) > MOST) throw new Unfit();
      at += size;
    }
    return boxes;
  }

  /** A box becomes a gap. */
  #clear({ at, body, end }: Box): void {
    this.#rename(at + 4);
    this.#bytes.fill(0, body, end);
    this.#cleared.push({ from: body, to: end });
  }

  #rename(at: number): void {
    this.#bytes.set(FREE, at);
  }

  /** What the handler is called is anybody's text. */
  #cleanHandler({ body, end }: Box): void {
    if (this.#text(body + 8, end) !== "pict") throw new Unfit();
    this.#bytes.fill(0, body + 12, end);
  }

  #primary({ body, end }: Box): number {
    return this.#uint(body + 4, this.#version(body, end) === 0 ? 2 : 4, end);
  }

  #items({ body, end }: Box): Map<number, Item> {
    const wide = this.#version(body, end) === 0 ? 2 : 4;
    const boxes = this.#boxes(body + 4 + wide, end);
    if (boxes.length !== this.#uint(body + 4, wide, end)) throw new Unfit();
    const items = new Map(
      boxes.map((box) => {
        const version = this.#version(box.body, box.end);
        if (box.type !== "infe" || (version !== 2 && version !== 3)) throw new Unfit();
        const idWide = version === 2 ? 2 : 4;
        const id = this.#uint(box.body + 4, idWide, box.end);
        const typeAt = box.body + 6 + idWide;
        return [id, { id, type: this.#text(typeAt, box.end), typeAt, end: box.end }];
      }),
    );
    if (items.size < boxes.length) throw new Unfit();
    return items;
  }

  #places({ body, end }: Box): Map<number, Place> {
    const version = this.#version(body, end);
    if (version > 2) throw new Unfit();
    const sizes = this.#uint(body + 4, 2, end);
    const [offsetWide, lengthWide, baseWide] = [(sizes >> 12) & 15, (sizes >> 8) & 15, (sizes >> 4) & 15];
    const indexWide = version === 0 ? 0 : sizes & 15;
    let at = body + 6;
    const next = (wide: number): number => {
      const value = this.#uint(at, wide, end);
      at += wide;
      return value;
    };
    const places = new Map<number, Place>();
    let parts = 0;
    for (let n = next(version === 2 ? 4 : 2); n > 0; n--) {
      const id = next(version === 2 ? 4 : 2);
      const method = version === 0 ? 0 : next(2) & 15;
      const isElsewhere = next(2) !== 0;
      const base = next(baseWide);
      const extents: { offset: number; length: number }[] = [];
      for (let m = next(2); m > 0; m--) {
        // Without a length an item is all that there is.
        if (lengthWide === 0 || ++parts > MOST) throw new Unfit();
        next(indexWide);
        const offset = base + next(offsetWide);
        extents.push({ offset, length: next(lengthWide) });
      }
      if (places.has(id)) throw new Unfit();
      places.set(id, { method, isElsewhere, extents });
    }
    return places;
  }

  #references(inMeta: readonly Box[]): Reference[] {
    const references = inMeta
      .filter(({ type }) => type === "iref")
      .flatMap(({ body, end }) => {
        const wide = this.#version(body, end) === 0 ? 2 : 4;
        return this.#boxes(body + 4, end).map((box) => {
          const n = this.#uint(box.body + wide, 2, box.end);
          const to = Array.from({ length: n }, (_, i) => this.#uint(box.body + wide + 2 + i * wide, wide, box.end));
          return { type: box.type, from: this.#uint(box.body, wide, box.end), to, box };
        });
      });
    if (references.reduce((sum, { to }) => sum + to.length, 0) > MOST) throw new Unfit();
    return references;
  }

  /** Takes out what is said of items and not known here; returns which items are which kind of picture beside another, and which need what went. */
  #properties({ body, end }: Box): { readonly auxiliary: ReadonlyMap<number, string>; readonly maimed: ReadonlySet<number> } {
    const boxes = this.#boxes(body, end);
    const properties = this.#boxes(only(boxes, "ipco").body, only(boxes, "ipco").end);
    const kinds = properties.map((box) => (box.type === "auxC" ? this.#string(box.body + 4, box.end) : undefined));
    const isKept = properties.map(({ type }, i) => PROPERTIES.has(type) && (kinds[i] === undefined || AUXILIARY.has(kinds[i])));
    for (const [i, box] of properties.entries()) if (isKept[i] !== true) this.#clear(box);
    const auxiliary = new Map<number, string>();
    const maimed = new Set<number>();
    for (const box of boxes) {
      if (box.type === "ipco") continue;
      if (box.type !== "ipma") {
        this.#clear(box);
        continue;
      }
      for (const { id, index, isEssential } of this.#associations(box)) {
        const kind = kinds[index - 1];
        if (kind !== undefined) auxiliary.set(id, kind);
        if (isEssential && isKept[index - 1] !== true) maimed.add(id);
      }
    }
    return { auxiliary, maimed };
  }

  #associations({ body, end }: Box): { readonly id: number; readonly index: number; readonly isEssential: boolean }[] {
    const idWide = this.#version(body, end) === 0 ? 2 : 4;
    const wide = this.#uint(body + 3, 1, end) & 1 ? 2 : 1;
    const found: { id: number; index: number; isEssential: boolean }[] = [];
    let at = body + 8;
    for (let n = this.#uint(body + 4, 4, end); n > 0; n--) {
      const id = this.#uint(at, idWide, end);
      const count = this.#uint(at + idWide, 1, end);
      at += idWide + 1;
      for (let i = 0; i < count; i++, at += wide) {
        const value = this.#uint(at, wide, end);
        const mark = wide === 2 ? 0x8000 : 0x80;
        found.push({ id, index: value & (mark - 1), isEssential: (value & mark) !== 0 });
      }
    }
    return found;
  }

  /** The pictures that are seen, with what they are put together from and what changes how they look. */
  #kept(
    items: ReadonlyMap<number, Item>,
    references: readonly Reference[],
    { auxiliary, maimed }: { readonly auxiliary: ReadonlyMap<number, string>; readonly maimed: ReadonlySet<number> },
  ): Set<number> {
    const isPicture = (id: number) => PICTURES.has(items.get(id)?.type ?? "");
    const beside = new Set(references.filter(({ type }) => type === "thmb" || type === "auxl").map(({ from }) => from));
    const within = new Set(references.filter(({ type }) => type === "dimg").flatMap(({ to }) => to));
    const left = [...items.keys()].filter((id) => isPicture(id) && !beside.has(id) && !within.has(id));
    const kept = new Set<number>();
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      if (kept.has(id) || !isPicture(id)) continue;
      if (maimed.has(id)) throw new Unfit();
      kept.add(id);
      for (const { type, from, to } of references) {
        if (type === "dimg" && from === id) left.push(...to);
        if (type === "auxl" && to.includes(id) && AUXILIARY.has(auxiliary.get(from) ?? "")) left.push(from);
      }
    }
    return kept;
  }

  /** Leaves of what data there are those of the pictures that are kept. */
  #keepBytes(
    items: ReadonlyMap<number, Item>,
    places: ReadonlyMap<number, Place>,
    kept: ReadonlySet<number>,
    mdat: readonly Box[],
    idat: readonly Box[],
  ): void {
    const boxes = [...mdat, ...idat].map(({ body, end }): Range => ({ from: body, to: end }));
    const rangesOf = (id: number): Range[] => {
      const { method, isElsewhere, extents } = places.get(id) ?? { method: 0, isElsewhere: false, extents: [] };
      const base = method === 1 ? idat[0]?.body : 0;
      if (extents.length > 0 && (method > 1 || isElsewhere || base === undefined)) throw new Unfit();
      return extents.map(({ offset, length }) => ({ from: (base ?? 0) + offset, to: (base ?? 0) + offset + length }));
    };
    const seen = [...kept].flatMap((id) => {
      const ranges = rangesOf(id);
      if (ranges.length === 0 && items.get(id)?.type !== "iden") throw new Unfit();
      return ranges;
    });
    if (!seen.every((range) => range.to > range.from && boxes.some((box) => isWithin(range, box)))) throw new Unfit();
    const gaps = [...boxes, ...this.#cleared];
    for (const { id } of items.values()) {
      if (kept.has(id)) continue;
      // What goes must lie where it can go, and be no part of what stays.
      for (const range of rangesOf(id))
        if (!gaps.some((gap) => isWithin(range, gap)) || seen.some((one) => one.from < range.to && range.from < one.to)) throw new Unfit();
    }
    const inOrder = seen.toSorted((a, b) => a.from - b.from);
    for (const { from, to } of boxes) {
      let at = from;
      for (const range of inOrder) {
        if (!isWithin(range, { from, to })) continue;
        if (range.from > at) this.#bytes.fill(0, at, range.from);
        at = Math.max(at, range.to);
      }
      this.#bytes.fill(0, at, to);
    }
  }

  #version(body: number, end: number): number {
    return this.#uint(body, 1, end);
  }

  /** A number of 0, 1, 2, 4 or 8 bytes. */
  #uint(at: number, wide: number, end: number): number {
    if (at + wide > end) throw new Unfit();
    switch (wide) {
      case 0:
        return 0;
      case 1:
        return this.#view.getUint8(at);
      case 2:
        return this.#view.getUint16(at);
      case 4:
        return this.#view.getUint32(at);
      case 8: {
        const value = this.#view.getBigUint64(at);
        if (value > BigInt(this.#bytes.length)) throw new Unfit();
        return Number(value);
      }
      default:
        throw new Unfit();
    }
  }

  /** Four letters. */
  #text(at: number, end: number): string {
    if (at + 4 > end) throw new Unfit();
    return String.fromCharCode(...this.#bytes.subarray(at, at + 4));
  }

  /** Letters up to a zero. */
  #string(at: number, end: number): string {
    const zero = this.#bytes.subarray(at, end).indexOf(0);
    if (at > end || zero < 0) throw new Unfit();
    return new TextDecoder("latin1").decode(this.#bytes.subarray(at, at + zero));
  }
}

const FREE = Uint8Array.of(0x66, 0x72, 0x65, 0x65);

function only(boxes: readonly Box[], type: string): Box {
  const [found, another] = boxes.filter((box) => box.type === type);
  if (found === undefined || another !== undefined) throw new Unfit();
  return found;
}

function isWithin(range: Range, box: Range): boolean {
  return range.from >= box.from && range.to <= box.to;
}
