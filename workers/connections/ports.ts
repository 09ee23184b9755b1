import type { Arrival } from "../../durable-objects/gate/inbox";
import type { Vault } from "../../durable-objects/vault/vault";
import { type Clock, MINUTE_MS } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { type DirectoryKeys, directoryKeys, type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type AppContext, personOf } from "../../shared/http/app-env";
import type { ReturnEnv } from "../../shared/http/return-address";
import { type PersonId, type RandomBytes, regionOf, systemRandom } from "../../shared/id";
import type { Region } from "../../shared/region";
import { SingleFlight } from "../../shared/news";
import { Together } from "../../shared/together";
import { hookGate } from "../../shared/vendors/push";
import { accessTo, ownCredentials, ownHookSecret } from "../../shared/vendors/access";
import { liveVendor } from "../../shared/vendors/vendors";
import { credentialOfPath } from "../../shared/vendors/own-account";
import type { HookSecrets, VendorModule } from "../../shared/vendors/vendor";
import { gateOf, regional, vaultOf } from "../regional";
import { type KeysetPorts, verifyWithKeyset } from "./keyset";
import { partnerPorts } from "../partners";
import { endSubscriptions } from "./keep-subscriptions";
import type { ManagePorts } from "./manage-own-accounts";
import { findConnections, type Registered } from "./register-connection";
import { accountById, type OwnAccountStores, ownAccountStores } from "./own-accounts";
import { keptSubscriptions, type Subscriber } from "./subscriptions";
import { tellConnections, tellPorts } from "./tell-connections";

export type VaultStub = DurableObjectStub<Vault>;

/** What connecting and disconnecting need from outside. */
export interface ConnectPorts {
  readonly now: Clock;
  readonly random: RandomBytes;
  /** Public origin of the API; callbacks come back to it. */
  readonly origin: string;
  /** Where a browser may be sent back to. */
  readonly returns: ReturnEnv;
  readonly directory: D1Database;
  records(region: Region): D1Database;
  /** Where organisations' accounts at vendors lie. */
  readonly stores: OwnAccountStores;
  vault(person: PersonId): VaultStub;
  /** Whether this deployment has an account at a vendor. */
  isOffered(vendor: string): boolean;
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
    returns: c.env,
    isOffered: (vendor) => accessTo(c.env, liveVendor(vendor).vendor) !== undefined,
    directory: c.env.DIRECTORY,
    records: (region) => regional(c.env, region).records,
    stores: ownAccountStores(c.env),
    vault: (person) => vaultOf(c.env, person),
  };
}

export function ownPorts(c: AppContext): OwnPorts {
  const actor = personOf(c);
  const { keys, sync } = regional(c.env, regionOf(actor.person));
  return { actor, vault: vaultOf(c.env, actor.person), keys: regionalKeys(keys), queue: sync };
}

/** What managers of an organisation's accounts at vendors need. */
export function managePorts(c: AppContext): ManagePorts {
  const partner = partnerPorts(c);
  return {
    partner,
    origin: c.env.ORIGIN,
    tell: async (credential) => void (await tellConnections(tellPorts(c.env, partner.region), credential)),
    endSubscriptions: async (module, credential) => await endSubscriptions(c.env, module, credential, partner.now()),
  };
}

/** An account at a vendor whose webhooks come here: an organisation's, or Meridian's own where `credential` is null. */
export interface HookAccount extends Omit<HookSecrets, "verifyTink"> {
  readonly credential: string | null;
}

/** What the receiver of webhooks needs from outside. */
export interface HookPorts extends Pick<HookSecrets, "verifyTink"> {
  readonly now: Clock;
  readonly directoryKeys: DirectoryKeys;
  /** The connections of accounts, by their hashes, through an organisation's account or Meridian's own. */
  find(hashes: readonly string[], credential: string | null): Promise<readonly Registered[]>;
  /** The accounts at a vendor that a path's secret may belong to; one whose secret was just rotated comes twice, as it is now first. */
  accounts(module: VendorModule, secret: string): Promise<readonly HookAccount[]>;
  /** Keeps what a vendor's webhooks told in a region, and sends it to the region's queue. */
  inbox(region: Region, vendor: string): { accept(arrival: Arrival): Promise<unknown> };
  vault(person: PersonId): Pick<VaultStub, "takeInline">;
}

/** Pointers that go to a gate in one call, and letters of what was pushed that weigh as much as one of them. */
const POINTERS_AT_ONCE = 2_000;
const LETTERS_LIKE_A_POINTER = 1_000;

/** Hashes that are looked up by one statement. */
const HASHES_AT_ONCE = 1_000;

const lookUps = new Together<readonly string[], readonly Registered[]>(HASHES_AT_ONCE, (hashes) => hashes.length);
const arrivals = new Together<Arrival, boolean>(POINTERS_AT_ONCE, ({ pointers, pushes = [] }) =>
  pushes.reduce((weight, { parts }) => weight + 1 + parts.length / LETTERS_LIKE_A_POINTER, pointers.length),
);

/** What each asked for, of one statement for all of them. */
async function findAll(
  directory: D1Database,
  asked: readonly (readonly string[])[],
  credential: string | null,
): Promise<readonly (readonly Registered[])[]> {
  const byHash = Map.groupBy(await findConnections(directory, [...new Set(asked.flat())], credential), ({ hash }) => hash);
  return asked.map((hashes) => hashes.flatMap((hash) => byHash.get(hash) ?? []));
}

type Subscribed = Pick<HookSecrets, "subscriptionSecrets" | "subscriptionIds">;

/** Subscriptions change when the clock keeps them: an isolate may believe for a minute what it has read. */
const SUBSCRIBED_FOR_MS = MINUTE_MS;
const subscriptionsKnown = new Map<string, { readonly until: number; readonly value: Subscribed }>();
const readingSubscriptions = new SingleFlight<Subscribed>();

async function subscribed(
  env: Env,
  { vendor, subscriptions }: VendorModule,
  credential: string | undefined,
  now: number,
  later: (work: Promise<unknown>) => void,
): Promise<Subscribed> {
  if (subscriptions === undefined) return { subscriptionSecrets: [], subscriptionIds: [] };
  const of: Subscriber = { vendor: vendor.id, credential };
  const name = `${vendor.id} ${credential ?? ""}`;
  const known = subscriptionsKnown.get(name);
  if (known !== undefined && known.until > now) return known.value;
  const read = async (): Promise<Subscribed> => {
    const kept = await keptSubscriptions(env.DIRECTORY, directoryKeys(env.DIRECTORY_KEYS), of);
    const subscriptionSecrets = kept.flatMap(({ secret }) => (secret === undefined ? [] : [secret]));
    return { subscriptionSecrets, subscriptionIds: kept.map(({ id }) => id) };
  };
  const value = await readingSubscriptions.get(name, read, later);
  // The first subscription must be known as soon as it is kept.
  if (value.subscriptionIds.length > 0) subscriptionsKnown.set(name, { until: now + SUBSCRIBED_FOR_MS, value });
  return value;
}

const KEYSET_TIMEOUT_MS = 5_000;

export function hookPorts(c: AppContext): HookPorts {
  const { env } = c;
  const later = (work: Promise<unknown>): void => c.executionCtx.waitUntil(work);
  const keys: KeysetPorts = {
    later,
    now: c.get("now"),
    fetch: (url) => fetch(url, { redirect: "manual", signal: AbortSignal.timeout(KEYSET_TIMEOUT_MS) }),
    keysetUrl: env.GOOGLE_KEYSET_URL,
  };
  return {
    now: c.get("now"),
    verifyTink: (signature, bytes) => verifyWithKeyset(keys, signature, bytes),
    directoryKeys: directoryKeys(env.DIRECTORY_KEYS),
    find: (hashes, credential) => lookUps.add(credential ?? "", hashes, (all) => findAll(env.DIRECTORY, all, credential), later),
    async accounts(module, secret) {
      const now = c.get("now")();
      const named = credentialOfPath(secret);
      if (named !== undefined) {
        const found = await accountById(ownAccountStores(env), named);
        if (found?.vendor !== module.vendor.id) return [];
        const { own, before } = found;
        const { clientId, clientSecret, more, pathSecret } = own;
        const rest = { credential: named, pathSecret, ...(await subscribed(env, module, named, now, later)) };
        const account = { ...rest, credentials: { clientId, clientSecret, more } };
        if (before === undefined || before.until <= now) return [account];
        return [account, { ...rest, credentials: { clientId, clientSecret: before.clientSecret, more: before.more } }];
      }
      const credentials = ownCredentials(env, module.vendor.id);
      const pathSecret = ownHookSecret(env, module.vendor.id);
      if (credentials === undefined || pathSecret === undefined) return [];
      return [{ credential: null, credentials, pathSecret, ...(await subscribed(env, module, undefined, now, later)) }];
    },
    inbox(region, vendor) {
      const gate = hookGate(region, vendor);
      return { accept: (arrival) => arrivals.add(gate, arrival, (all) => gateOf(env, region, gate).receive(all), later) };
    },
    vault: (person) => vaultOf(env, person),
  };
}
