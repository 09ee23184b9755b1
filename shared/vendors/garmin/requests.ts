import type { Range, VendorRequest } from "../vendor";

const BASE = "/wellness-api/rest";
const HOST = "apis.garmin.com";

/** Summary → its name in paths, where that is another. */
const PATH_NAMES: Readonly<Record<string, string>> = { pulseox: "pulseOx", allDayRespiration: "respiration", moveIQActivities: "moveiq" };

const nameOf = (resource: string): string => PATH_NAMES[resource] ?? resource;

/** A pull's window and token, as they may travel: `<from>-<to>-<token>`. */
const OBJECT = /^(\d{1,11})-(\d{1,11})-([A-Za-z0-9._~-]{0,200})$/;

/** The call for a backfill, which is answered later by pushes; or, after a ping, the pull of what it named. */
export function pageRequest(resource: string, { from, to }: Range, _page: string | undefined, object?: string): VendorRequest {
  if (object !== undefined) {
    const [, start = "", end = "", token = ""] = OBJECT.exec(object) ?? [];
    const query = { uploadStartTimeInSeconds: start, uploadEndTimeInSeconds: end, ...(token === "" ? {} : { token }) };
    return { method: "GET", path: `${BASE}/${nameOf(resource)}`, query };
  }
  // Garmin tells the earliest second that it gives anything of: never one before.
  const query = { summaryStartTimeInSeconds: String(Math.ceil(from / 1000)), summaryEndTimeInSeconds: String(Math.floor(to / 1000)) };
  return { method: "GET", path: `${BASE}/backfill/${nameOf(resource)}`, query };
}

/**
 * What a ping's URL names: the window of its upload and its token. Undefined for any other host, path or form: a URL of a body is never
 * followed, only what it says of a call that we know.
 */
export function objectOf(resource: string, callbackUrl: string): string | undefined {
  const url = URL.canParse(callbackUrl) ? new URL(callbackUrl) : undefined;
  if (url?.protocol !== "https:" || url.host !== HOST || url.username !== "" || url.password !== "") return undefined;
  if (url.pathname.toLowerCase() !== `${BASE}/${nameOf(resource)}`.toLowerCase()) return undefined;
  const [start, end] = ["uploadStartTimeInSeconds", "uploadEndTimeInSeconds"].map((name) => url.searchParams.get(name) ?? "");
  const object = `${start}-${end}-${url.searchParams.get("token") ?? ""}`;
  return OBJECT.test(object) ? object : undefined;
}

/** Tells who the person is. */
export const identityRequest: VendorRequest = { method: "GET", path: `${BASE}/user/id` };
/** Tells what the person permits now. */
export const permissionsRequest: VendorRequest = { method: "GET", path: `${BASE}/user/permissions` };
/** Ends the registration of the person with our app. */
export const revokeRequest: VendorRequest = { method: "DELETE", path: `${BASE}/user/registration` };
