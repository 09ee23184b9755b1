import { type DirectoryKeys, directoryKeys, regionalKeys } from "../../../shared/crypto/keys";
import { type ConnectionId, regionOf } from "../../../shared/id";
import { problem } from "../../../shared/problem";
import { accessTo, hookUrl, limitsOf, ownHookSecret, type VendorAccess } from "../../../shared/vendors/access";
import type { OwnAccount } from "../../../shared/vendors/own-account";
import type { PushedPointer } from "../../../shared/vendors/pointer";
import { hookGate } from "../../../shared/vendors/push";
import type { LiveVendor, VendorModule } from "../../../shared/vendors/vendor";
import { gateDoor, storesOf } from "../../doors";
import type { WaitingPush } from "../../gate/pushes";
import type { VaultState } from "../state";
import { type Fetch, VendorClient } from "../../../shared/vendors/client";
import { PersonKey } from "./person-key";
import type { QuotaGate } from "./quota";
import { Quota } from "./quota";

/** What connections need from outside the vault. */
export interface ConnectionPorts {
  readonly key: PersonKey;
  readonly directory: DirectoryKeys;
  /** Who calls the vendor: an organisation through its own account, or where there is none Meridian. */
  client(module: VendorModule, own?: OwnAccount): VendorClient;
  /** Where the vendor's webhooks for an account go. */
  hookUrl(vendor: LiveVendor, own?: OwnAccount): string;
  /** `account` is opaque: a keyed hash, or a connection's id. `credential`: vendors count every account of theirs for itself. */
  quota(vendor: LiveVendor, account: string, credential?: string): Quota;
  /** The gate where what a pointer names waits. */
  pushGate(from: PushedPointer): PushGate;
}

/** Where data that vendors sent wait: see `Gate`. */
export interface PushGate {
  waitingPushes(connection: ConnectionId, after: number, letters: number, only?: readonly number[]): Promise<readonly WaitingPush[]>;
  donePushes(ids: readonly number[]): Promise<void>;
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
    client: (module, own) => new VendorClient(module, accessOf(env, module.vendor, own), fetchVendor, now),
    hookUrl: (vendor, own) => hookUrl(env.ORIGIN, vendor.id, own?.pathSecret ?? ownHookSecret(env, vendor.id) ?? ""),
    pushGate: ({ person: of, vendor }) => gateDoor(env, regionOf(of), hookGate(regionOf(of), vendor)),
    quota: (vendor, account, credential) => {
      const of = credential === undefined ? "" : `:${credential}`;
      const limits = credential === undefined ? limitsOf(env, vendor) : vendor.limits;
      return new Quota({ ...vendor, limits }, gate(`vendor:${vendor.id}${of}`), gate(`vendor-account:${account}${of}`), now);
    },
  };
}

/** Throws the problem `unavailable` where the deployment has no account at the vendor. */
function accessOf(env: Env, vendor: LiveVendor, own?: OwnAccount): VendorAccess {
  const access = accessTo(env, vendor, own);
  if (access === undefined) throw problem("unavailable", "This vendor is not set up here.");
  return access;
}
