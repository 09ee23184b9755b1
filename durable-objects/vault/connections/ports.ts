import { type DirectoryKeys, directoryKeys, regionalKeys } from "../../../shared/crypto/keys";
import { problem } from "../../../shared/problem";
import { hookUrl, hostsOf, ownCredentials, ownHookSecret, type VendorAccess } from "../../../shared/vendors/access";
import type { LiveVendor, VendorModule } from "../../../shared/vendors/vendor";
import { gateDoor, storesOf } from "../../doors";
import type { VaultState } from "../state";
import { type Fetch, VendorClient } from "../../../shared/vendors/client";
import { PersonKey } from "./person-key";
import type { QuotaGate } from "./quota";
import { Quota } from "./quota";

/** What connections need from outside the vault. */
export interface ConnectionPorts {
  readonly key: PersonKey;
  readonly directory: DirectoryKeys;
  client(module: VendorModule): VendorClient;
  /** Where the vendor's webhooks go. */
  hookUrl(vendor: LiveVendor): string;
  /** `account` is opaque: a keyed hash, or a connection's id. */
  quota(vendor: LiveVendor, account: string): Quota;
}

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
      isBroken: (breaker) => stub.isBroken(breaker),
    };
  };
  return {
    key: new PersonKey(stores.files, regionalKeys(stores.keys), person, random),
    directory: directoryKeys(env.DIRECTORY_KEYS),
    client: (module) => new VendorClient(module, accessOf(env, module.vendor), fetchVendor, now),
    hookUrl: (vendor) => hookUrl(env.ORIGIN, vendor.id, ownHookSecret(env, vendor.id) ?? ""),
    quota: (vendor, account) => new Quota(vendor, gate(`vendor:${vendor.id}`), gate(`vendor-account:${account}`), now),
  };
}

/** Throws the problem `unavailable` where the deployment has no account at the vendor. */
function accessOf(env: Env, vendor: LiveVendor): VendorAccess {
  const credentials = ownCredentials(env, vendor.id);
  if (credentials === undefined) throw problem("unavailable", "This vendor is not set up here.");
  return { hosts: hostsOf(env, vendor), credentials };
}
