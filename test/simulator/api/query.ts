/** Reading points newest first, page by page, as one source each or merged across sources. */
import { createHash } from "node:crypto";
import * as z from "zod";
import type { Person, Point } from "../person.ts";
import { inOrder } from "../person.ts";
import { dayOf } from "../person/civil.ts";
import { isWorn, planOf } from "../person/day-plan.ts";
import type { TypeInfo } from "../points/catalogue.ts";
import { invalidArgument } from "../server/http.ts";
import { visibleOn } from "../server/overlay.ts";
import type { State } from "../server/state.ts";
import { meets, roughBounds } from "./filter.ts";
import type { Filter } from "./filter.ts";

export type Family = "all-sources" | "google-wearables" | "google-sources" | "self-sources";

export interface Query {
  person: Person;
  info: TypeInfo;
  filter: Filter;
  /** Merge sources: the watch wins over the phone while it is worn. */
  reconcile: boolean;
  family: Family;
}

/** Parses `users/me/dataSourceFamilies/{family}`; empty means all sources. */
export function parseFamily(text: string | null | undefined): Family {
  const name = (text ?? "").replace(/^users\/[^/]+\/dataSourceFamilies\//, "");
  switch (name) {
    case "":
      return "all-sources";
    case "all-sources":
    case "google-wearables":
    case "google-sources":
    case "self-sources":
      return name;
    default:
      throw invalidArgument(`Unknown data source family: ${name}.`);
  }
}

/** Points of a civil day that answer the query, ascending. */
export function matchingOn(state: State, query: Query, day: number): Point[] {
  const { person, filter, family } = query;
  if (family === "self-sources") return [];
  return visibleOn(state, person, query.info, day).filter((point) => {
    if (family === "google-wearables" && !["watch", "derived", "scale"].includes(point.origin)) return false;
    if (query.reconcile && point.origin === "phone" && isWorn(planOf(person, day), point.startMs)) return false;
    return meets(filter, person, point);
  });
}

const cursorShape = z.object({
  q: z.string(),
  s: z.number(),
  o: z.enum(["watch", "derived", "phone", "scale", "manual", "cgm"]),
  i: z.string(),
});

/** Ties a page token to the request that made it. */
export function fingerprint(...parts: string[]): string {
  return createHash("sha256").update(parts.join("\n")).digest("base64url").slice(0, 16);
}

function openCursor(token: string, print: string): Point {
  let content: unknown;
  try {
    content = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
  } catch {
    throw invalidArgument("Invalid page token.");
  }
  const parsed = cursorShape.safeParse(content);
  if (!parsed.success || parsed.data.q !== print) throw invalidArgument("Invalid page token.");
  const { s, o, i } = parsed.data;
  return { id: i, startMs: s, endMs: s, origin: o, availableAtMs: 0, value: {} };
}

/**
 * One page, newest first. The token points behind the last point given, so points that arrive between pages neither
 * shift nor repeat what follows.
 */
export function page(state: State, query: Query, size: number, token: string | null, print: string): { points: Point[]; next?: string } {
  const { person } = query;
  const { fromMs, toMs } = roughBounds(query.filter);
  const cursor = token ? openCursor(token, print) : undefined;
  const lastDay = Math.max(person.memberSince, Number.isFinite(fromMs) ? dayOf(person.zone, fromMs) : person.memberSince);
  const newest = Math.min(state.clock.now(), toMs, cursor?.startMs ?? Infinity);
  const points: Point[] = [];
  for (let day = dayOf(person.zone, newest); day >= lastDay; day -= 1) {
    for (const point of matchingOn(state, query, day).reverse()) {
      if (cursor && inOrder(point, cursor) >= 0) continue;
      if (points.length === size) {
        const last = points[size - 1];
        if (!last) break;
        const content = { q: print, s: last.startMs, o: last.origin, i: last.id };
        return { points, next: Buffer.from(JSON.stringify(content)).toString("base64url") };
      }
      points.push(point);
    }
  }
  return { points };
}
