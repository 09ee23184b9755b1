import * as z from "zod";
import type { Range, VendorCredentials, VendorRequest } from "../vendor";

/** Each workout of a list needs a call more. */
const PER_PAGE = 25;

/** A workout whose recording is still to be read, with what its summary alone tells. */
const pendingSchema = z.object({
  key: z.string(),
  start: z.number(),
  zone: z.number().nullable(),
  type: z.string(),
  vendorType: z.string().optional(),
  device: z.string().optional(),
  totals: z.record(z.string(), z.number()),
  attributes: z.record(z.string(), z.unknown()),
});
export type Pending = z.output<typeof pendingSchema>;

const tokenSchema = z.object({
  /** How many workouts of the list have been read. */
  offset: z.number().int().nonnegative().optional(),
  recordings: z.array(pendingSchema).readonly().optional(),
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
export function writeToken({ offset, recordings = [] }: PageToken): string | undefined {
  if (offset === undefined && recordings.length === 0) return undefined;
  return JSON.stringify({ offset, ...(recordings.length === 0 ? {} : { recordings }) });
}

/** Where the next page of a list begins, where this one was full. */
export function offsetAfter(offset: number | undefined, read: number): number | undefined {
  return read < PER_PAGE ? undefined : (offset ?? 0) + read;
}

/** The list of a range, then the recording of each workout; the one workout of `object`; or all there is of a range, for the others. */
export function pageRequest(resource: string, { from, to }: Range, page: string | undefined, object?: string): VendorRequest {
  if (resource !== "workouts") {
    // Both ends count.
    return { method: "GET", path: `/247samples/${resource}`, query: { from: String(from), to: String(Math.max(from, to - 1)) } };
  }
  const { offset, recordings: [pending] = [] } = readToken(page);
  if (pending !== undefined)
    return { method: "GET", path: `${workoutPath(pending.key)}/fit`, binary: true, headers: { accept: "application/octet-stream" } };
  if (object !== undefined && page === undefined) return { method: "GET", path: workoutPath(object) };
  return {
    method: "GET",
    path: "/v3/workouts",
    query: {
      since: String(from),
      until: String(Math.max(from, to - 1)),
      limit: String(PER_PAGE),
      offset: String(offset ?? 0),
      // By when they were.
      "filter-by-modification-time": "false",
    },
  };
}

function workoutPath(key: string): string {
  return `/v3/workouts/${encodeURIComponent(key)}`;
}

/** Ends the permission of the person whose token it carries. */
export function deauthorizeRequest({ clientId }: VendorCredentials): VendorRequest {
  return { method: "GET", host: "token", path: "/oauth/deauthorize", query: { client_id: clientId } };
}
