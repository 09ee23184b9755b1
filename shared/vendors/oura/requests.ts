import { DAY_MS } from "../../clock";
import { utcDay } from "../fields";
import type { Range, VendorRequest } from "../vendor";
import { OURA_VENDOR } from "./descriptor";

const BASE = "/v2/usercollection";

/** Webhooks say `vo2_max`; the collection has a capital letter. */
export function collectionOf(resource: string): string {
  return resource === "vo2_max" ? "vO2_max" : resource;
}

/** The call for a page of a collection, or for one document of it. */
export function pageRequest(resource: string, { from, to }: Range, page: string | undefined, object?: string): VendorRequest {
  if (!Object.hasOwn(OURA_VENDOR.resources, resource)) throw new TypeError("not a resource of this vendor");
  const path = `${BASE}/${collectionOf(resource)}`;
  if (object !== undefined) return { method: "GET", path: `${path}/${encodeURIComponent(object)}` };
  const range: Readonly<Record<string, string>> =
    resource === "heartrate"
      ? { start_datetime: new Date(from).toISOString(), end_datetime: new Date(to).toISOString() }
      : // Days are labels of the person's zone, and whether the last one counts differs between collections: both ends reach a day beyond.
        { start_date: utcDay(from - DAY_MS), end_date: utcDay(to + DAY_MS - 1) };
  return { method: "GET", path, query: { ...range, ...(page === undefined ? {} : { next_token: page }) } };
}

/** Tells who the person is. */
export const identityRequest: VendorRequest = { method: "GET", path: `${BASE}/personal_info` };

/** Ends the permission; the token is named in the query. */
export function revokeRequest(accessToken: string): VendorRequest {
  return { method: "POST", path: "/oauth/revoke", query: { access_token: accessToken }, host: "token", auth: "none" };
}
