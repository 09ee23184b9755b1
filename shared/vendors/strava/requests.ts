import * as z from "zod";
import type { Range, VendorRequest } from "../vendor";

const API = "/api/v3";
/** Each activity of a page needs two calls more: a page is small, so that its token is too. */
const PER_PAGE = 30;
const STREAMS = "time,heartrate,watts,velocity_smooth,cadence,altitude,latlng";

/** An activity as its details told it, since the reply with its streams tells nothing of it. */
export type Streamed = Readonly<Record<string, unknown>> & { readonly id: string | number };

const streamedSchema = z.looseObject({ id: z.union([z.string(), z.number()]) });

const tokenSchema = z.object({
  /** Page of the list that follows. */
  page: z.number().int().positive().optional(),
  /** Activities whose details are still to be read. */
  ids: z.array(z.string()).readonly().optional(),
  /** The activity whose streams come next. */
  streams: streamedSchema.optional(),
});
export type PageToken = z.output<typeof tokenSchema>;

/** Reads a token that `writeToken` wrote; the first page has none. */
export function readToken(page: string | undefined): PageToken {
  if (page === undefined) return {};
  try {
    return tokenSchema.parse(JSON.parse(page));
  } catch {
    return {};
  }
}

/** The token of what is left; undefined where nothing is. */
export function writeToken({ page, ids = [], streams }: PageToken): string | undefined {
  if (page === undefined && ids.length === 0 && streams === undefined) return undefined;
  return JSON.stringify({ page, ...(ids.length === 0 ? {} : { ids }), streams });
}

/** The next page of a list, where this one was full. */
export function pageAfter(page: number | undefined, read: number): number | undefined {
  return read < PER_PAGE ? undefined : (page ?? 1) + 1;
}

/** The list of a range, then for each of its activities the details and the streams; or the one activity of `object`. */
export function pageRequest(resource: string, { from, to }: Range, page: string | undefined, object?: string): VendorRequest {
  if (resource !== "activity") throw new TypeError("not a resource of this vendor");
  const token = readToken(page);
  if (token.streams !== undefined)
    return {
      method: "GET",
      path: `${activityPath(String(token.streams.id))}/streams`,
      query: { keys: STREAMS, key_by_type: "true" },
    };
  const one = token.ids?.[0] ?? (page === undefined ? object : undefined);
  if (one !== undefined) return { method: "GET", path: activityPath(one), query: { include_all_efforts: "false" } };
  // Both ends are left out by Strava, in whole seconds. A range makes it list the oldest first, but for `before` alone: pages are
  // counted, and what is read twice changes nothing.
  return {
    method: "GET",
    path: `${API}/athlete/activities`,
    query: {
      after: String(Math.floor(from / 1000) - 1),
      before: String(Math.ceil(to / 1000)),
      page: String(token.page ?? 1),
      per_page: String(PER_PAGE),
    },
  };
}

function activityPath(id: string): string {
  return `${API}/activities/${encodeURIComponent(id)}`;
}
