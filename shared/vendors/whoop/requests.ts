import { DAY_MS } from "../../clock";
import type { Range, VendorRequest } from "../vendor";

const BASE = "/developer/v2";
/** The most that WHOOP gives at once. */
const PAGE = 25;

const PATHS: Readonly<Record<string, string>> = {
  recovery: "/recovery",
  sleep: "/activity/sleep",
  workout: "/activity/workout",
  cycle: "/cycle",
  body_measurement: "/user/measurement/body",
};

/** The call for a page of a collection, newest first, or for the one record of it. */
export function pageRequest(resource: string, { from, to }: Range, page: string | undefined, object?: string): VendorRequest {
  const part = PATHS[resource];
  if (part === undefined) throw new TypeError("not a resource of this vendor");
  const path = `${BASE}${part}`;
  if (resource === "body_measurement") return { method: "GET", path };
  if (object !== undefined) return { method: "GET", path: `${path}/${encodeURIComponent(object)}` };
  return {
    method: "GET",
    path,
    query: {
      // Records are found by their start; a night or a day of WHOOP's that reaches into the range may start a day ahead of it.
      start: new Date(from - DAY_MS).toISOString(),
      end: new Date(to).toISOString(),
      limit: String(PAGE),
      ...(page === undefined ? {} : { nextToken: page }),
    },
  };
}

/** Tells who the person is. */
export const identityRequest: VendorRequest = { method: "GET", path: `${BASE}/user/profile/basic` };

/** Ends the permission, and the webhooks with it. */
export const revokeRequest: VendorRequest = { method: "DELETE", path: `${BASE}/user/access` };
