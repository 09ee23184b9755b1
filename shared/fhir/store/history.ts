import { problem } from "../../problem";
import { dateRange } from "../r4/date-range";

/** A page of a history (R4 http.html#history). Times epoch milliseconds. */
export interface HistoryQuery {
  readonly count: number;
  /** Changed at this time or later. */
  readonly since: number | undefined;
  /** Current at some time between these, both included. */
  readonly at: readonly [from: number, to: number] | undefined;
}

const DEFAULT_COUNT = 50;
const LARGEST_COUNT = 200;
const KNOWN = new Set(["_count", "_since", "_at", "_format", "_pretty"]);

/** Reads `_count`, `_since` and `_at`. Problem `malformed` for what is unknown or cannot be read. */
export function readHistory(params: readonly (readonly [string, string])[], zone: string): HistoryQuery {
  if (params.some(([name]) => !KNOWN.has(name))) throw problem("malformed", "A history takes _count, _since and _at.");
  const last = (name: string) => params.findLast(([one, value]) => one === name && value !== "")?.[1];
  const count = last("_count") ?? String(DEFAULT_COUNT);
  if (!/^\d{1,9}$/.test(count) || Number(count) === 0) throw problem("malformed", "The value of _count is a number from 1.");
  return {
    count: Math.min(Number(count), LARGEST_COUNT),
    since: rangeAt("_since", last("_since"), zone)?.[0],
    at: rangeAt("_at", last("_at"), zone),
  };
}

function rangeAt(name: string, text: string | undefined, zone: string): readonly [number, number] | undefined {
  if (text === undefined) return undefined;
  // A plus sign that was not encoded arrives as a blank.
  const range = dateRange(text.replace(/ (?=\d{2}:\d{2}$)/, "+"), zone);
  if (range === undefined) throw problem("malformed", `The value of ${name} is no date and time.`);
  return range;
}
