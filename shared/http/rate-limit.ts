import type { MiddlewareHandler } from "hono";
import { problem } from "../problem";
import type { AppEnv } from "./app-env";

const LOOPBACK = new Set(["127.0.0.1", "::1"]);

/** The window of the binding, in seconds; see `[[ratelimits]]` in wrangler.toml. */
const PERIOD_SECONDS = 60;

/**
 * Slows floods from one address. The binding counts per location and only roughly, so it protects the service and nothing else; exact
 * limits live in gates. Open where it fails or the address is unknown.
 */
export function limitRate(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const address = c.req.header("cf-connecting-ip");
    const local = c.env.RESIDENCY === "off" && address !== undefined && LOOPBACK.has(address);
    if (address !== undefined && !local) {
      const passed = await c.env.LIMITER.limit({ key: network(address) }).then(
        ({ success }) => success,
        () => true,
      );
      if (!passed) throw problem("rate_limited", undefined, { retryAfter: PERIOD_SECONDS });
    }
    await next();
  };
}

/** One subscriber: an IPv4 address, or the /64 that IPv6 customers get as a whole. */
export function network(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const left = head.split(":").filter((group) => group !== "");
  const right = (tail ?? "").split(":").filter((group) => group !== "");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: zeros }, () => "0"), ...right];
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}
