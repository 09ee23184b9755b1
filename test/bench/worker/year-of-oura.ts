import { Connections } from "../../../durable-objects/vault/connections/connections";
import { PersonKey } from "../../../durable-objects/vault/connections/person-key";
import type { ConnectionPorts } from "../../../durable-objects/vault/connections/ports";
import { Quota, type QuotaGate } from "../../../durable-objects/vault/connections/quota";
import type { VaultState } from "../../../durable-objects/vault/state";
import { Store } from "../../../durable-objects/vault/store/store";
import { Timers } from "../../../durable-objects/vault/timers";
import { storesOf } from "../../../durable-objects/doors";
import { directoryKeys, regionalKeys } from "../../../shared/crypto/keys";
import { type PersonId, systemRandom } from "../../../shared/id";
import { VendorClient } from "../../../shared/vendors/client";
import { ouraPage } from "../vendor-pages";

const ACCESS = {
  hosts: { authorize: "https://accounts.bench", token: "https://token.bench", api: "https://api.bench" },
  credentials: { clientId: "bench", clientSecret: "bench", more: {} },
};
const WHERE = "connection = ? AND state = 'queued' LIMIT 1";
/** A year is planned as some hundred windows: more slices than this means that it hangs. */
const MOST_SLICES = 500;

/** Limits that are never used up, and a breaker that stays closed. */
const OPEN: QuotaGate = {
  take: async () => ({ allowed: true, retryAfterMs: 0 }),
  enter: async () => ({ allowed: true, retryAfterMs: 0 }),
  report: async () => undefined,
  learn: async () => undefined,
  isBroken: async () => false,
};

/** Timers that are run by hand. */
class HandTimers extends Timers {
  override set(): void {}
  override setEarliest(): void {}
}

/** What a first import came to. */
export interface Imported {
  readonly accepted: number;
  /** Addresses of the calls for data, in order. */
  readonly calls: readonly string[];
}

/**
 * Connects Oura in the storage of a vault and lets its real first import run, slice by slice as alarms do, against a ring that answers in
 * the same isolate. Everything is there but the network, the limits and those who listen.
 */
export async function importYear(storage: DurableObjectStorage, env: Env, person: PersonId): Promise<Imported> {
  const now = Date.now;
  const timers = new HandTimers(storage, now);
  const handlers = new Map<string, (id: string, attempts: number) => Promise<number | undefined>>();
  timers.on = (kind, handler) => void handlers.set(kind, handler);
  const store = new Store(storage, now, () => "UTC", timers);
  const calls: string[] = [];
  let accepted = 0;
  const answer = async (address: string): Promise<Response> => {
    const url = new URL(address);
    if (url.host === "token.bench") return Response.json({ access_token: "a", refresh_token: "r", expires_in: 86_400 });
    if (url.pathname.endsWith("/personal_info")) return Response.json({ id: "ring" });
    calls.push(address);
    return new Response(ouraPage(url), { headers: { "content-type": "application/json" } });
  };
  const { files, keys } = storesOf(env, "eu");
  const ports: ConnectionPorts = {
    key: new PersonKey(files, regionalKeys(keys), person, systemRandom),
    directory: directoryKeys(env.DIRECTORY_KEYS),
    client: (module) => new VendorClient(module, ACCESS, async (url) => await answer(url), now),
    hookUrl: (vendor) => `https://bench/hooks/${vendor.id}`,
    quota: (vendor) => new Quota(vendor, OPEN, OPEN, now),
    pushGate: () => ({ waitingPushes: async () => [], donePushes: async () => undefined }),
  };
  const state: VaultState = {
    storage,
    sql: storage.sql,
    env,
    person,
    region: "eu",
    now,
    random: systemRandom,
    timers,
    log: () => undefined,
    profile: () => ({ timeZone: "UTC", locale: "en" }),
    record(batch) {
      const receipt = store.record(batch);
      accepted += receipt.accepted;
      return receipt;
    },
    notify: () => ({ kind: "gone" }),
    readNotifications: () => undefined,
    emit: () => undefined,
    onRecorded: () => undefined,
  };
  const connections = new Connections(state, store.sources, async () => {}, ports);
  const stateHash = crypto.randomUUID();
  await connections.begin({ vendor: "oura", state: "s", stateHash, redirectUri: "https://bench/callback" });
  const { connection } = await connections.complete(stateHash, "code");
  for (let slice = 0; storage.sql.exec(`SELECT 1 FROM connection_windows WHERE ${WHERE}`, connection).toArray().length > 0; slice++) {
    if (slice > MOST_SLICES) throw new Error("the windows were not worked off");
    await handlers.get("connections")?.(connection, 0);
  }
  return { accepted, calls };
}
