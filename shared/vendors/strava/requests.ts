import { z } from "zod";
import type { Range, VendorRequest } from "../vendor";

const API = "/api/v3";
/** Each activity of a page needs two calls more: a page is small, so that its token is too. */
const PER_PAGE = 30;
const STREAMS = "time,heartrate,watts,velocity_smooth,cadence,altitude,latlng";

/** What the streams of an activity need to know of it, since their reply tells nothing of that. */
export const streamedSchema = z.object({
  id: z.string(),
  start: z.number(),
  zone: z.number(),
  type: z.string(),
  device: z.string().optional(),
});
export type Streamed = z.output<typeof streamedSchema>;

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
  const one = token.streams?.id ?? token.ids?.[0] ?? (page === undefined ? object : undefined);
  if (token.streams !== undefined)
    return {
      method: "GET",
      path: `${API}/activities/${encodeURIComponent(String(one))}/streams`,
      query: { keys: STREAMS, key_by_type: "true" },
    };
  if (one !== undefined)
    return { method: "GET", path: `${API}/activities/${encodeURIComponent(one)}`, query: { include_all_efforts: "false" } };
  const seconds = (ms: number): string => String(Math.floor(ms / 1000));
  return {
    method: "GET",
    path: `${API}/athlete/activities`,
    query: { after: seconds(from - 1000), before: seconds(to), page: String(token.page ?? 1), per_page: String(PER_PAGE) },
  };
}
