import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../clock";
import { offsetAt, startOfDay } from "../health/zone";

/**
 * Date searches of R4 (search.html#date) over Observations whose time is [start, end] in whole milliseconds. A search becomes a
 * conjunction of clauses, each a disjunction of comparisons, which every table of the vault can state in its own columns.
 */
export interface Comparison {
  readonly field: "start" | "end";
  readonly op: ">=" | "<";
  /** Epoch milliseconds. */
  readonly value: number;
}

export type Clause = readonly Comparison[];

const PREFIXES = ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"] as const;
export type Prefix = (typeof PREFIXES)[number];

const VALUE =
  /^(eq|ne|gt|lt|ge|le|sa|eb|ap)?(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?)?)?$/;

/**
 * The clauses of a date parameter's alternatives, or undefined where one is no date. Values without a zone are read in the person's own
 * zone. `now` (epoch milliseconds) is what `ap` is approximate to.
 */
export function dateClauses(alternatives: readonly string[], timeZone: string, now: number): Clause[] | undefined {
  let all: Clause[] | undefined;
  for (const text of alternatives) {
    const parsed = parseRange(text, timeZone);
    if (parsed === undefined) return undefined;
    const clauses = clausesOf(parsed.prefix, parsed.from, parsed.to, now);
    // (a and b) or (c and d) = (a or c) and (a or d) and (b or c) and (b or d)
    all = all === undefined ? clauses : all.flatMap((one) => clauses.map((other) => [...one, ...other]));
  }
  return all;
}

/** Bounds on `start` that follow from the clauses, `to` exclusive, where no Observation is longer than `longest` milliseconds. */
export function startBounds(clauses: readonly Clause[], longest: number): { readonly from: number; readonly to: number } {
  let [from, to] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const clause of clauses) {
    from = Math.max(
      from,
      Math.min(
        ...clause.map(({ field, op, value }) => (op === "<" ? Number.NEGATIVE_INFINITY : field === "start" ? value : value - longest)),
      ),
    );
    to = Math.min(to, Math.max(...clause.map(({ op, value }) => (op === "<" ? value : Number.POSITIVE_INFINITY))));
  }
  return { from, to };
}

/** Whether a time [start, end] satisfies the clauses. */
export function satisfies(clauses: readonly Clause[], start: number, end: number): boolean {
  return clauses.every((clause) =>
    clause.some(({ field, op, value }) =>
      op === "<" ? (field === "start" ? start : end) < value : (field === "start" ? start : end) >= value,
    ),
  );
}

/** [from, to) is the range of the parameter's value. */
function clausesOf(prefix: Prefix, from: number, to: number, now: number): Clause[] {
  const startFrom: Comparison = { field: "start", op: ">=", value: from };
  const endBefore: Comparison = { field: "end", op: "<", value: to };
  const endAfter: Comparison = { field: "end", op: ">=", value: to };
  const startBefore: Comparison = { field: "start", op: "<", value: from };
  switch (prefix) {
    case "eq":
      return [[startFrom], [endBefore]];
    case "ne":
      return [[startBefore, endAfter]];
    case "gt":
      return [[endAfter]];
    case "lt":
      return [[startBefore]];
    case "ge":
      return [[endAfter, startFrom]];
    case "le":
      return [[startBefore, endBefore]];
    case "sa":
      return [[{ field: "start", op: ">=", value: to }]];
    case "eb":
      return [[{ field: "end", op: "<", value: from }]];
    case "ap": {
      // The specification recommends a tenth of the distance between now and the value.
      const slack = Math.round(Math.abs(now - from) / 10);
      return [[{ field: "end", op: ">=", value: from - slack }], [{ field: "start", op: "<", value: to + slack }]];
    }
  }
}

function parseRange(text: string, timeZone: string): { prefix: Prefix; from: number; to: number } | undefined {
  const match = VALUE.exec(text);
  if (match === null) return undefined;
  const [, prefix = "eq", year = "", month, day, hours, minutes, seconds, fraction, zone] = match;
  const known = PREFIXES.find((candidate) => candidate === prefix) ?? "eq";
  const date = Date.UTC(Number(year), Number(month ?? "1") - 1, Number(day ?? "1"));
  if (!isCalendarDate(date, year, month, day)) return undefined;
  if (hours === undefined) {
    const until =
      day !== undefined ? date + DAY_MS : month !== undefined ? Date.UTC(Number(year), Number(month), 1) : Date.UTC(Number(year) + 1, 0, 1);
    return { prefix: known, from: startOfDay(timeZone, date / DAY_MS), to: startOfDay(timeZone, until / DAY_MS) };
  }
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds ?? 0) > 59) return undefined;
  const wall =
    date +
    Number(hours) * HOUR_MS +
    Number(minutes) * MINUTE_MS +
    Number(seconds ?? 0) * SECOND_MS +
    Math.floor(Number(fraction ?? 0) * 1_000);
  const from = zone === undefined ? wall - localOffset(timeZone, wall) : wall - offsetMs(zone);
  const precision = seconds === undefined ? MINUTE_MS : fraction === undefined ? SECOND_MS : 1;
  return { prefix: known, from, to: from + precision };
}

function isCalendarDate(at: number, year: string, month: string | undefined, day: string | undefined): boolean {
  const date = new Date(at);
  return (
    date.getUTCFullYear() === Number(year) && date.getUTCMonth() + 1 === Number(month ?? "1") && date.getUTCDate() === Number(day ?? "1")
  );
}

function localOffset(timeZone: string, wall: number): number {
  return offsetAt(timeZone, wall - offsetAt(timeZone, wall) * 1_000) * 1_000;
}

function offsetMs(zone: string): number {
  if (zone === "Z") return 0;
  const ms = Number(zone.slice(1, 3)) * HOUR_MS + Number(zone.slice(4, 6)) * MINUTE_MS;
  return zone.startsWith("-") ? -ms : ms;
}
