import { problem } from "../problem";
import type { AppContext } from "./app-env";
import { network } from "./network";

const LOOPBACK = new Set(["127.0.0.1", "::1"]);

/** The window of the binding, in seconds; see `[[ratelimits]]` in wrangler.toml. */
const PERIOD_SECONDS = 60;

/**
 * Slows floods from one address. The binding counts per location and only roughly, so it protects the service and nothing else; exact
 * limits live in gates. Open where it fails or the address is unknown. Nothing to wait for where there is nothing to count. Problem
 * `rate_limited`.
 */
export function limitRate(c: AppContext, headers: Headers): Promise<void> | undefined {
  const address = headers.get("cf-connecting-ip");
  if (address === null) return undefined;
  const local = c.env.RESIDENCY === "off" && LOOPBACK.has(address);
  return local ? undefined : limited(c, address);
}

async function limited(c: AppContext, address: string): Promise<void> {
  const passed = await c.env.LIMITER.limit({ key: network(address) }).then(
    ({ success }) => success,
    () => true,
  );
  if (!passed) throw problem("rate_limited", undefined, { retryAfter: PERIOD_SECONDS });
}
