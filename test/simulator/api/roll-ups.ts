/** `:rollUp` over physical windows and `:dailyRollUp` over civil days, newest window first. */
import * as z from "zod";
import { accessTo } from "../oauth/authenticate.ts";
import type { Caller } from "../oauth/authenticate.ts";
import type { Point } from "../person.ts";
import { civilOf, DAY, dayOf, physicalOf } from "../person/civil.ts";
import { civilDateTime, instant } from "../person/wire.ts";
import type { JsonObject } from "../person/wire.ts";
import type { TypeInfo } from "../points/catalogue.ts";
import { invalidArgument, jsonBody } from "../server/http.ts";
import type { Call, Reply } from "../server/http.ts";
import type { State } from "../server/state.ts";
import { aggregate, rollUpField } from "./aggregate.ts";
import { pageSizeOf, requireOperation } from "./data-points.ts";
import { fingerprint, matchingOn, parseFamily } from "./query.ts";

const common = { pageSize: z.number().optional(), pageToken: z.string().optional(), dataSourceFamily: z.string().optional() };
const physical = z.object({
  range: z.object({ startTime: z.iso.datetime({ offset: true }), endTime: z.iso.datetime({ offset: true }) }),
  windowSize: z.string().regex(/^\d+(\.\d+)?s$/),
  ...common,
});
const civilPoint = z.object({
  date: z.object({ year: z.int().min(1), month: z.int().min(1).max(12), day: z.int().min(1).max(31) }),
  time: z
    .object({ hours: z.int().optional(), minutes: z.int().optional(), seconds: z.int().optional(), nanos: z.int().optional() })
    .optional(),
});
const civil = z.object({ range: z.object({ start: civilPoint, end: civilPoint }), windowSizeDays: z.int().min(1).optional(), ...common });

const SHORT_RANGE = new Set(["calories-in-heart-rate-zone", "heart-rate", "active-minutes", "total-calories"]);
const MOST_WINDOWS = 200_000;

interface Windows {
  /** Start of the range and of every window, physical ms; the last entry is the end of the range. */
  edges: number[];
  label(startMs: number, endMs: number): JsonObject;
}

function parse<T>(schema: z.ZodType<T>, call: Call): T {
  const result = schema.safeParse(jsonBody(call));
  if (!result.success) throw invalidArgument(`Invalid value at '${result.error.issues[0]?.path.join(".") ?? "body"}'.`);
  return result.data;
}

function checkRange(info: TypeInfo, fromMs: number, toMs: number): void {
  if (toMs <= fromMs) throw invalidArgument("The end of the range must be after its start.");
  const days = SHORT_RANGE.has(info.name) ? 14 : 90;
  // An hour of grace: a civil range over the autumn change is longer than its days.
  if (toMs - fromMs > days * DAY + 3_600_000)
    throw invalidArgument(`The range for ${info.name} must not exceed ${days} days.`, "INVALID_ROLLUP_QUERY_DURATION");
}

function physicalWindows(info: TypeInfo, input: z.infer<typeof physical>): Windows {
  const fromMs = Date.parse(input.range.startTime);
  const toMs = Date.parse(input.range.endTime);
  checkRange(info, fromMs, toMs);
  const size = Number(input.windowSize.slice(0, -1)) * 1000;
  if (size < 1000) throw invalidArgument("window_size must be at least 1 second.");
  if ((toMs - fromMs) / size > MOST_WINDOWS) throw invalidArgument("Too many windows.");
  const edges: number[] = [];
  for (let ms = fromMs; ms < toMs; ms += size) edges.push(ms);
  edges.push(toMs);
  return { edges, label: (startMs, endMs) => ({ startTime: instant(startMs), endTime: instant(endMs) }) };
}

function civilMs(point: z.infer<typeof civilPoint>): number {
  const { date, time } = point;
  return Date.UTC(date.year, date.month - 1, date.day, time?.hours ?? 0, time?.minutes ?? 0, time?.seconds ?? 0);
}

function civilWindows(info: TypeInfo, input: z.infer<typeof civil>, zone: string): Windows {
  const from = civilMs(input.range.start);
  const to = civilMs(input.range.end);
  if (from % DAY !== 0) throw invalidArgument("The start of the range must be aligned with the aggregation window.");
  checkRange(info, from, to);
  const edges: number[] = [];
  for (let at = from; at < to; at += (input.windowSizeDays ?? 1) * DAY) edges.push(physicalOf(zone, at));
  edges.push(physicalOf(zone, to));
  return {
    edges,
    label: (startMs, endMs) => ({
      civilStartTime: civilDateTime(civilOf(zone, startMs)),
      civilEndTime: civilDateTime(civilOf(zone, endMs)),
    }),
  };
}

function windowIndex(edges: readonly number[], ms: number): number {
  let low = 0;
  let high = edges.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((edges[middle] ?? Infinity) <= ms) low = middle;
    else high = middle;
  }
  return low;
}

/** Both roll-ups. A point counts in the window it starts in; windows without points are left out. */
export function rollUp(state: State, caller: Caller, info: TypeInfo, call: Call, operation: "rollUp" | "dailyRollUp"): Reply {
  requireOperation(info, operation);
  const access = accessTo(caller, info.area);
  const { person } = caller;
  const input = operation === "rollUp" ? parse(physical, call) : parse(civil, call);
  const windows = "windowSize" in input ? physicalWindows(info, input) : civilWindows(info, input, person.zone);
  const family = access === "own" ? "self-sources" : parseFamily(input.dataSourceFamily);
  const fromMs = windows.edges[0] ?? 0;
  const toMs = windows.edges.at(-1) ?? 0;
  const groups = new Map<number, Point[]>();
  const query = { person, info, filter: [], reconcile: true, family };
  for (let day = dayOf(person.zone, fromMs); day <= dayOf(person.zone, toMs); day += 1) {
    for (const point of matchingOn(state, query, day)) {
      if (point.startMs < fromMs || point.startMs >= toMs) continue;
      const index = windowIndex(windows.edges, point.startMs);
      const group = groups.get(index);
      if (group) group.push(point);
      else groups.set(index, [point]);
    }
  }
  const size = pageSizeOf(input.pageSize, info);
  const print = fingerprint(person.name, info.name, operation, JSON.stringify({ ...input, pageToken: undefined, pageSize: undefined }));
  const before = input.pageToken ? openToken(input.pageToken, print) : Infinity;
  const indexes = [...groups.keys()].filter((index) => index < before).sort((a, b) => b - a);
  const chosen = indexes.slice(0, size);
  const rollupDataPoints = chosen.map((index) => ({
    ...windows.label(windows.edges[index] ?? fromMs, windows.edges[index + 1] ?? toMs),
    [rollUpField(info)]: aggregate(info, groups.get(index) ?? []),
  }));
  const last = chosen.at(-1);
  const next = indexes.length > size && last !== undefined ? { nextPageToken: Buffer.from(`${print}.${last}`).toString("base64url") } : {};
  return { status: 200, body: { ...(rollupDataPoints.length ? { rollupDataPoints } : {}), ...next } };
}

function openToken(token: string, print: string): number {
  const [owner, index] = Buffer.from(token, "base64url").toString("utf8").split(".");
  if (owner !== print || index === undefined || !/^\d+$/.test(index)) throw invalidArgument("Invalid page token.");
  return Number(index);
}
