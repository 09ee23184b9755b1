import { utcDay } from "../fields";
import type { Range, VendorRequest } from "../vendor";

const BASE = "/api/partners/v1/user_data";

/** The call for the day on which a range begins: the API answers for one day at a time. */
export function pageRequest(resource: string, { from }: Range): VendorRequest {
  if (resource !== "metrics") throw new TypeError("not a resource of this vendor");
  return { method: "GET", path: `${BASE}/metrics`, query: { date: utcDay(from) } };
}

/** Tells who the person is. */
export const identityRequest: VendorRequest = { method: "GET", path: `${BASE}/user_info` };
