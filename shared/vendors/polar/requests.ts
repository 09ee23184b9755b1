import { utcDay } from "../fields";
import type { Range, VendorCredentials, VendorRequest } from "../vendor";

const USERS = "/v3/users";

const PATHS: Readonly<Record<string, string>> = {
  exercises: "/v3/exercises",
  activities: `${USERS}/activities`,
  sleep: `${USERS}/sleep`,
  "nightly-recharge": `${USERS}/nightly-recharge`,
  "continuous-heart-rate": `${USERS}/continuous-heart-rate`,
  "cardio-load": `${USERS}/cardio-load/date`,
  "physical-info": `${USERS}/physical-info`,
  ecg: `${USERS}/biosensing/ecg`,
  spo2: `${USERS}/biosensing/spo2`,
  bodytemperature: `${USERS}/biosensing/bodytemperature`,
  skintemperature: `${USERS}/biosensing/skintemperature`,
};

/** Lists that give everything they have, or the one thing there is. */
const WITHOUT_RANGE: ReadonlySet<string> = new Set(["exercises", "sleep", "nightly-recharge", "physical-info"]);
const EXERCISE: Readonly<Record<string, string>> = { zones: "true", route: "true" };

/** The call for a list, or for one exercise or one day, whose id is its date. There are no further pages. */
export function pageRequest(resource: string, { from, to }: Range, _page: string | undefined, object?: string): VendorRequest {
  const path = PATHS[resource];
  if (path === undefined) throw new TypeError("not a resource of this vendor");
  const extra =
    resource === "exercises" ? EXERCISE : resource === "activities" ? { steps: "true" } : ({} as Readonly<Record<string, string>>);
  if (object !== undefined && resource !== "physical-info")
    return {
      method: "GET",
      path: `${resource === "cardio-load" ? `${USERS}/cardio-load` : path}/${encodeURIComponent(object)}`,
      query: extra,
    };
  if (WITHOUT_RANGE.has(resource)) return { method: "GET", path, query: extra };
  // Both ends count. Days are labels of the person's zone: a window's last instant is before its end.
  return { method: "GET", path, query: { from: utcDay(from), to: utcDay(Math.max(from, to - 1)), ...extra } };
}

/** Without it Polar gives nothing. Where the person is registered already it answers 409. */
export function registerRequest(userId: string): VendorRequest {
  return { method: "POST", path: USERS, body: { "member-id": userId } };
}

/** Ends the registration, and with it the permission. */
export function deregisterRequest(userId: string): VendorRequest {
  return { method: "DELETE", path: `${USERS}/${encodeURIComponent(userId)}` };
}

/** A call of the app itself, which Polar wants signed in with Basic. */
export function appRequest(
  method: VendorRequest["method"],
  path: string,
  { clientId, clientSecret }: VendorCredentials,
  body?: unknown,
): VendorRequest {
  const headers = { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` };
  return { method, path, headers, auth: "none", ...(body === undefined ? {} : { body }) };
}
