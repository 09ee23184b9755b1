import { isoMoment, type Moment, momentOf, type Wall } from "../documents/local-time";
import { utc } from "../documents/emitter";
import type { DateOrder } from "./mapping";

/** A cell as a person meant it: without the spaces around it and without the apostrophe that guards against formulas. */
export function cleanCell(cell: string | undefined): string {
  const text = (cell ?? "").replaceAll(/[\u00a0\u202f]/g, " ").trim();
  return text.startsWith("'") ? text.slice(1).trim() : text;
}

/**
 * The number in a cell, with groups of thousands and a unit behind it forgiven; undefined where there is none. What could be a group or a
 * fraction is read by `decimal`.
 */
export function numberOf(cell: string, decimal: "." | ","): number | undefined {
  const match = /^([+-]?)\s*([\d.,' ]*\d)\s*(?:[^\d.,\s+-][^\d]*|%)?$/.exec(cleanCell(cell));
  if (match === null) return undefined;
  const [, sign = "", digits = ""] = match;
  const group = decimal === "." ? "," : ".";
  const plain = digits.replaceAll(/[' ]/g, "");
  const [whole = "", fraction, ...more] = plain.split(decimal);
  if (more.length > 0 || (fraction?.includes(group) ?? false)) return undefined;
  if (whole.includes(group) && !new RegExp(`^\\d{1,3}(?:\\${group}\\d{3})+$`).test(whole)) return undefined;
  const value = Number(`${sign}${whole.replaceAll(group, "") || "0"}.${fraction ?? "0"}`);
  return Number.isFinite(value) ? value : undefined;
}

const DATE = /^(\d{1,4})[./\-\s](\d{1,2})[./\-\s](\d{1,4})\.?(?:[T ,]\s*(.*))?$/;
const NAMED =
  /^(?:[a-z]{3,9},?\s+)?(?:(\d{1,2})[.\s-]+([a-zäûé]{3,9})\.?[\s,-]+(\d{4})|([a-zäûé]{3,9})\.?\s+(\d{1,2}),?\s+(\d{4}))(?:[T ,]\s*(.*))?$/i;
const CLOCK = /^(\d{1,2})[:.h](\d{2})(?:[:.](\d{2})(?:[.,](\d{1,6}))?)?\s*([ap])?\.?\s*m?\.?\s*(Z|[+-]\d{2}:?\d{2})?$/i;
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const OTHER_MONTHS: Readonly<Record<string, number>> = {
  mär: 3,
  mai: 5,
  okt: 10,
  dez: 12,
  fév: 2,
  avr: 4,
  aoû: 8,
  déc: 12,
  ene: 1,
  abr: 4,
  ago: 8,
  dic: 12,
};

/** What a date cell says: the date, and the clock where there is one in the same cell. */
interface DateCell {
  readonly wall: Pick<Wall, "year" | "month" | "day">;
  readonly clock: string | undefined;
}

/** The numbers of a date in the order in which they stand, and what follows; for telling the order of a column. */
export function dateParts(cell: string): { readonly parts: readonly [string, string, string]; readonly separator: string } | undefined {
  const text = cleanCell(cell);
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const [, a = "", b = "", c = ""] = match;
  return { parts: [a, b, c], separator: text.charAt(a.length) };
}

function dateCell(text: string, order: DateOrder): DateCell | undefined {
  const match = DATE.exec(text);
  if (match !== null) {
    const [, a = "", b = "", c = "", clock] = match;
    // A year of four digits in front is beyond doubt.
    const sequence = a.length === 4 ? "ymd" : order;
    const [year, month, day] = sequence === "ymd" ? [a, b, c] : sequence === "dmy" ? [c, b, a] : [c, a, b];
    const full = year.length === 2 ? 2_000 + Number(year) : Number(year);
    return { wall: { year: full, month: Number(month), day: Number(day) }, clock: clock === "" ? undefined : clock };
  }
  const named = NAMED.exec(text);
  if (named === null) return undefined;
  const [, dayA, monthA, yearA, monthB, dayB, yearB, clock] = named;
  const word = (monthA ?? monthB ?? "").toLowerCase().slice(0, 3);
  const month = MONTHS.indexOf(word) + 1 || OTHER_MONTHS[word];
  if (month === undefined) return undefined;
  return { wall: { year: Number(yearA ?? yearB), month, day: Number(dayA ?? dayB) }, clock };
}

/** When a row happened. `hasClock` is false where only the date is told. */
export interface RowTime extends Moment {
  readonly hasClock: boolean;
  /** `YYYY-MM-DD` on the wall. */
  readonly date: string;
}

/** The time of a row from its date cell and, where that is another, its clock cell; undefined where they cannot be read. */
export function rowTime(date: string, clock: string | undefined, order: DateOrder, zone: string): RowTime | undefined {
  const text = cleanCell(date);
  if (order === "epoch_s" || order === "epoch_ms") {
    if (!/^\d{9,16}(?:\.\d+)?$/.test(text)) return undefined;
    const at = Math.round(Number(text) * (order === "epoch_s" ? 1_000 : 1));
    return { ...utc(at), hasClock: true, date: new Date(at).toISOString().slice(0, 10) };
  }
  const exact = clock === undefined && /\d[T ]\d{1,2}:.*(?:Z|[+-]\d{2}:?\d{2})$/.test(text) ? isoMoment(text, zone) : undefined;
  if (exact !== undefined) return { ...exact, hasClock: true, date: text.slice(0, 10) };
  const cell = dateCell(text, order);
  if (cell === undefined) return undefined;
  const told = cleanCell(clock ?? cell.clock);
  const hands = told === "" ? undefined : clockOf(told);
  if (told !== "" && hands === undefined) return undefined;
  const { year, month, day } = cell.wall;
  const moment = momentOf({ ...cell.wall, ...hands?.wall }, hands?.offset ?? zone);
  if (moment === undefined) return undefined;
  const two = (n: number): string => String(n).padStart(2, "0");
  return { ...moment, hasClock: hands !== undefined, date: `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}` };
}

function clockOf(
  text: string,
): { readonly wall: Pick<Wall, "hour" | "minute" | "second" | "ms">; readonly offset: number | undefined } | undefined {
  const match = CLOCK.exec(text);
  if (match === null) return undefined;
  const [, h = "", m = "", s, fraction, half, offset] = match;
  let hour = Number(h);
  if (half !== undefined) {
    if (hour < 1 || hour > 12) return undefined;
    hour = (hour % 12) + (half.toLowerCase() === "p" ? 12 : 0);
  }
  const ms = fraction === undefined ? 0 : Math.floor(Number(`0.${fraction}`) * 1_000 + 1e-6);
  const sign = offset?.startsWith("-") === true ? -1 : 1;
  const digits = offset === undefined || /z/i.test(offset) ? "" : offset.replaceAll(/\D/g, "");
  const seconds = offset === undefined ? undefined : sign * (Number(digits.slice(0, 2)) * 3_600 + Number(digits.slice(2)) * 60) || 0;
  return { wall: { hour, minute: Number(m), second: Number(s ?? 0), ms }, offset: seconds };
}
