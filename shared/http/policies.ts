import type { Hono } from "hono";
import type { AppEnv } from "./app-env";
import { policyOf } from "./route";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

/** Throws where a route does not begin with `route(…)`: a route nobody thought about is open to nobody, and does not start. */
export function assertPolicies(app: Hono<AppEnv>): void {
  const seen = new Set<string>();
  for (const { method, path, handler } of app.routes) {
    if (method === "ALL" && path.endsWith("*")) continue;
    const key = `${method} ${path}`;
    if (seen.has(key)) continue;
    seen.add(key);
    if (policyOf(handler) === undefined) throw new TypeError(`${key} does not declare its policy`);
  }
}

/** The methods that some route answers at this path; empty where the path is unknown. */
export function methodsAt(app: Hono<AppEnv>, path: string): string[] {
  const methods = METHODS.filter((method) => app.router.match(method, path)[0].some(([[handler]]) => policyOf(handler) !== undefined));
  return methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
}
