/** Everything the running simulator remembers. The people's data is not here: it is computed. */
import { randomBytes } from "node:crypto";
import type { Fault } from "../control/faults.ts";
import { KNOWN_NAMES, makePerson } from "../person.ts";
import type { Person } from "../person.ts";
import type { SigningKey } from "../webhooks/signing.ts";
import { signingKey } from "../webhooks/signing.ts";
import type { Delivery } from "../webhooks/delivery.ts";
import type { Subscriber } from "../webhooks/subscribers.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { VendorStore } from "../vendors/vendor.ts";
import { makeClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import { settingsOf } from "./options.ts";
import type { Settings, SimulatorOptions } from "./options.ts";
import type { Overlay } from "./overlay.ts";
import type { LogEntry } from "./request-log.ts";

export interface PendingCode {
  clientId: string;
  redirectUri: string;
  person: string;
  scopes: string[];
  challenge?: string;
  offline: boolean;
  /** The person was asked to consent again. */
  reconsent: boolean;
  /** The token covers earlier consents too. */
  includeGranted: boolean;
  expiresAtMs: number;
}
/** One person's consent to one client. */
export interface Grant {
  id: string;
  clientId: string;
  person: string;
  scopes: Set<string>;
}
export interface State {
  settings: Settings;
  clock: Clock;
  people: Map<string, Person>;
  codes: Map<string, PendingCode>;
  grants: Map<string, Grant>;
  revokedGrants: Set<string>;
  /** Access tokens issued up to this order number are dead, by person. */
  expiredUpTo: Map<string, number>;
  overlays: Map<string, Overlay>;
  /** Everything measured up to here has been synced, whatever its usual delay, by person. */
  syncedUpTo: Map<string, number>;
  keys: SigningKey[];
  subscribers: Map<string, Subscriber>;
  deliveries: Delivery[];
  timers: Set<NodeJS.Timeout>;
  faults: Fault[];
  log: LogEntry[];
  counters: Map<string, number>;
  /** Wall-clock times of the last minute's API calls, by person. */
  calls: Map<string, number[]>;
  /** What the vendors beside Google remember. */
  vendors: Map<string, VendorStore>;
  /** People whose measurements are decided beforehand. */
  ledgers: Map<string, Ledger>;
}

/** A fresh state for the given options. */
export function makeState(options: SimulatorOptions): State {
  const settings = settingsOf(options);
  const startMs = settings.now === undefined ? undefined : Date.parse(settings.now);
  if (startMs !== undefined && Number.isNaN(startMs)) throw new Error(`not an instant: ${settings.now}`);
  const state: State = {
    settings,
    clock: makeClock(startMs, settings.frozen),
    people: new Map(),
    codes: new Map(),
    grants: new Map(),
    revokedGrants: new Set(),
    expiredUpTo: new Map(),
    overlays: new Map(),
    syncedUpTo: new Map(),
    keys: [signingKey(settings.seed, 0)],
    subscribers: new Map(),
    deliveries: [],
    timers: new Set(),
    faults: [],
    log: [],
    counters: new Map(),
    calls: new Map(),
    vendors: new Map(),
    ledgers: new Map(),
  };
  for (const name of KNOWN_NAMES) personOf(state, name);
  return state;
}

/** Back to the state after start: same settings, same clock start, nothing remembered. */
export function resetState(state: State, options: SimulatorOptions): void {
  for (const timer of state.timers) clearTimeout(timer);
  Object.assign(state, makeState(options));
}

/** The person of a name; unknown names become new people. */
export function personOf(state: State, name: string): Person {
  let person = state.people.get(name);
  if (!person) {
    person = makePerson(state.settings.seed, name);
    state.people.set(name, person);
  }
  return person;
}

/** Finds a person by name or health user id, among those seen so far. */
export function findPerson(state: State, nameOrId: string): Person | undefined {
  return state.people.get(nameOrId) ?? [...state.people.values()].find((person) => person.healthUserId === nameOrId);
}

/** An unguessable id. */
export function randomId(bytes = 18): string {
  return randomBytes(bytes).toString("base64url");
}
