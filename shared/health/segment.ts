import { ByteReader, ByteWriter } from "./bytes";

/**
 * A segment: samples of one metric and source within one hour, by column, sorted by instant without repeats. Layout: format byte,
 * count, times, zones, versions, values. Regular columns cost nothing per sample: times are a step or runs of steps, zones and
 * versions are runs; values are zigzag deltas of decimally scaled integers, or raw doubles where no scale is exact.
 */
export interface Samples {
  /** Epoch milliseconds, ascending. */
  readonly at: Float64Array;
  readonly value: Float64Array;
  /** Seconds east of UTC. */
  readonly zone: Int32Array;
  readonly version: Float64Array;
}

const FORMAT = 1;
const LARGEST_SCALE = 6;
const RAW_DOUBLES = 15;
const TIMES_PLAIN = 0;
const TIMES_RUNS = 1;
const POWERS = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000] as const;

/** Encodes samples; `from` and `to` bound the part of the columns. */
export function encodeSegment(samples: Samples, from = 0, to: number = samples.at.length): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter(64 + (to - from) * 3);
  out.byte(FORMAT);
  out.varint(to - from);
  if (to > from) {
    writeTimes(out, samples.at, from, to);
    writeRuns(out, samples.zone, from, to);
    writeRuns(out, samples.version, from, to);
    writeValues(out, samples.value, from, to);
  }
  return out.finish();
}

/** Decodes a segment; throws a RangeError for bytes that are none. */
export function decodeSegment(bytes: Uint8Array): Samples {
  const [input, n] = opened(bytes);
  const samples = columns(n);
  if (n === 0) return samples;
  readTimes(input, samples.at);
  readRuns(input, samples.zone);
  readRuns(input, samples.version);
  readValues(input, samples.value);
  return samples;
}

/** The columns of a segment that views are made of, and the greatest common divisor of the steps between its instants. */
export interface ReadSegment extends Pick<Samples, "at" | "value" | "zone"> {
  readonly step: number;
}

/**
 * Reads segments one after the other into the same columns: to make and to clear new ones for an hour at 1 Hz costs a third of reading it.
 * What is read lasts until the next.
 */
export class SegmentReader {
  #columns = columns(3_600);

  /** Reads a segment; throws a RangeError for bytes that are none. */
  read(bytes: Uint8Array): ReadSegment {
    const [input, n] = opened(bytes);
    if (n > this.#columns.at.length) this.#columns = columns(n);
    const [at, value, zone] = [this.#columns.at.subarray(0, n), this.#columns.value.subarray(0, n), this.#columns.zone.subarray(0, n)];
    if (n === 0) return { at, value, zone, step: 1 };
    const step = readTimes(input, at);
    readRuns(input, zone);
    skipRuns(input, n);
    readValues(input, value);
    return { at, value, zone, step };
  }
}

/** A segment behind its head, and how many samples it has. */
function opened(bytes: Uint8Array): [ByteReader, number] {
  const input = new ByteReader(bytes);
  if (input.byte() !== FORMAT) throw new RangeError("unknown segment format");
  return [input, input.varint()];
}

/** Empty columns in one buffer: to make and to clear four costs as much as to read an hour. */
function columns(n: number): Samples {
  const wide = 8 * n;
  const buffer = new ArrayBuffer(3 * wide + 4 * n);
  return {
    at: new Float64Array(buffer, 0, n),
    value: new Float64Array(buffer, wide, n),
    version: new Float64Array(buffer, 2 * wide, n),
    zone: new Int32Array(buffer, 3 * wide, n),
  };
}

function writeTimes(out: ByteWriter, at: Float64Array, from: number, to: number): void {
  let unit = 0;
  let runs = 0;
  let last = Number.NaN;
  for (let i = from + 1; i < to; i++) {
    const step = at[i]! - at[i - 1]!;
    if (step !== last) {
      unit = unit === 1 ? 1 : gcd(step, unit);
      runs++;
      last = step;
    }
  }
  if (unit === 0) unit = 1;
  out.varint(at[from]!);
  out.varint(unit);
  const asRuns = runs * 2 < to - from;
  out.byte(asRuns ? TIMES_RUNS : TIMES_PLAIN);
  if (!asRuns) {
    for (let i = from + 1; i < to; i++) out.varint((at[i]! - at[i - 1]!) / unit);
    return;
  }
  for (let i = from + 1; i < to;) {
    const step = at[i]! - at[i - 1]!;
    let length = 1;
    while (i + length < to && at[i + length]! - at[i + length - 1]! === step) length++;
    out.varint(length);
    out.varint(step / unit);
    i += length;
  }
}

/** Answers the unit of the steps: their greatest common divisor. */
function readTimes(input: ByteReader, at: Float64Array): number {
  let time = input.varint();
  const unit = input.varint();
  at[0] = time;
  if (input.byte() === TIMES_PLAIN) {
    for (let i = 1; i < at.length; i++) at[i] = time += input.varint() * unit;
    return unit;
  }
  for (let i = 1; i < at.length;) {
    const end = i + input.varint();
    const step = input.varint() * unit;
    if (end > at.length || end === i) throw new RangeError("a run of times is too long");
    for (; i < end; i++) at[i] = time += step;
  }
  return unit;
}

function writeRuns(out: ByteWriter, column: Int32Array | Float64Array, from: number, to: number): void {
  let before = 0;
  for (let i = from; i < to;) {
    const value = column[i]!;
    let length = 1;
    while (i + length < to && column[i + length] === value) length++;
    out.varint(length);
    out.zigzag(value - before);
    before = value;
    i += length;
  }
}

function readRuns(input: ByteReader, column: Int32Array | Float64Array): void {
  let value = 0;
  for (let i = 0; i < column.length;) {
    const length = input.varint();
    value += input.zigzag();
    if (length === 0 || i + length > column.length) throw new RangeError("a run is too long");
    column.fill(value, i, i + length);
    i += length;
  }
}

function skipRuns(input: ByteReader, n: number): void {
  for (let i = 0; i < n;) {
    const length = input.varint();
    input.varint();
    if (length === 0 || i + length > n) throw new RangeError("a run is too long");
    i += length;
  }
}

function writeValues(out: ByteWriter, value: Float64Array, from: number, to: number): void {
  const scale = exactScale(value, from, to);
  out.byte(scale);
  if (scale === RAW_DOUBLES) {
    out.bytes(new Uint8Array(value.slice(from, to).buffer));
    return;
  }
  const power = POWERS[scale]!;
  let before = 0;
  for (let i = from; i < to; i++) {
    const scaled = Math.round(value[i]! * power);
    out.zigzag(scaled - before);
    before = scaled;
  }
}

function readValues(input: ByteReader, value: Float64Array): void {
  const scale = input.byte();
  if (scale === RAW_DOUBLES) {
    value.set(new Float64Array(input.bytes(value.length * 8).slice().buffer));
    return;
  }
  const power = POWERS[scale];
  if (power === undefined) throw new RangeError("unknown value scale");
  input.runningSums(value, power);
}

/** The fewest decimals that bring every value back exactly, or `RAW_DOUBLES`. Negative zero and huge values go raw. */
function exactScale(value: Float64Array, from: number, to: number): number {
  let scale = 0;
  for (let i = from; i < to; i++) {
    const v = value[i]!;
    for (;;) {
      const power = POWERS[scale]!;
      const scaled = Math.round(v * power);
      if (scaled / power === v && Math.abs(scaled) < 2 ** 50 && !Object.is(v, -0)) break;
      if (++scale > LARGEST_SCALE) return RAW_DOUBLES;
    }
  }
  return scale;
}

function gcd(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}
