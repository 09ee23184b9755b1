import type { Vault } from "../../durable-objects/vault/vault";
import type { Clock } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { type DirectoryKeys, directoryKeys, type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type AppContext, personOf } from "../../shared/http/app-env";
import { type PersonId, type RandomBytes, regionOf, systemRandom } from "../../shared/id";
import type { Region } from "../../shared/region";
import { ownCredentials, ownHookSecret } from "../../shared/vendors/access";
import type { HookSecrets, VendorModule } from "../../shared/vendors/vendor";
import { regional, vaultOf } from "../regional";
import { type KeysetPorts, verifyWithKeyset } from "./keyset";

export type VaultStub = DurableObjectStub<Vault>;

/** What connecting and disconnecting need from outside. */
export interface ConnectPorts {
  readonly now: Clock;
  readonly random: RandomBytes;
  /** Public origin of the API; callbacks come back to it. */
  readonly origin: string;
  /** Origins a browser may be sent back to. */
  readonly returnOrigins: readonly string[];
  readonly directory: D1Database;
  records(region: Region): D1Database;
  vault(person: PersonId): VaultStub;
}

/** What a signed-in person's own reads and syncs need. */
export interface OwnPorts {
  readonly actor: PersonActor;
  readonly vault: VaultStub;
  readonly keys: RegionalKeys;
  readonly queue: Queue;
}

export function connectPorts(c: AppContext): ConnectPorts {
  return {
    now: c.get("now"),
    random: systemRandom,
    origin: c.env.ORIGIN,
    returnOrigins: c.env.CORS_ORIGINS.split(/\s+/).filter((origin) => origin !== ""),
    directory: c.env.DIRECTORY,
    records: (region) => regional(c.env, region).records,
    vault: (person) => vaultOf(c.env, person),
  };
}

export function ownPorts(c: AppContext): OwnPorts {
  const actor = personOf(c);
  const { keys, sync } = regional(c.env, regionOf(actor.person));
  return { actor, vault: vaultOf(c.env, actor.person), keys: regionalKeys(keys), queue: sync };
}

/** An account at a vendor whose webhooks come here. */
export type HookAccount = Omit<HookSecrets, "verifyTink">;

/** What the receiver of webhooks needs from outside. */
export interface HookPorts extends Pick<HookSecrets, "verifyTink"> {
  readonly directory: D1Database;
  readonly directoryKeys: DirectoryKeys;
  /** The accounts that we have at a vendor. */
  accounts(module: VendorModule): readonly HookAccount[];
  queue(region: Region): Queue;
  vault(person: PersonId): Pick<VaultStub, "takeInline">;
}

const KEYSET_TIMEOUT_MS = 5_000;

export function hookPorts(c: AppContext): HookPorts {
  const { env } = c;
  const keys: KeysetPorts = {
    now: c.get("now"),
    fetch: (url) => fetch(url, { redirect: "manual", signal: AbortSignal.timeout(KEYSET_TIMEOUT_MS) }),
    keysetUrl: env.GOOGLE_KEYSET_URL,
  };
  return {
    verifyTink: (signature, bytes) => verifyWithKeyset(keys, signature, bytes),
    directory: env.DIRECTORY,
    directoryKeys: directoryKeys(env.DIRECTORY_KEYS),
    accounts({ vendor }) {
      const credentials = ownCredentials(env, vendor.id);
      const pathSecret = ownHookSecret(env, vendor.id);
      if (credentials === undefined || pathSecret === undefined) return [];
      return [{ credentials, pathSecret, subscriptionSecrets: [], subscriptionIds: [] }];
    },
    queue: (region) => regional(env, region).sync,
    vault: (person) => vaultOf(env, person),
  };
}
