/** The vendor's AIP-160 subset: comparisons with `>=` and `<` on the time of a type, joined by AND. */
import { civilOf } from "../person/civil.ts";
import type { Person, Point } from "../person.ts";
import type { TypeInfo } from "../points/catalogue.ts";
import { invalidArgument } from "../server/http.ts";

type Axis = "start" | "civilStart" | "end" | "civilEnd";
interface Condition {
  axis: Axis;
  atLeast: boolean;
  ms: number;
}
/** Conditions that must all hold; empty = everything. */
export type Filter = readonly Condition[];

/** Which members may be filtered on, and what they mean. Sessions know civil start only; sleep is found by its end. */
function members(info: TypeInfo): Record<string, Axis> {
  if (info.name === "sleep") return { "interval.end_time": "end", "interval.civil_end_time": "civilEnd" };
  if (info.name === "electrocardiogram") return { "interval.start_time": "start" };
  switch (info.kind) {
    case "interval":
      return { "interval.start_time": "start", "interval.civil_start_time": "civilStart" };
    case "sample":
      return { "sample_time.physical_time": "start", "sample_time.civil_time": "civilStart" };
    case "daily":
      return { date: "civilStart" };
    case "session":
      return { "interval.civil_start_time": "civilStart" };
  }
}

const PHYSICAL = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
const CIVIL = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?)?$/;
const DATE = /^\d{4}-\d\d-\d\d$/;
const TERM = /^\s*([a-z0-9_.]+)\s*(>=|<=|>|<|!=|=|:)\s*"([^"]*)"\s*$/;

function literal(text: string, axis: Axis, isDate: boolean): number {
  const form = axis === "start" || axis === "end" ? PHYSICAL : isDate ? DATE : CIVIL;
  const whole = form === PHYSICAL ? text : `${text.includes("T") ? text : `${text}T00:00:00`}Z`;
  const ms = form.test(text) ? Date.parse(whole.replace(/T(\d\d:\d\d)Z$/, "T$1:00Z")) : Number.NaN;
  if (Number.isNaN(ms)) throw invalidArgument(`Invalid time literal in filter: "${text}".`, "INVALID_DATA_POINT_FILTER_TIME_LITERAL");
  return ms;
}

/** Parses a filter for a type. 400 INVALID_ARGUMENT for anything outside the subset. */
export function parseFilter(text: string | null, info: TypeInfo): Filter {
  if (text === null || !text.trim()) return [];
  const allowed = members(info);
  return text.split(/\s+AND\s+/).map((part): Condition => {
    const term = TERM.exec(part);
    const [, path, operator, value] = term ?? [];
    if (path === undefined || operator === undefined || value === undefined) {
      throw invalidArgument(`Invalid filter expression: ${part.trim()}.`, "INVALID_DATA_POINT_FILTER");
    }
    const prefix = `${info.filterName}.`;
    if (!path.startsWith(prefix)) {
      throw invalidArgument(`Filter refers to a data type other than ${info.filterName}.`, "INVALID_DATA_POINT_FILTER_DATA_TYPE");
    }
    const member = path.slice(prefix.length);
    const axis = allowed[member];
    if (!axis) throw invalidArgument(`Unsupported filter member: ${path}.`, "INVALID_DATA_POINT_FILTER_DATA_TYPE_MEMBER");
    if (operator !== ">=" && (operator !== "<" || info.name === "electrocardiogram")) {
      throw invalidArgument(`Unsupported comparison operator '${operator}' for ${path}.`, "INVALID_DATA_POINT_FILTER_OPERATOR");
    }
    return { axis, atLeast: operator === ">=", ms: literal(value, axis, member === "date") };
  });
}

function valueOn(axis: Axis, person: Person, point: Point): number {
  switch (axis) {
    case "start":
      return point.startMs;
    case "end":
      return point.endMs;
    case "civilStart":
      return civilOf(person.zone, point.startMs);
    case "civilEnd":
      return civilOf(person.zone, point.endMs);
  }
}

/** True when a point meets every condition. */
export function meets(filter: Filter, person: Person, point: Point): boolean {
  return filter.every(({ axis, atLeast, ms }) => valueOn(axis, person, point) >= ms === atLeast);
}

/** Instants the start of any matching point must lie between, with room for zones and for long sessions. */
export function roughBounds(filter: Filter): { fromMs: number; toMs: number } {
  const room = 2 * 86_400_000;
  let fromMs = -Infinity;
  let toMs = Infinity;
  for (const { atLeast, ms } of filter) {
    if (atLeast) fromMs = Math.max(fromMs, ms - room);
    else toMs = Math.min(toMs, ms + room);
  }
  return { fromMs, toMs };
}
