import type { MiddlewareHandler, Next } from "hono";
import { problem } from "../problem";
import type { AppContext, AppEnv } from "./app-env";
import { network } from "./network";

const LOOPBACK = new Set(["127.0.0.1", "::1"]);

/** The window of the binding, in seconds; see `[[ratelimits]]` in wrangler.toml. */
const PERIOD_SECONDS = 60;

/**
 * Slows floods from one address. The binding counts per location and only roughly, so it protects the service and nothing else; exact
 * limits live in gates. Open where it fails or the address is unknown.
 */
export function limitRate(): MiddlewareHandler<AppEnv> {
  return (c, next) => {
    const address = c.req.header("cf-connecting-ip");
    const local = c.env.RESIDENCY === "off" && address !== undefined && LOOPBACK.has(address);
    return address === undefined || local ? next() : limited(c, address, next);
  };
}

async function limited(c: AppContext, address: string, next: Next): Promise<void> {
  const passed = await c.env.LIMITER.limit({ key: network(address) }).then(
    ({ success }) => success,
    () => true,
  );
  if (!passed) throw problem("rate_limited", undefined, { retryAfter: PERIOD_SECONDS });
  await next();
}
