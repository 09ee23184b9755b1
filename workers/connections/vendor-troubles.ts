import { SECOND_MS } from "../../shared/clock";
import { REGIONS, type Region } from "../../shared/region";
import { ownCredentials } from "../../shared/vendors/access";
import { VENDOR_MODULES } from "../../shared/vendors/vendors";
import type { LiveVendor } from "../../shared/vendors/vendor";
import type { GateStanding } from "../../durable-objects/gate/rows";
import { withinLetGo } from "../../shared/within";
import { gateOf } from "../regional";

/** A vendor that is not asked as usual in a region, and until when that is so at the earliest. */
export interface VendorTrouble {
  readonly vendor: string;
  readonly region: Region;
  /** `open`: nobody asks; `half_open`: one call finds out. */
  readonly breaker: "closed" | "open" | "half_open";
  /** Our limits there of which nothing is left. */
  readonly limited: readonly string[];
  readonly until: string;
}

/** Anybody may ask for this: an isolate looks at most so often, and waits no longer than that. */
const KNOWN_FOR_MS = 10 * SECOND_MS;
const PATIENCE_MS = 2 * SECOND_MS;
let known: { readonly until: number; readonly troubles: Promise<readonly VendorTrouble[]> } | undefined;

/** The vendors with an account here whose breaker is not closed, or whose limits are used up. A gate that does not answer says nothing. */
export async function vendorTroubles(env: Env, now: number): Promise<readonly VendorTrouble[]> {
  if (known === undefined || known.until <= now || known.until > now + KNOWN_FOR_MS)
    known = { until: now + KNOWN_FOR_MS, troubles: lookAtAll(env, now) };
  return await known.troubles;
}

async function lookAtAll(env: Env, now: number): Promise<readonly VendorTrouble[]> {
  const vendors = VENDOR_MODULES.map(({ vendor }) => vendor).filter(({ id }) => ownCredentials(env, id) !== undefined);
  const all = vendors.flatMap((vendor) => REGIONS.map((region) => ({ vendor, region })));
  const found = await Promise.all(
    all.map(async ({ vendor, region }) => {
      try {
        const standing = await withinLetGo(PATIENCE_MS, async () => await gateOf(env, region, `vendor:${vendor.id}`).standing());
        return troubleOf(vendor, region, standing, now);
      } catch {
        return undefined;
      }
    }),
  );
  return found.filter((trouble) => trouble !== undefined);
}

/** What of a gate's counts is trouble now. */
export function troubleOf(vendor: LiveVendor, region: Region, { breakers, quotas }: GateStanding, now: number): VendorTrouble | undefined {
  const [breaker] = breakers.filter(({ state, until }) => state === "half_open" || (state === "open" && until > now));
  const limited = quotas.flatMap(({ name, used, windowStart, left, leftUntil }) => {
    if (leftUntil > now && left <= 0) return [{ name, until: leftUntil }];
    const limit = vendor.limits.find(({ scope, align }) => scope === name && align);
    if (limit === undefined) return [];
    const until = windowStart + limit.windowS * SECOND_MS;
    return until > now && used >= Math.floor(limit.n / REGIONS.length) ? [{ name, until }] : [];
  });
  if (breaker === undefined && limited.length === 0) return undefined;
  const until = Math.max(...limited.map((one) => one.until), breaker?.until ?? 0, now);
  return {
    vendor: vendor.id,
    region,
    breaker: breaker?.state ?? "closed",
    limited: limited.map(({ name }) => name),
    until: new Date(until).toISOString(),
  };
}
