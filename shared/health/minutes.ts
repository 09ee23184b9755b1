import { HOUR_MS, MINUTE_MS } from "../clock";
import type { Samples } from "./segment";

/** Per-minute summary of one hour: 60 rows of n, min, max, sum (energies for decibels), row by row. */
export type MinuteTable = Float64Array;

const COLUMNS = 4;

export function emptyMinutes(): MinuteTable {
  return new Float64Array(60 * COLUMNS);
}

/** Adds samples of the hour to its table. */
export function addMinutes(table: MinuteTable, samples: Samples, energy: (value: number) => number): void {
  for (let i = 0; i < samples.at.length; i++) {
    const row = Math.floor((samples.at[i]! % HOUR_MS) / MINUTE_MS) * COLUMNS;
    const value = samples.value[i]!;
    const n = table[row]!;
    table[row] = n + 1;
    if (n === 0 || value < table[row + 1]!) table[row + 1] = value;
    if (n === 0 || value > table[row + 2]!) table[row + 2] = value;
    table[row + 3] = table[row + 3]! + energy(value);
  }
}

/** The minutes that have samples, in order. */
export function minuteRows(table: MinuteTable, hour: number): { at: number; n: number; min: number; max: number; sum: number }[] {
  const rows = [];
  for (let minute = 0; minute < 60; minute++) {
    const row = minute * COLUMNS;
    const n = table[row]!;
    if (n > 0) rows.push({ at: hour * HOUR_MS + minute * MINUTE_MS, n, min: table[row + 1]!, max: table[row + 2]!, sum: table[row + 3]! });
  }
  return rows;
}
