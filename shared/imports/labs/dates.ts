import { parseDay } from "../../health/zone";

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"] as const;
const CLOCK = /[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(am|pm)?\s*(Z|[+-]\d{2}:?\d{2})?$/i;

/** In which order a document writes day and month, where a date shows it. */
export type DayOrder = "dmy" | "mdy";

/** The order that dates of one document show: a number above twelve is no month. Undefined where none of them does, or they disagree. */
export function orderOf(dates: readonly string[]): DayOrder | undefined {
  const seen = new Set<DayOrder>();
  for (const date of dates) {
    const [, a = "", b = ""] = /^\s*(\d{1,2})[./-](\d{1,2})[./-]\d{4}/.exec(date) ?? [];
    if (Number(a) > 12) seen.add("dmy");
    else if (Number(b) > 12) seen.add("mdy");
    // Points part days from months, and nobody writes the month first with them.
    else if (/^\s*\d{1,2}\.\d{1,2}\.\d{4}/.test(date)) seen.add("dmy");
  }
  const [order, other] = seen;
  return other === undefined ? order : undefined;
}

/** A date as people write it, for `whenOf`: ISO, `15/03/2024` in a known order, `15 March 2024`, `Mar 15, 2024`; with a clock or without. */
export function fromWrittenDate(text: string, order: DayOrder | undefined): string | undefined {
  const trimmed = text.trim();
  if (trimmed.length > 64) return undefined;
  const clock = CLOCK.exec(trimmed);
  const day = dayIn(clock === null ? trimmed : trimmed.slice(0, clock.index).trim(), order);
  if (day === undefined || clock === null) return day;
  const [, hour = "", minute = "", second = "00", half, zone] = clock;
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (half.toLowerCase() === "pm" ? 12 : 0);
  if (hours > 23 || Number(minute) > 59) return undefined;
  const offset = zone === undefined || zone.toUpperCase() === "Z" ? (zone ?? "").toUpperCase() : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  return `${day}T${String(hours).padStart(2, "0")}:${minute}:${second}${offset}`;
}

function dayIn(text: string, order: DayOrder | undefined): string | undefined {
  const iso = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})$/.exec(text) ?? /^(\d{4})(\d{2})(\d{2})$/.exec(text);
  if (iso !== null) return dateOf(iso[1], iso[2], iso[3]);
  const numbers = /^(\d{1,2})[./-](\d{1,2})[./-](\d{4})$/.exec(text);
  if (numbers !== null) {
    if (order === undefined) return undefined;
    return order === "dmy" ? dateOf(numbers[3], numbers[2], numbers[1]) : dateOf(numbers[3], numbers[1], numbers[2]);
  }
  const dayFirst = /^(\d{1,2})(?:st|nd|rd|th)?[ .-]*([A-Za-z]{3,9})[ .,-]*(\d{4})$/.exec(text);
  if (dayFirst !== null) return dateOf(dayFirst[3], monthOf(dayFirst[2]), dayFirst[1]);
  const monthFirst = /^([A-Za-z]{3,9})[ .]*(\d{1,2})(?:st|nd|rd|th)?,? +(\d{4})$/.exec(text);
  return monthFirst === null ? undefined : dateOf(monthFirst[3], monthOf(monthFirst[1]), monthFirst[2]);
}

function monthOf(name = ""): string {
  return String(MONTHS.findIndex((month) => name.toLowerCase().startsWith(month)) + 1);
}

function dateOf(year = "", month = "", day = ""): string | undefined {
  const date = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  return parseDay(date) === undefined ? undefined : date;
}
