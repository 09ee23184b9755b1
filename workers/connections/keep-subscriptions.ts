import { DAY_MS, HOUR_MS } from "../../shared/clock";
import { type DirectoryKeys, directoryKeys } from "../../shared/crypto/keys";
import { REGIONS } from "../../shared/region";
import { accessTo, hookUrl, ownHookSecret, type VendorAccess } from "../../shared/vendors/access";
import { VendorClient } from "../../shared/vendors/client";
import type { Subscription, VendorCredentials, VendorModule, VendorRequest, VendorSubscriptions } from "../../shared/vendors/vendor";
import { VENDOR_MODULES } from "../../shared/vendors/vendors";
import { ACCOUNT_COLUMNS, accountById, type AccountRow, credentialIn, openAccount, ownAccountStores } from "./own-accounts";
import { dropSubscriptions, keepSubscription, keptSubscriptions } from "./subscriptions";

/** A vendor is asked so often whether it still has our subscriptions. */
const CHECK_EVERY_MS = 6 * HOUR_MS;
/** A subscription is renewed when it would end within this. */
const RENEW_BEFORE_MS = 7 * DAY_MS;

/** Accounts of organisations of one region and tick, those first that waited longest. */
const MOST_ACCOUNTS = 50;

export interface SubscriptionPorts {
  readonly directory: D1Database;
  readonly keys: DirectoryKeys;
  readonly credentials: VendorCredentials;
  /** The organisation's account that they belong to; Meridian's own where left out. */
  readonly credential?: string | undefined;
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
  const of = { vendor, credential: ports.credential };
  const kept = new Map((await keptSubscriptions(ports.directory, ports.keys, of)).map((one) => [one.topic, one]));
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
      await keepSubscription(ports.directory, ports.keys, of, own, now);
      continue;
    }
    changes++;
    if (isUsable && subscriptions.renew !== undefined) {
      const renewed = await ports.call(subscriptions.renew(credentials, own));
      const next = renewed === undefined ? undefined : subscriptions.readCreated(renewed, key, url);
      if (next !== undefined) await keepSubscription(ports.directory, ports.keys, of, next, now);
      continue;
    }
    // Ours under an old secret, or switched off: the vendor takes one of a kind.
    for (const old of present.filter((one) => one.key === key && isOurs(one, url)))
      await ports.call(subscriptions.remove(credentials, old));
    const created = await ports.call(subscriptions.create(credentials, key, url, token));
    const next = created === undefined ? undefined : subscriptions.readCreated(created, key, url);
    if (next !== undefined) await keepSubscription(ports.directory, ports.keys, of, next, now);
  }
  return changes;
}

/** Whether a subscription leads to this deployment, whatever its secret. */
function isOurs({ url }: Subscription, own: string): boolean {
  return URL.canParse(url) && url.startsWith(own.slice(0, own.lastIndexOf("/") + 1));
}

/** The subscriptions of every account at every vendor that takes them by API: this deployment's, and those of organisations; for the clock. */
export async function keepAllSubscriptions(env: Env, now: number): Promise<number> {
  const modules = VENDOR_MODULES.flatMap((module) =>
    module.subscriptions === undefined ? [] : [{ ...module, subscriptions: module.subscriptions }],
  );
  const counts = await Promise.allSettled([
    ...modules.map(async (module) => {
      // Nobody is connected through this deployment's account there: its events would be nobody's, and take the place of others'.
      if (module.vendor.policy.byoRequired) return 0;
      const access = accessTo(env, module.vendor);
      const token = ownHookSecret(env, module.vendor.id);
      return access === undefined || token === undefined ? 0 : await keepOf(env, module, access, token, undefined, now);
    }),
    ...REGIONS.map(async (region) => await keepOwnSubscriptions(env, region, modules, now)),
  ]);
  const failed = counts.find((one) => one.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return counts.reduce((sum, one) => sum + (one.status === "fulfilled" ? one.value : 0), 0);
}

type Subscribing = VendorModule & { readonly subscriptions: VendorSubscriptions };

/** Accounts of organisations at vendors whose subscriptions have waited longest. */
export const SUBSCRIBING = `select ${ACCOUNT_COLUMNS} from vendor_credentials where vendor = ?1 and removed_at is null order by subscriptions_at limit ?2`;

/** Those of a region's organisations. An account that fails is in nobody's way: it was put at the end before it was tried. */
async function keepOwnSubscriptions(
  env: Env,
  region: (typeof REGIONS)[number],
  modules: readonly Subscribing[],
  now: number,
): Promise<number> {
  const { records, keys } = ownAccountStores(env)(region);
  let changes = 0;
  for (const module of modules) {
    const { results } = await records.prepare(SUBSCRIBING).bind(module.vendor.id, MOST_ACCOUNTS).all<AccountRow>();
    if (results.length === 0) continue;
    await records
      .prepare("update vendor_credentials set subscriptions_at = ? where id in (select value from json_each(?))")
      .bind(now, JSON.stringify(results.map(({ id }) => id)))
      .run();
    const counts = await Promise.allSettled(
      results.map(async (row) => {
        const own = await openAccount(keys, row);
        const access = accessTo(env, module.vendor, own);
        return access === undefined ? 0 : await keepOf(env, module, access, own.pathSecret, row.id, now);
      }),
    );
    changes += counts.reduce((sum, one) => sum + (one.status === "fulfilled" ? one.value : 0), 0);
  }
  return changes;
}

async function keepOf(
  env: Env,
  module: Subscribing,
  access: VendorAccess,
  token: string,
  credential: string | undefined,
  now: number,
): Promise<number> {
  const url = hookUrl(env.ORIGIN, module.vendor.id, token);
  const call = caller(module, access, now);
  const keys = directoryKeys(env.DIRECTORY_KEYS);
  return await keepSubscriptions(
    { directory: env.DIRECTORY, keys, credentials: access.credentials, credential, token, url, call },
    module,
    now,
  );
}

/** Ends the subscriptions of an organisation's account before it is removed, as far as the vendor answers, and forgets them. */
export async function endSubscriptions(env: Env, module: VendorModule, credential: string, now: number): Promise<void> {
  const { vendor, subscriptions } = module;
  if (subscriptions === undefined) return;
  const found = await accountById(ownAccountStores(env), credentialIn(credential)).catch(() => undefined);
  const access = found === undefined ? undefined : accessTo(env, vendor, found.own);
  if (found !== undefined && access !== undefined) {
    const call = caller(module, access, now);
    const url = hookUrl(env.ORIGIN, vendor.id, found.own.pathSecret);
    const reply = await call(subscriptions.list(access.credentials));
    const present = reply === undefined ? [] : subscriptions.readList(reply);
    for (const one of present.filter((each) => each.url === url)) await call(subscriptions.remove(access.credentials, one));
  }
  await dropSubscriptions(env.DIRECTORY, { vendor: vendor.id, credential });
}

function caller(module: VendorModule, access: VendorAccess, now: number): SubscriptionPorts["call"] {
  const client = new VendorClient(
    module,
    access,
    (url, init) => fetch(url, init),
    () => now,
  );
  return async (request) => {
    const reply = await client.call({ ...request, auth: "none" }, "");
    return reply.kind === "ok" ? (reply.body ?? {}) : undefined;
  };
}
