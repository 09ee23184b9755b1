import { isTimeZone, offsetAt } from "../../health/zone";
import { ZONE_UNKNOWN } from "../../health/reading";

/** An instant and the offset it was told with; `ZONE_UNKNOWN` where it was told as UTC without a place. */
export interface Moment {
  readonly at: number;
  readonly zone: number;
}

/** Parts of a wall clock. */
export interface Wall {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour?: number;
  readonly minute?: number;
  readonly second?: number;
  readonly ms?: number;
}

/** The instant of a wall clock in a zone: an IANA name, or an offset in seconds. Undefined for a clock that there is not. */
export function momentOf(wall: Wall, zone: string | number): Moment | undefined {
  const { year, month, day, hour = 0, minute = 0, second = 0, ms = 0 } = wall;
  const local = Date.UTC(year, month - 1, day, hour, minute, second, ms);
  const date = new Date(local);
  if (Number.isNaN(local) || year < 100 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  if (typeof zone === "number") return { at: local - zone * 1_000, zone };
  if (!isTimeZone(zone)) return undefined;
  const guess = local - offsetAt(zone, local) * 1_000;
  const offset = offsetAt(zone, guess);
  const settled = local - offset * 1_000;
  // In the hour that a clock skips, the offset before the change holds.
  return { at: settled, zone: offsetAt(zone, settled) };
}

const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:\s*(Z|[+-]\d{2}(?::?\d{2})?))?)?$/;

/** The moment of an ISO 8601 text: by its own offset, else by the zone. Undefined for what is none. */
export function isoMoment(text: string, zone: string | number): Moment | undefined {
  const match = ISO.exec(text.trim());
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, offset] = match;
  const wall: Wall = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour ?? 0),
    minute: Number(minute ?? 0),
    second: Number(second ?? 0),
    ms: fraction === undefined ? 0 : Math.floor(Number(`0.${fraction}`) * 1_000 + 1e-6),
  };
  if (offset === "Z") {
    const moment = momentOf(wall, 0);
    return moment === undefined ? undefined : { at: moment.at, zone: ZONE_UNKNOWN };
  }
  return momentOf(wall, offset === undefined ? zone : offsetSeconds(offset));
}

/** Seconds east of UTC of `+01:00`, `+0100` or `+01`. */
export function offsetSeconds(text: string): number {
  const sign = text.startsWith("-") ? -1 : 1;
  const digits = text.replace(/\D/g, "");
  return sign * (Number(digits.slice(0, 2)) * 3_600 + Number(digits.slice(2, 4) || 0) * 60);
}
