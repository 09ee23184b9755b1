import type { Range, VendorRequest } from "../vendor";
import { DEXCOM_VENDOR } from "./descriptor";

const BASE = "/v3/users/self";

/** Dates and times of UTC, without a zone. */
const utc = (at: number): string => new Date(at).toISOString().slice(0, 19);

/** The call for everything of a kind in a range; there are no pages. */
export function pageRequest(resource: string, { from, to }: Range): VendorRequest {
  if (!Object.hasOwn(DEXCOM_VENDOR.resources, resource)) throw new TypeError("not a resource of this vendor");
  return { method: "GET", path: `${BASE}/${resource}`, query: { startDate: utc(from), endDate: utc(to) } };
}

/** Any reply names the person; this one is small. */
export const identityRequest: VendorRequest = { method: "GET", path: `${BASE}/dataRange` };
