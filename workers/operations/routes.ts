import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";

/** Routes about the service itself. `app` is the whole application, which the document describes. */
export function operationsRoutes(_app: Hono<AppEnv>) {
  return new Hono<AppEnv>().get("/health", route({ policy: "public", summary: "State of every dependency", tags: ["operations"], responses: { 200: null } }), (c) =>
    c.json({ status: "ok", checks: {} }),
  );
}
