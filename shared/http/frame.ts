import type { MiddlewareHandler } from "hono";
import type { Clock } from "../clock";
import type { Log } from "../log";
import type { AppContext, AppEnv } from "./app-env";
import { logRequest } from "./log-request";
import { limitRate } from "./rate-limit";
import { renderError } from "./render-problem";
import { nameRequest } from "./request-id";
import { requireResidency } from "./residency";
import { allowOrigins, asksForOrigin, secureAnswer, secureBeforehand } from "./secure";

/**
 * What surrounds every request, in order: its name; CORS; the guard of residency; the rough limit by network; the route; security headers
 * and the name on the answer; one log event. One middleware and not six, because each one more is a closure and a promise more for every
 * request, which together cost more than what they do.
 *
 * @param prepare sets the variables that composition brings
 */
export function frame(log: Log, now: Clock, prepare: (c: AppContext) => void): MiddlewareHandler<AppEnv> {
  const cors = allowOrigins();
  return async (c, next) => {
    prepare(c);
    const startedAt = now();
    // Each is a call into the runtime, so they are asked for once.
    const { headers, method } = c.req.raw;
    const id = nameRequest(c, headers, startedAt);
    const isRead = READS.has(method);
    c.set("isRead", isRead);
    let isSecure: ((answer: Response) => boolean) | undefined;
    try {
      if (asksForOrigin(c, headers, method)) {
        const preflight = await cors(c, async () => {
          const limit = guard(c, headers);
          if (limit !== undefined) await limit;
          await next();
        });
        if (preflight instanceof Response) c.res = preflight;
      } else {
        const limit = guard(c, headers);
        if (limit !== undefined) await limit;
        isSecure = secureBeforehand(c, id);
        await next();
      }
    } catch (error) {
      // A guard's own refusal; what routes throw has been rendered by then.
      c.res = renderError(c, error, log);
    }
    if (isSecure === undefined || !isSecure(c.res)) secureAnswer(c, id);
    logRequest(c, log, method, now() - startedAt);
  };
}

const READS = new Set(["GET", "HEAD"]);

/** Stands before every route; answers what is to be waited for, if anything. */
function guard(c: AppContext, headers: Headers): Promise<void> | undefined {
  requireResidency(c);
  return limitRate(c, headers);
}
