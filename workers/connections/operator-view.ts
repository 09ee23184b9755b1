import { directoryKeys } from "../../shared/crypto/keys";
import { REGIONS } from "../../shared/region";
import { ownCredentials } from "../../shared/vendors/access";
import { VENDOR_MODULES } from "../../shared/vendors/vendors";
import { gateOf } from "../regional";
import type { operatorViewSchema } from "./schemas";
import { keptSubscriptions } from "./subscriptions";
import type * as z from "zod";

/**
 * How every vendor stands: whether this deployment has an account there, its breaker and limits in each region, and our subscriptions.
 * Nothing of anybody. One call to each region's gate of each vendor with an account.
 */
export async function operatorView(env: Env): Promise<z.infer<typeof operatorViewSchema>> {
  const keys = directoryKeys(env.DIRECTORY_KEYS);
  const items = await Promise.all(
    VENDOR_MODULES.map(async ({ vendor, subscriptions }) => {
      const { id, limits } = vendor;
      const offered = ownCredentials(env, id) !== undefined;
      const regions = offered
        ? await Promise.all(
            REGIONS.map(async (region) => {
              const { breakers, quotas } = await gateOf(env, region, `vendor:${id}`).standing();
              const [breaker] = breakers;
              return {
                region,
                breaker: breaker?.state ?? ("closed" as const),
                breakerUntil: breaker === undefined || breaker.until === 0 ? null : new Date(breaker.until).toISOString(),
                limits: quotas.map(({ name, used, left, leftUntil }) => ({
                  name,
                  used,
                  left: leftUntil === 0 ? null : left,
                  leftUntil: leftUntil === 0 ? null : new Date(leftUntil).toISOString(),
                })),
              };
            }),
          )
        : [];
      const kept = subscriptions === undefined ? [] : await keptSubscriptions(env.DIRECTORY, keys, { vendor: id, credential: undefined });
      return {
        id,
        offered,
        limits: limits.map(({ scope, n, windowS }) => ({ scope, n, windowS })),
        regions,
        subscriptions: kept.map(({ topic, expiresAt, checkedAt }) => ({
          topic,
          expiresAt: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
          checkedAt: new Date(checkedAt).toISOString(),
        })),
      };
    }),
  );
  return { items, next: null };
}
