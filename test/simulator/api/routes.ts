/** `/v4/users/{user}/…`: authenticates, then hands over to the resource. */
import { authenticate } from "../oauth/authenticate.ts";
import { ApiError, notFound } from "../server/http.ts";
import type { Call, Reply } from "../server/http.ts";
import type { State } from "../server/state.ts";
import { account } from "./account.ts";
import { batchDelete, getPoint, knownType, readPoints } from "./data-points.ts";
import { rollUp } from "./roll-ups.ts";

/** Every user call of the Health API. */
export function routeUsers(state: State, call: Call): Reply {
  const caller = authenticate(state, call);
  const [, , , user, resource, type, points, id] = call.path.split("/");
  if (user !== "me" && user !== caller.person.healthUserId)
    throw new ApiError(403, "PERMISSION_DENIED", "The caller does not have permission.");
  if (resource !== "dataTypes") {
    if (call.method !== "GET") throw new ApiError(405, "UNIMPLEMENTED", "Method not allowed.");
    return account(state, caller, resource ?? "", type);
  }
  const info = knownType(type ?? "");
  const route = `${call.method} ${points ?? ""}${id === undefined ? "" : "/{id}"}`;
  switch (route) {
    case "GET dataPoints":
      return readPoints(state, caller, info, call, "list");
    case "GET dataPoints:reconcile":
      return readPoints(state, caller, info, call, "reconcile");
    case "POST dataPoints:rollUp":
      return rollUp(state, caller, info, call, "rollUp");
    case "POST dataPoints:dailyRollUp":
      return rollUp(state, caller, info, call, "dailyRollUp");
    case "POST dataPoints:batchDelete":
      return batchDelete(state, caller, info, call);
    case "GET dataPoints/{id}":
      return getPoint(state, caller, info, id ?? "");
    default:
      throw notFound("Method not found.");
  }
}
