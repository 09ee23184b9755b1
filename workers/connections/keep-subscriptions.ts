import { DAY_MS, HOUR_MS } from "../../shared/clock";
import { type DirectoryKeys, directoryKeys } from "../../shared/crypto/keys";
import { hookUrl, hostsOf, ownCredentials, ownHookSecret } from "../../shared/vendors/access";
import { VendorClient } from "../../shared/vendors/client";
import type { Subscription, VendorCredentials, VendorModule, VendorRequest, VendorSubscriptions } from "../../shared/vendors/vendor";
import { VENDOR_MODULES } from "../../shared/vendors/vendors";
import { keepSubscription, keptSubscriptions } from "./subscriptions";

/** A vendor is asked so often whether it still has our subscriptions. */
const CHECK_EVERY_MS = 6 * HOUR_MS;
/** A subscription is renewed when it would end within this. */
const RENEW_BEFORE_MS = 7 * DAY_MS;

export interface SubscriptionPorts {
  readonly directory: D1Database;
  readonly keys: DirectoryKeys;
  readonly credentials: VendorCredentials;
  /** Secret of the path, which the vendor repeats in challenges. */
  readonly token: string;
  /** Where the vendor's webhooks go. */
  readonly url: string;
  /** One call with our own credentials inside; undefined where the vendor did not accept it. */
  call(request: VendorRequest): Promise<unknown>;
}

/**
 * Makes the vendor have exactly the subscriptions that we want: creates those that are missing, renews those that end, replaces those that
 * the vendor has switched off, that lead elsewhere, or whose secret we do not have. Idempotent; what fails is tried again at the next
 * run. Returns how many calls changed something.
 */
export async function keepSubscriptions(
  ports: SubscriptionPorts,
  { vendor: { id: vendor }, subscriptions }: { readonly vendor: { readonly id: string }; readonly subscriptions: VendorSubscriptions },
  now: number,
): Promise<number> {
  const kept = new Map((await keptSubscriptions(ports.directory, ports.keys, vendor)).map((one) => [one.topic, one]));
  // A secret whose key has been retired cannot be read: the subscription is made again.
  const hasSecret = (topic: string): boolean => subscriptions.tellsSecret !== true || kept.get(topic)?.secret !== undefined;
  const isFresh = (topic: string): boolean => {
    const one = kept.get(topic);
    return (
      one !== undefined && hasSecret(topic) && now - one.checkedAt < CHECK_EVERY_MS && (one.expiresAt ?? Infinity) - now > RENEW_BEFORE_MS
    );
  };
  if (subscriptions.wanted.every(isFresh)) return 0;
  const { credentials, url, token } = ports;
  const reply = await ports.call(subscriptions.list(credentials));
  if (reply === undefined) return 0;
  const present = subscriptions.readList(reply);
  let changes = 0;
  for (const key of subscriptions.wanted) {
    const own = present.find((one) => one.key === key && one.url === url && one.inactive !== true);
    const isUsable = own !== undefined && hasSecret(key);
    if (isUsable && (own.expiresAt ?? Infinity) - now > RENEW_BEFORE_MS) {
      await keepSubscription(ports.directory, ports.keys, vendor, own, now);
      continue;
    }
    changes++;
    if (isUsable && subscriptions.renew !== undefined) {
      const renewed = await ports.call(subscriptions.renew(credentials, own));
      const next = renewed === undefined ? undefined : subscriptions.readCreated(renewed, key, url);
      if (next !== undefined) await keepSubscription(ports.directory, ports.keys, vendor, next, now);
      continue;
    }
    // Ours under an old secret, or switched off: the vendor takes one of a kind.
    for (const old of present.filter((one) => one.key === key && isOurs(one, url)))
      await ports.call(subscriptions.remove(credentials, old));
    const created = await ports.call(subscriptions.create(credentials, key, url, token));
    const next = created === undefined ? undefined : subscriptions.readCreated(created, key, url);
    if (next !== undefined) await keepSubscription(ports.directory, ports.keys, vendor, next, now);
  }
  return changes;
}

/** Whether a subscription leads to this deployment, whatever its secret. */
function isOurs({ url }: Subscription, own: string): boolean {
  return URL.canParse(url) && url.startsWith(own.slice(0, own.lastIndexOf("/") + 1));
}

/** The subscriptions at every vendor that takes them by API and at which this deployment has an account; for the clock. */
export async function keepAllSubscriptions(env: Env, now: number): Promise<number> {
  const keys = directoryKeys(env.DIRECTORY_KEYS);
  const counts = await Promise.allSettled(
    VENDOR_MODULES.map(async (module) => {
      const { subscriptions } = module;
      const credentials = ownCredentials(env, module.vendor.id);
      const token = ownHookSecret(env, module.vendor.id);
      if (subscriptions === undefined || credentials === undefined || token === undefined) return 0;
      const url = hookUrl(env.ORIGIN, module.vendor.id, token);
      const call = caller(env, module, credentials, now);
      return await keepSubscriptions(
        { directory: env.DIRECTORY, keys, credentials, token, url, call },
        { vendor: module.vendor, subscriptions },
        now,
      );
    }),
  );
  const failed = counts.find((one) => one.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return counts.reduce((sum, one) => sum + (one.status === "fulfilled" ? one.value : 0), 0);
}

function caller(env: Env, module: VendorModule, credentials: VendorCredentials, now: number): SubscriptionPorts["call"] {
  const client = new VendorClient(
    module,
    { hosts: hostsOf(env, module.vendor), credentials },
    (url, init) => fetch(url, init),
    () => now,
  );
  return async (request) => {
    const reply = await client.call({ ...request, auth: "none" }, "");
    return reply.kind === "ok" ? (reply.body ?? {}) : undefined;
  };
}
