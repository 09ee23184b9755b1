import { ByteReader, ByteWriter } from "./bytes";

/** What identifies a reading within its metric and source. Times epoch milliseconds. */
export interface Mark {
  readonly at: number;
  /** Length in milliseconds; 0 for what has none. */
  readonly span: number;
  /** What tells two readings of the same time apart; mostly empty. */
  readonly tag: string;
}

const SECOND = 1_000;
const PLAIN = 0;
const FULL = 1;

/**
 * Packs marks: instants as steps with the number of times each repeats, in whole seconds where all are. An irregular stream takes two or
 * three bytes a mark, a regular one next to nothing. The order is lost; what is equal is kept once.
 */
export function packMarks(marks: readonly Mark[]): Uint8Array<ArrayBuffer> {
  const sorted = distinctMarks(marks).toSorted((a, b) => a.at - b.at || a.span - b.span || (a.tag < b.tag ? -1 : 1));
  const isPlain = sorted.every(({ span, tag }) => span === 0 && tag === "");
  const unit = sorted.every(({ at, span }) => at % SECOND === 0 && span % SECOND === 0) ? SECOND : 1;
  const writer = new ByteWriter();
  writer.byte(isPlain ? PLAIN : FULL);
  writer.varint(unit);
  writer.varint(sorted.length);
  let before = 0;
  const steps = sorted.map(({ at }) => {
    const step = (at - before) / unit;
    before = at;
    return step;
  });
  writeRuns(
    steps,
    (step) => writer.zigzag(step),
    (n) => writer.varint(n),
  );
  if (isPlain) return writer.finish();
  writeRuns(
    sorted.map(({ span }) => span / unit),
    (span) => writer.zigzag(span),
    (n) => writer.varint(n),
  );
  const encoder = new TextEncoder();
  writeRuns(
    sorted.map(({ tag }) => tag),
    (tag) => {
      const bytes = encoder.encode(tag);
      writer.varint(bytes.length);
      writer.bytes(bytes);
    },
    (n) => writer.varint(n),
  );
  return writer.finish();
}

/** What `packMarks` packed, in order of time. */
export function unpackMarks(bytes: Uint8Array): Mark[] {
  const reader = new ByteReader(bytes);
  const isPlain = reader.byte() === PLAIN;
  const unit = reader.varint();
  const n = reader.varint();
  let at = 0;
  const instants = readRuns(n, () => reader.zigzag(), reader).map((step) => {
    at += step * unit;
    return at;
  });
  if (isPlain) return instants.map((instant) => ({ at: instant, span: 0, tag: "" }));
  const spans = readRuns(n, () => reader.zigzag(), reader);
  const decoder = new TextDecoder();
  const tags = readRuns(n, () => decoder.decode(reader.bytes(reader.varint())), reader);
  return instants.map((instant, i) => ({ at: instant, span: spans[i]! * unit, tag: tags[i]! }));
}

/** A text that is the same for equal marks. */
export function markKey({ at, span, tag }: Mark): string {
  return `${at} ${span} ${tag}`;
}

function distinctMarks(marks: readonly Mark[]): Mark[] {
  return [...new Map(marks.map((mark) => [markKey(mark), mark])).values()];
}

function writeRuns<T>(values: readonly T[], value: (one: T) => void, count: (n: number) => void): void {
  for (let i = 0; i < values.length;) {
    let j = i + 1;
    while (j < values.length && values[j] === values[i]) j++;
    value(values[i]!);
    count(j - i);
    i = j;
  }
}

function readRuns<T>(n: number, value: () => T, reader: ByteReader): T[] {
  const values: T[] = [];
  while (values.length < n) {
    const one = value();
    for (let left = reader.varint(); left > 0; left--) values.push(one);
  }
  return values;
}
