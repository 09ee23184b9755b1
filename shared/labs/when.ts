import { DAY_MS } from "../clock";
import { offsetAt, parseDay, startOfDay } from "../health/zone";

/**
 * When something was, as a source tells it: `2014-10-06T06:27:00+07:00`, the same without an offset where the source leaves the zone open,
 * or `2014-10-06`, `2014-10`, `2014`.
 */
const FORM = /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2})?)?)?)?$/;

export interface When {
  /** Epoch milliseconds; the beginning of a date in the zone. */
  readonly at: number;
  readonly precision: "instant" | "day" | "month" | "year";
}

/** The instant of a text in a person's zone; undefined where it is none, or lies before 1900. */
export function whenOf(text: string, timeZone: string): When | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const [, year = "", month = "01", date = "01", hour, minute, second = "00", fraction = "", zone] = match;
  const day = parseDay(`${year}-${month}-${date}`);
  if (day === undefined || Number(year) < 1900) return undefined;
  const precision = hour !== undefined ? "instant" : match[3] !== undefined ? "day" : match[2] !== undefined ? "month" : "year";
  if (hour === undefined || minute === undefined) return { at: startOfDay(timeZone, day), precision };
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const wall =
    day * DAY_MS + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1_000 + Number(fraction.slice(0, 3).padEnd(3, "0"));
  if (zone !== undefined) return { at: wall - offsetOf(zone), precision };
  const guess = wall - offsetAt(timeZone, wall) * 1_000;
  return { at: wall - offsetAt(timeZone, guess) * 1_000, precision };
}

function offsetOf(zone: string): number {
  if (zone === "Z") return 0;
  const ms = (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6))) * 60_000;
  return zone.startsWith("-") ? -ms : ms;
}

/** `YYYYMMDDHHMMSS.fff±ZZZZ` of HL7, as long as it is, in the form above; undefined where it is no time. */
export function fromHl7Time(text: string): string | undefined {
  const match = /^(\d{4})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:\.(\d{1,9}))?)?)?)?)?)?([+-]\d{2}:?\d{2})?$/.exec(
    text.trim(),
  );
  if (match === null) return undefined;
  const [, year, month, date, hour, minute, second, fraction, zone] = match;
  if (date === undefined) return [year, month].filter((part) => part !== undefined).join("-");
  const day = `${year}-${month}-${date}`;
  if (hour === undefined) return day;
  const offset = zone === undefined ? "" : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  return `${day}T${hour}:${minute ?? "00"}:${second ?? "00"}${fraction === undefined ? "" : `.${fraction}`}${offset}`;
}
