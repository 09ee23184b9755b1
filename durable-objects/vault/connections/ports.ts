import type { DirectoryKeys } from "../../../shared/crypto/keys";
import { directoryKeys, regionalKeys } from "../../../shared/crypto/keys";
import type { LiveVendor } from "../../../shared/vendors/vendor";
import { gateDoor, storesOf } from "../../doors";
import type { VaultState } from "../state";
import { type Fetch, VendorClient } from "./client";
import { PersonKey } from "./person-key";
import type { QuotaGate } from "./quota";
import { Quota } from "./quota";

/** What connections need from outside the vault. */
export interface ConnectionPorts {
  readonly key: PersonKey;
  readonly directory: DirectoryKeys;
  client(vendor: LiveVendor): VendorClient;
  /** `account` is opaque: a keyed hash, or a connection's id. */
  quota(vendor: LiveVendor, account: string): Quota;
}

const CONFIGURED = new Set([
  "GOOGLE_HEALTH_BASE",
  "GOOGLE_AUTH_BASE",
  "GOOGLE_TOKEN_BASE",
  "GOOGLE_CLIENT_ID",
  "GOOGLE_CLIENT_SECRET",
] as const);
type Configured = typeof CONFIGURED extends Set<infer Name> ? Name : never;

/** The ports of a vault. */
export function connectionPorts(state: VaultState): ConnectionPorts {
  const { env, region, person, now, random } = state;
  const stores = storesOf(env, region);
  const fetchVendor: Fetch = (url, init) => fetch(url, init);
  const gate = (name: string): QuotaGate => {
    const stub = gateDoor(env, region, name);
    return {
      take: (limits, at) => stub.take(limits, at),
      enter: (breaker, policy, at) => stub.enter(breaker, policy, at),
      report: (breaker, policy, succeeded, at) => stub.report(breaker, policy, succeeded, at),
      learn: (limit, learned) => stub.learn(limit, learned),
    };
  };
  return {
    key: new PersonKey(stores.files, regionalKeys(stores.keys), person, random),
    directory: directoryKeys(env.DIRECTORY_KEYS),
    client: (vendor) => new VendorClient(vendor, accessOf(env, vendor), fetchVendor, now),
    quota: (vendor, account) => new Quota(vendor, gate(`vendor:${vendor.id}`), gate(`vendor-account:${account}`), now),
  };
}

/** A vendor's configuration; throws where the descriptor names a value that does not exist. */
function accessOf(env: Env, { auth }: LiveVendor) {
  const value = (name: string): string => {
    if (!isConfigured(name)) throw new TypeError("the vendor names an unknown configuration value");
    return env[name];
  };
  return {
    authorize: value(auth.hosts.authorize),
    token: value(auth.hosts.token),
    api: value(auth.hosts.api),
    clientId: value(auth.clientId),
    clientSecret: value(auth.clientSecret),
  };
}

function isConfigured(name: string): name is Configured {
  return (CONFIGURED as ReadonlySet<string>).has(name);
}
