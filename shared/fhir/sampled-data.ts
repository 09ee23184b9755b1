import { OFFSETS_EXTENSION } from "./systems";
import type { Quantity, SampledData } from "./types";

/** Values of one series by column, ascending and distinct in time. */
export interface SeriesColumns {
  /** Epoch milliseconds. */
  readonly at: ArrayLike<number>;
  readonly value: ArrayLike<number>;
  /** The greatest common divisor of the steps between instants, where it is known. */
  readonly step?: number | undefined;
}

const LARGEST_GRID = 3_600;
const SMALLEST_GRID = 60;
const GAP = "E";

/** Grid steps in milliseconds for series without a usable step of their own: divisors of an hour. */
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 20_000, 30_000, 60_000];

/**
 * A series as SampledData. The grid is the greatest common divisor of all steps where that keeps `data` short (an hour of seconds, or
 * four slots a sample); every reader then gets exact times. Otherwise each sample takes the nearest free slot of a coarser grid, and the
 * exact offsets stand in R5's `offsets` as an extension: `decodeSampledData` brings both forms back without loss. `at` must not be empty.
 */
export function encodeSampledData(series: SeriesColumns, origin: Quantity): SampledData {
  const { at, value } = series;
  const start = at[0] ?? 0;
  const span = (at[at.length - 1] ?? start) - start;
  const exact = series.step ?? stepOf(at);
  if (span / exact < Math.max(LARGEST_GRID, at.length * 4)) {
    return sampled(origin, exact, at.length, (i) => ((at[i] ?? 0) - start) / exact, value, span === (at.length - 1) * exact);
  }
  const budget = Math.min(Math.max(at.length * 4, SMALLEST_GRID), LARGEST_GRID);
  const period = STEPS.find((step) => span / step < budget) ?? 60_000;
  let before = -1;
  const nearest = (i: number) => (before = Math.max(before + 1, Math.round(((at[i] ?? 0) - start) / period)));
  const grid = sampled(origin, period, at.length, nearest, value);
  const offsets = Array.from({ length: at.length }, (_, i) => (at[i] ?? 0) - start).join(" ");
  return { extension: [{ url: OFFSETS_EXTENSION, valueString: offsets }], ...grid };
}

/** How the JSON of a resource ends that ends with a series. */
const EMPTY_SERIES = '"data":""}}';

/**
 * A resource that was built here as JSON text. A series is written by the thousand and holds nothing to escape, so where it comes last, as
 * in the hour of an Observation, it is put in as it stands: to look through it again would take a tenth of the time of a page.
 */
export function toJson(resource: Readonly<Record<string, unknown>>): string {
  const series = resource["valueSampledData"];
  if (!isSeries(series)) return JSON.stringify(resource);
  const text = JSON.stringify({ ...resource, valueSampledData: { ...series, data: "" } });
  return text.endsWith(EMPTY_SERIES) ? `${text.slice(0, -3)}${series.data}"}}` : JSON.stringify(resource);
}

function isSeries(value: unknown): value is SampledData {
  return typeof value === "object" && value !== null && "data" in value && typeof value.data === "string";
}

/** The series of a SampledData whose first value lies at `start` (epoch milliseconds); undefined where its parts do not fit together. */
export function decodeSampledData(data: SampledData, start: number): { at: number[]; value: number[] } | undefined {
  const tokens = data.data.split(" ");
  const offsets = data.extension
    ?.find(({ url }) => url === OFFSETS_EXTENSION)
    ?.valueString?.split(" ")
    .map(Number);
  const at: number[] = [];
  const value: number[] = [];
  for (const [slot, token] of tokens.entries()) {
    if (token === GAP) continue;
    // Adding nothing would turn a negative zero into a zero.
    const decoded = data.origin.value === 0 ? Number(token) : Number(token) + data.origin.value;
    if (token === "" || !Number.isFinite(decoded)) return undefined;
    at.push(start + (offsets === undefined ? slot * data.period : (offsets[value.length] ?? Number.NaN)));
    value.push(decoded);
  }
  return at.some(Number.isNaN) || (offsets !== undefined && offsets.length !== at.length) ? undefined : { at, value };
}

function sampled(
  origin: Quantity,
  period: number,
  count: number,
  slotOf: (i: number) => number,
  value: ArrayLike<number>,
  isFull = false,
): SampledData {
  const tokens = new Tokens();
  // Values without a gap between them are written together; where the last one lies in the last slot, all are.
  let [written, next] = [0, 0];
  for (let i = 0; i < count && !isFull; i++) {
    const slot = slotOf(i);
    if (next < slot) {
      tokens.numbers(value, written, i);
      written = i;
      for (; next < slot; next++) tokens.add(GAP);
    }
    next++;
  }
  tokens.numbers(value, written, count);
  return { origin, period, dimensions: 1, data: tokens.text() };
}

const SPACE = 0x20;
const SMALL = 1_000;
/** Characters that a number has at most, and the space after it. */
const LONGEST = 32;
const ASCII = new TextDecoder();

/** Small whole numbers with a space behind them: at most four characters, the first in the lowest byte; and how many there are. */
const PACKED = new Uint32Array(SMALL);
const LENGTHS = new Uint8Array(SMALL);
for (let n = 0; n < SMALL; n++) {
  const text = `${n} `;
  for (let i = 0; i < text.length; i++) PACKED[n]! |= text.charCodeAt(i) << (8 * i);
  LENGTHS[n] = text.length;
}

/** One text is written at a time, from the beginning. */
let bytes = new Uint8Array(16_384);
let view = new DataView(bytes.buffer);

/** Tokens parted by spaces, written as bytes: an hour of seconds has 3,600, and to join as many strings costs ten times as much. */
class Tokens {
  #at = 0;

  /** A token of ASCII. */
  add(token: string): void {
    this.#makeRoom(1);
    for (let i = 0; i < token.length; i++) bytes[this.#at++] = token.charCodeAt(i);
    bytes[this.#at++] = SPACE;
  }

  numbers(values: ArrayLike<number>, from: number, to: number): void {
    this.#makeRoom(to - from);
    let [into, at] = [view, this.#at];
    for (let i = from; i < to; i++) {
      const value = values[i]!;
      const small = value | 0;
      if (small === value && small > 0 && small < SMALL) {
        into.setUint32(at, PACKED[small]!, true);
        at += LENGTHS[small]!;
      } else {
        this.#at = at;
        this.add(decimal(value));
        [into, at] = [view, this.#at];
      }
    }
    this.#at = at;
  }

  text(): string {
    return ASCII.decode(bytes.subarray(0, Math.max(0, this.#at - 1)));
  }

  #makeRoom(tokens: number): void {
    const needed = this.#at + tokens * LONGEST;
    if (needed <= bytes.length) return;
    const grown = new Uint8Array(2 * needed);
    grown.set(bytes);
    bytes = grown;
    view = new DataView(bytes.buffer);
  }
}

/** Negative zero is written with its sign, so that the series comes back as it was. */
function decimal(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function stepOf(at: ArrayLike<number>): number {
  let step = 0;
  let last = 0;
  const n = at.length;
  for (let i = 1; i < n && step !== 1; i++) {
    const next = at[i]! - at[i - 1]!;
    // Mostly the same as before.
    if (next === last) continue;
    last = next;
    step = gcd(next, step);
  }
  return step === 0 ? 1_000 : step;
}

function gcd(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}
