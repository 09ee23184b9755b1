import * as z from "zod";
import { DAY_MS } from "../../clock";

/** More than a night in half minutes has. */
const MOST = 5_000;

/** `"HH:MM": value`. The keys are times of a clock, without a date. */
export const clockTimes = z
  .record(z.string().regex(/^\d{1,2}:\d{2}(:\d{2})?$/), z.number().nullable())
  .refine((times) => Object.keys(times).length <= MOST, "too many")
  .nullish();

/** `HH:MM` or `HH:MM:SS` as milliseconds since midnight; undefined past the end of a day. */
export function sinceMidnight(text: string): number | undefined {
  const [hours = 0, minutes = 0, seconds = 0] = text.split(":").map(Number);
  return hours < 24 && minutes < 60 && seconds < 60 ? ((hours * 60 + minutes) * 60 + seconds) * 1000 : undefined;
}

/**
 * The clock times of a night as instants in order: each is the first such time at or after `start`, with a little before it allowed,
 * because the keys have no seconds. A night crosses midnight, and is shorter than a day.
 *
 * @param zone seconds east of UTC of the clock
 */
export function nightTimes(times: z.output<typeof clockTimes>, start: number, zone: number): { at: number; value: number }[] {
  const wall = start + zone * 1000;
  const midnight = Math.floor(wall / DAY_MS) * DAY_MS;
  return Object.entries(times ?? {})
    .flatMap(([key, value]) => {
      const since = sinceMidnight(key);
      if (since === undefined || value === null) return [];
      const first = midnight + since;
      const at = (first < wall - EARLY_MS ? first + DAY_MS : first >= wall - EARLY_MS + DAY_MS ? first - DAY_MS : first) - zone * 1000;
      return [{ at, value }];
    })
    .toSorted((a, b) => a.at - b.at);
}

/** How far a first value may lie before the night's start. */
const EARLY_MS = 10 * 60_000;
