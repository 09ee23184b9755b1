import type { MiddlewareHandler } from "hono";
import { type RandomBytes, systemRandom, ulid } from "../id";
import type { AppEnv } from "./app-env";

const SAFE = /^[A-Za-z0-9_-]{8,64}$/;

/** Names the request: the caller's own `x-request-id` where it is short and harmless, else a new ULID. Every answer carries it. */
export function requestId(random: RandomBytes = systemRandom): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const given = c.req.header("x-request-id");
    const id = given !== undefined && SAFE.test(given) ? given : ulid(c.get("now")(), random);
    c.set("requestId", id);
    await next();
    c.res.headers.set("x-request-id", id);
  };
}
