import { HOUR_MS } from "../clock";
import type { Samples } from "./segment";
import { localDay } from "./zone";

/** Summary of one hour and local date. For metrics in decibels `sum` adds energies, so that a mean can be an energy mean. */
export interface Roll {
  /** Hours since the epoch. */
  hour: number;
  /** Local date, days since 1970-01-01. */
  date: number;
  n: number;
  min: number;
  max: number;
  sum: number;
  last: number;
  lastAt: number;
  /** A bit for each five minutes with data. */
  slots: number;
}

const SLOT_MS = HOUR_MS / 12;
/** Five-minute slots of a day of 24 hours. */
export const SLOTS_A_DAY = 288;

/** Decibels to relative energy. */
export function toEnergy(decibel: number): number {
  return 10 ** (decibel / 10);
}

/** The mean of a summary, energy-weighted for decibels. */
export function meanOf(sum: number, n: number, energy: boolean): number {
  return energy ? 10 * Math.log10(sum / n) : sum / n;
}

/** How many five-minute slots a mask has. */
export function slotCount(slots: number): number {
  let count = 0;
  for (let rest = slots; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Summaries of sorted samples of one hour: one row, or more where the hour straddles a local midnight or a change of zone. */
export function rollSamples(samples: Samples, energy: boolean, from = 0, to: number = samples.at.length): Roll[] {
  const rolls: Roll[] = [];
  let current: Roll | undefined;
  let zone = Number.NaN;
  let midnight = Number.NEGATIVE_INFINITY;
  for (let i = from; i < to; i++) {
    const at = samples.at[i]!;
    const value = samples.value[i]!;
    if (current === undefined || samples.zone[i] !== zone || at >= midnight) {
      zone = samples.zone[i]!;
      const date = localDay(at, zone);
      midnight = (date + 1) * 86_400_000 - zone * 1_000;
      current = rolls.find((roll) => roll.date === date);
      if (current === undefined) {
        current = { hour: Math.floor(at / HOUR_MS), date, n: 0, min: value, max: value, sum: 0, last: value, lastAt: at, slots: 0 };
        rolls.push(current);
      }
    }
    current.n++;
    if (value < current.min) current.min = value;
    if (value > current.max) current.max = value;
    current.sum += energy ? toEnergy(value) : value;
    current.last = value;
    current.lastAt = at;
    current.slots |= 1 << Math.floor((at % HOUR_MS) / SLOT_MS);
  }
  return rolls;
}

/**
 * Collects summaries of intervals and sparse samples over many hours. An interval is spread over the hours it covers in proportion to
 * time; `n` counts it in the hour it begins.
 */
export class Rolls {
  readonly #rolls = new Map<number, Roll>();
  readonly #energy: boolean;

  constructor(energy: boolean) {
    this.#energy = energy;
  }

  /** Adds a reading from `start` to `end` (equal for an instant), with its zone in seconds. Only hours in [fromHour, toHour) count. */
  add(
    start: number,
    end: number,
    value: number,
    zone: number,
    fromHour = Number.NEGATIVE_INFINITY,
    toHour = Number.POSITIVE_INFINITY,
  ): void {
    const first = Math.floor(start / HOUR_MS);
    if (end <= (first + 1) * HOUR_MS) {
      if (first >= fromHour && first < toHour) this.#put(first, start, end, value, zone, 1);
      return;
    }
    const perMs = value / (end - start);
    let at = start;
    for (let hour = first; at < end; hour++) {
      const until = Math.min(end, (hour + 1) * HOUR_MS);
      if (hour >= fromHour && hour < toHour) this.#put(hour, at, until, perMs * (until - at), zone, hour === first ? 1 : 0);
      at = until;
    }
  }

  values(): Roll[] {
    return [...this.#rolls.values()];
  }

  #put(hour: number, start: number, end: number, value: number, zone: number, n: number): void {
    const date = localDay(start, zone);
    const key = hour * 131_072 + date;
    let roll = this.#rolls.get(key);
    if (roll === undefined) {
      roll = { hour, date, n: 0, min: value, max: value, sum: 0, last: value, lastAt: start, slots: 0 };
      this.#rolls.set(key, roll);
    }
    roll.n += n;
    if (value < roll.min) roll.min = value;
    if (value > roll.max) roll.max = value;
    roll.sum += this.#energy ? toEnergy(value) : value;
    if (start >= roll.lastAt) {
      roll.last = value;
      roll.lastAt = start;
    }
    const firstSlot = Math.floor((start % HOUR_MS) / SLOT_MS);
    const lastSlot = end > start ? Math.floor(((end - 1) % HOUR_MS) / SLOT_MS) : firstSlot;
    for (let slot = firstSlot; slot <= lastSlot; slot++) roll.slots |= 1 << slot;
  }
}
