import { matchedRoutes } from "hono/route";
import { idOf } from "../context";
import { regionOf } from "../id";
import type { Log } from "../log";
import type { AppContext } from "./app-env";
import { policyOf } from "./route";

/** One wide event per request. It names the route's pattern, never the path, the query, or anybody's id. */
export function logRequest(c: AppContext, log: Log, method: string, ms: number): void {
  const actor = c.get("actor");
  log({
    event: "request",
    request: c.get("requestId"),
    method,
    route: matchedRoutes(c).find((matched) => policyOf(matched.handler) !== undefined)?.path ?? "none",
    status: c.res.status,
    ms,
    policy: c.get("policy"),
    region: actor === undefined ? undefined : regionOf(idOf(actor)),
  });
}
