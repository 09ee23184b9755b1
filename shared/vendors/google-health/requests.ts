import { DAY_MS } from "../../clock";
import type { Range, VendorRequest } from "../vendor";
import { GOOGLE_HEALTH_VENDOR } from "./descriptor";

/** Sessions come 25 at a time whatever one asks for. */
const SESSION_PAGE = 25;
/** Up to 10 000 are allowed; a reply of this size is parsed in a blink and costs little to ask for again. */
const PAGE = 5_000;

/** The call for one page of a data type. A window is closed-open in epoch milliseconds. */
export function pageRequest(type: string, range: Range, page: string | undefined): VendorRequest {
  const spec = GOOGLE_HEALTH_VENDOR.resources[type];
  if (spec === undefined) throw new TypeError("not a data type of this vendor");
  const path = `/v4/users/me/dataTypes/${type}/dataPoints`;
  const paged: Readonly<Record<string, string>> = page === undefined ? {} : { pageToken: page };
  if (spec.operation === "rollUp") {
    return {
      method: "POST",
      path: `${path}:dailyRollUp`,
      body: { range: { start: civil(range.from), end: civil(range.to + DAY_MS - 1) }, windowSizeDays: 1, pageSize: PAGE, ...paged },
    };
  }
  const pageSize = String(type === "exercise" || type === "sleep" ? SESSION_PAGE : PAGE);
  const query = { filter: filterOf(type, spec.granularity, range), pageSize, ...paged };
  return { method: "GET", path: spec.operation === "reconcile" ? `${path}:reconcile` : path, query };
}

/** The path of the call that tells who the person is at Google. */
export const identityRequest: VendorRequest = { method: "GET", path: "/v4/users/me/identity" };

/** A filter after AIP-160; every record type is filtered by another member. */
function filterOf(type: string, granularity: string, { from, to }: Range): string {
  const name = type.replaceAll("-", "_");
  const between = (member: string, low: string, high: string) => `${name}.${member} >= "${low}" AND ${name}.${member} < "${high}"`;
  // Google filters recordings by their start only, from a lower bound on.
  if (type === "electrocardiogram") return `${name}.interval.start_time >= "${instant(from)}"`;
  // A night belongs where it ends.
  if (type === "sleep") return between("interval.end_time", instant(from), instant(to));
  switch (granularity) {
    case "daily":
      return between("date", day(from), day(to + DAY_MS - 1));
    case "sample":
      return between("sample_time.physical_time", instant(from), instant(to));
    case "interval":
      return between("interval.start_time", instant(from), instant(to));
    default:
      // Sessions are filtered by the person's local time, which is unknown here: a day more on both sides holds every zone.
      return between("interval.civil_start_time", day(from - DAY_MS), day(to + 2 * DAY_MS - 1));
  }
}

const instant = (ms: number): string => new Date(ms).toISOString();
const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

function civil(ms: number) {
  const date = new Date(ms);
  return { date: { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() } };
}
