import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../../shared/clock";
import { BatchBuilder } from "../../../shared/health/batch";
import { type ConnectionId, newId, parseId, type VendorCredentialId } from "../../../shared/id";
import { notFound, problem } from "../../../shared/problem";
import type { AccountHash } from "../../../shared/vendors/account";
import type { PushedPointer, SyncPointer, VaultPointer } from "../../../shared/vendors/pointer";
import { type OwnAccount, ownAccountSchema } from "../../../shared/vendors/own-account";
import type { FeedState } from "../../../shared/health/gaps";
import type { LiveVendor, Range, VendorModule } from "../../../shared/vendors/vendor";
import { liveVendor } from "../../../shared/vendors/vendors";
import { storesOf } from "../../doors";
import type { ConnectionState, ConnectionView } from "../../../shared/vendors/connection-view";
import type { Sources } from "../store/sources";
import type { VaultState } from "../state";
import { type Connection, type ConnectionEvent, ConnectionRows, LIVE_STATES } from "./connection-rows";
import { type BeginInput, type Completed, Connector } from "./connector";
import { JobRows, type SyncCounts, type SyncJob } from "./job-rows";
import {
  backfillWindows,
  catchUpWindows,
  changeWindows,
  erasedRange,
  metricsOf,
  missedWindows,
  nextDue,
  openResources,
  type PlannedWindow,
  siblings,
} from "./plan";
import { OwnAccounts } from "./own-accounts";
import { type ConnectionPorts, connectionPorts } from "./ports";
import type { Push } from "./push-rows";
import { type LabKeeper, Pushes } from "./pushes";
import { ALARM_SLICE, CREDENTIAL_REMOVED, Runner, type SliceBudget } from "./runner";
import { stateTeller, tellConnection } from "./tell";
import { TokenKeeper } from "./tokens";
import { lastData } from "./last-data";
import { type ConnectionDetail, detailOf, isStale, viewOf } from "./views";
import { WindowRows } from "./window-rows";

/** What the rest of Meridian must know of a connection, so that notifications and the clock find it. */
export interface Registration {
  readonly connection: ConnectionId;
  readonly vendor: string;
  readonly account: { readonly hash: string; readonly version: string };
  /** The organisation's account at the vendor that it goes through; null for Meridian's own. */
  readonly credential: VendorCredentialId | null;
  /** Epoch milliseconds. */
  readonly dueAt: number;
}

/**
 * `done`: the work is in the vault's own list now, with how the connection is found, for the pointers whose books are kept by it. `later`:
 * deliver again after the time. `dropped`: there is nothing to do it for.
 */
export type SyncAnswer =
  | { readonly outcome: "done"; readonly registration?: Registration }
  | { readonly outcome: "later"; readonly retryAfterS: number }
  | { readonly outcome: "dropped" };

/** What an immediate sync came to, for one connection. */
export interface SyncResult extends SyncCounts {
  readonly connection: ConnectionView;
  /** Windows that are still to be read; they follow by themselves. */
  readonly left: number;
}

/** When the nights of these records were. */
export const SPAN_OF_NIGHTS = `SELECT min(start) AS "from", max(end) AS "to" FROM sleeps
  WHERE record_id IN (SELECT value FROM json_each(?)) AND record_id <> ''`;
const TIMER = "connections";
const ANNOUNCE = "connections-announce";
const SET_UP = "connections-set-up";
const PERMISSIONS = "connections-permissions";
const ENDING = "connections-ending";
/** What is permitted is asked so often without a reason, which also keeps a grant alive that nothing else uses; and again after a failure. */
const PERMISSIONS_EVERY_MS = 7 * DAY_MS;
const PERMISSIONS_AGAIN_MS = 15 * MINUTE_MS;
/**
 * A vendor that does not take the calls that complete a connection is asked again after this, and then with the growing pauses of timers,
 * up to a quarter of an hour: so many times in all, some hours.
 */
const SET_UP_AGAIN_MS = MINUTE_MS;
const SET_UP_TRIES = 24;
const IMMEDIATE_MS = 20 * SECOND_MS;
const IMMEDIATE_PAGES = 500;
/** A list this long is worked off before it grows: the queue keeps what comes meanwhile. */
const MOST_QUEUED = 5_000;
const BACKLOG_RETRY_S = 300;
/** A backlog is looked after by the vault's alarm; the clock only asks again at least this often. */
const LONGEST_QUIET_MS = 6 * HOUR_MS;

/** What a batch of pointers has met of a connection. */
interface Met {
  /** Windows that wait, at least. */
  queued: number;
  /** The resources that are read, once somebody has asked. */
  active: ReadonlySet<string> | undefined;
  /** As it stands in its row, while nothing but plain changes have been met. */
  connection: Connection | undefined;
  /** Windows of the changes that have been met, to be planned together. */
  readonly planned: PlannedWindow[];
}

/** A person's connections to vendors. */
export class Connections {
  readonly #state: VaultState;
  readonly #rows: ConnectionRows;
  readonly #windows: WindowRows;
  readonly #jobs: JobRows;
  readonly #connector: Connector;
  readonly #runner: Runner;
  readonly #owns: OwnAccounts;
  readonly #ports: ConnectionPorts;
  readonly #sources: Pick<Sources, "ofVendor">;
  readonly #listeners: ((id: string) => void)[] = [];
  readonly #pushes: Pushes;
  #isPaused = false;

  constructor(
    state: VaultState,
    sources: Pick<Sources, "ofVendor">,
    recordLabs: LabKeeper,
    ports: ConnectionPorts = connectionPorts(state),
  ) {
    this.#state = state;
    this.#sources = sources;
    const rows = new ConnectionRows(state.sql, stateTeller(state), (id) => {
      for (const listener of this.#listeners) listener(id);
    });
    const windows = new WindowRows(state.sql);
    const jobs = new JobRows(state.sql);
    const tokens = new TokenKeeper(rows, ports.key, state.now, state.random);
    this.#rows = rows;
    this.#windows = windows;
    this.#jobs = jobs;
    this.#ports = ports;
    const owns = new OwnAccounts(rows, tokens, ports);
    this.#owns = owns;
    this.#connector = new Connector({ state, ports, rows, tokens, owns });
    const askAccount = (id: string): void => state.timers.setEarliest(ANNOUNCE, id, state.now());
    this.#runner = new Runner({ state, ports, rows, windows, jobs, tokens, owns, askAccount });
    this.#pushes = new Pushes(state, rows, {
      runner: this.#runner,
      recordLabs,
      wake: (id) => this.#wake(id),
      gate: (from) => ports.pushGate(from),
    });
    state.timers.on(TIMER, (id) => this.#alarm(id));
    state.timers.on(ANNOUNCE, (id) => this.#announce(id));
    state.timers.on(SET_UP, (id, failures) => this.#setUpAgain(id, failures));
    state.timers.on(PERMISSIONS, (id) => this.#checkPermissions(id, "token_expired"));
    state.timers.on(ENDING, (id) => this.#checkPermissions(id, "revoked_at_vendor"));
  }

  list(): ConnectionView[] {
    return this.#rows.all().map((connection) => viewOf(connection, this.#windows, this.#state.now()));
  }

  /** Every connection of the person to a vendor. Problems: `vendor_retired`, `not_found`. */
  status(vendor: string): ConnectionDetail[] {
    liveVendor(vendor);
    return this.#rows.all(vendor).map((connection) => this.#detail(connection));
  }

  /** One connection with progress, history and how far its readings go. Problem `not_found`. */
  detail(id: string): ConnectionDetail {
    return this.#detail(this.#must(id));
  }

  /** How a connection is, under the number of its last change; undefined where it is not there. */
  progress(id: string): { readonly seq: number; readonly view: ConnectionView } | undefined {
    const connection = this.#rows.get(id);
    return connection === undefined ? undefined : { seq: connection.revision, view: viewOf(connection, this.#windows, this.#state.now()) };
  }

  /** What has happened to a connection after one of its changes; undefined where that is not known any more. */
  eventsAfter(id: string, seq: number): ConnectionEvent[] | undefined {
    return this.#rows.eventsAfter(id, seq);
  }

  /** Registers somebody who is told, within the transaction, that something about a connection has changed. */
  onChanged(listener: (id: string) => void): void {
    this.#listeners.push(listener);
  }

  #detail(connection: Connection): ConnectionDetail {
    const { vendor } = liveVendor(connection.vendor);
    const metrics = Object.values(vendor.resources).flatMap(metricsOf);
    const known = lastData(this.#state.sql, metrics, this.#sources.ofVendor(vendor.source, connection.id));
    return detailOf(connection, this.#rows, this.#windows, known, this.#state.now());
  }

  select(vendor: string): ConnectionView {
    return viewOf(this.#connector.select(liveVendor(vendor).vendor), this.#windows, this.#state.now());
  }

  async begin(input: BeginInput): Promise<{ connection: ConnectionId; url: string }> {
    return await this.#connector.begin(input);
  }

  refuse(stateHash: string, error: string): { returnTo: string | undefined } {
    return this.#connector.refuse(stateHash, error);
  }

  async complete(
    stateHash: string,
    code: string,
    own?: OwnAccount,
    scope?: string,
  ): Promise<Completed & { readonly registration: Registration }> {
    const completed = await this.#connector.complete(stateHash, code, own, scope);
    const connection = this.#must(completed.connection);
    this.#planFirst(connection);
    const { timers, now } = this.#state;
    if (liveVendor(connection.vendor).connectRequests !== undefined) {
      timers.set(SET_UP, connection.id, now() + SET_UP_AGAIN_MS);
      // Some vendors give nothing before; what does not succeed now follows by itself.
      if (await this.#connector.setUp(connection)) timers.clear(SET_UP, connection.id);
    }
    timers.set(TIMER, connection.id, now());
    if (liveVendor(connection.vendor).permissions !== undefined) timers.set(PERMISSIONS, connection.id, now());
    // The caller registers the connection too; the queue makes sure of it should the caller be cut off.
    timers.set(ANNOUNCE, connection.id, now());
    return { ...completed, registration: this.#registration(connection) };
  }

  /** Ends a connection. Its readings stay unless `deleteData`. Problem `not_found`. */
  async disconnect(id: string, options: { readonly tell: boolean; readonly deleteData: boolean }): Promise<{ deleted: number }> {
    const connection = this.#must(id);
    if (options.deleteData) {
      this.#pushes.forget(id);
      this.#rows.dataRemoved(id, this.#state.now());
    }
    this.#windows.dropQueued(id);
    this.#state.timers.clear(TIMER, id);
    for (const timer of [ANNOUNCE, PERMISSIONS, ENDING]) this.#state.timers.clear(timer, id);
    await this.#connector.end(connection, options.tell);
    if (!options.deleteData) return { deleted: 0 };
    const { deleted } = this.#erase(connection, Object.keys(liveVendor(connection.vendor).vendor.resources), () => ({
      from: 0,
      to: this.#state.now() + 2 * DAY_MS,
    }));
    this.#windows.forget(id);
    return { deleted };
  }

  /** Asks nothing more of the vendor until `resume`; what its webhooks tell of meanwhile is read then. Problems `not_found`, `conflict`. */
  pauseConnection(id: string): ConnectionView {
    const connection = this.#must(id);
    if (connection.state !== "paused") {
      if (!LIVE_STATES.has(connection.state)) throw problem("conflict", "Only a connection that is being read can be paused.");
      this.#state.timers.clear(TIMER, id);
      this.#rows.setState(id, "paused", this.#state.now());
      this.#rows.addEvent(id, "paused", this.#state.now());
    }
    return viewOf(this.#must(id), this.#windows, this.#state.now());
  }

  /** Goes on where a paused connection was, with all that has happened since. Problems `not_found`, `conflict`. */
  resumeConnection(id: string): ConnectionView {
    const connection = this.#must(id);
    if (connection.state === "paused") {
      this.#rows.setState(id, "active", this.#state.now());
      this.#rows.addEvent(id, "resumed", this.#state.now());
      this.#planFirst(this.#must(id));
      this.#wake(id);
      this.#state.timers.set(ANNOUNCE, id, this.#state.now());
    } else if (!LIVE_STATES.has(connection.state)) throw problem("conflict", "Only a paused connection can be resumed.");
    return viewOf(this.#must(id), this.#windows, this.#state.now());
  }

  /** Plans again what the first import has given up, skipped or not reached yet. What has been read stays. Problems `not_found`, `conflict`. */
  startBackfill(id: string): ConnectionView {
    const connection = this.#must(id);
    if (!LIVE_STATES.has(connection.state)) throw problem("conflict", "The connection is not being read.");
    this.#planFirst(connection);
    this.#rows.addEvent(id, "backfill_started", this.#state.now());
    this.#wake(id);
    return viewOf(this.#must(id), this.#windows, this.#state.now());
  }

  /** Leaves out what the first import has not read yet; `startBackfill` plans it again. Problem `not_found`. */
  cancelBackfill(id: string): ConnectionView {
    this.#must(id);
    if (this.#windows.skipBackfill(id) > 0) this.#rows.addEvent(id, "backfill_cancelled", this.#state.now());
    return viewOf(this.#must(id), this.#windows, this.#state.now());
  }

  /** The keyed hashes of a connection's account, the current one first and kept; null where there is no account. */
  async accountHashes(id: string): Promise<readonly AccountHash[] | null> {
    const connection = this.#rows.get(id);
    return connection === undefined ? null : ((await this.#connector.rehash(connection)) ?? null);
  }

  /**
   * Renews the copy of the organisation's account that a connection goes through; `account` is JSON of it, or null where the organisation has
   * taken it back: nothing is asked then until the person agrees again. An older state than the one that is there changes nothing.
   */
  async renewAccount(id: string, credential: string, account: string | null): Promise<void> {
    const connection = this.#rows.get(id);
    if (connection?.behalf?.credential !== credential || connection.state === "revoked") return;
    if (account !== null) return await this.#owns.keep(id, ownAccountSchema.parse(JSON.parse(account)));
    this.#rows.dropSecret(id, "credential");
    if (!LIVE_STATES.has(connection.state) && connection.state !== "paused") return;
    this.#state.timers.clear(TIMER, id);
    this.#rows.setState(id, "reauth_required", this.#state.now(), CREDENTIAL_REMOVED);
    this.#rows.addEvent(id, "reauth_required", this.#state.now(), CREDENTIAL_REMOVED);
  }

  /** Ends the reading that is under way after its present page. What lets the alarm pass while the pause lasts is the vault's to do. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Goes on after a pause: with what waits, and in the index of what is due. */
  wake(): void {
    this.#isPaused = false;
    for (const { id, state } of this.#rows.all()) {
      this.#pushes.wake(id);
      if (!LIVE_STATES.has(state)) continue;
      this.#wake(id);
      this.#state.timers.set(ANNOUNCE, id, this.#state.now());
    }
  }

  /** Takes pointers from the queue: plans what they ask for and lets the alarm read it; an answer for each, in their order. */
  sync(pointers: readonly VaultPointer[]): SyncAnswer[] {
    const met = new Map<string, Met>();
    const answers = pointers.map((pointer) => {
      const { connection } = pointer;
      // Counting looks at all that waits: a storm would pay for its own length with every word.
      let about = met.get(connection);
      if (about === undefined) {
        about = { queued: this.#windows.queued(connection), active: undefined, connection: undefined, planned: [] };
        met.set(connection, about);
      }
      const answer = this.#plan(pointer, about);
      about.queued++;
      return answer;
    });
    for (const [id, about] of met) {
      this.#planMet(id, about);
      this.#wake(id);
    }
    return answers;
  }

  /** Plans what changes have asked for so far. */
  #planMet(id: string, about: Met): void {
    this.#planWindows(id, about.planned.splice(0));
  }

  #plan(pointer: VaultPointer, about: Met): SyncAnswer {
    if (pointer.kind !== "changed" || pointer.operation !== "upsert") {
      // Comes after what was told before it, and may change the connection.
      this.#planMet(pointer.connection, about);
      about.connection = undefined;
    }
    const connection = about.connection ?? this.#rows.get(pointer.connection);
    const isResting = connection !== undefined && pointer.kind === "changed" && RESTING.has(connection.state);
    if (connection === undefined || !(isResting || LIVE_STATES.has(connection.state))) {
      if (pointer.kind === "asked") this.#jobs.leave(pointer.job);
      return { outcome: "dropped" };
    }
    if (about.queued >= MOST_QUEUED) {
      if (!isResting) return { outcome: "later", retryAfterS: BACKLOG_RETRY_S };
      // Nobody works that off. What was deleted takes no room, and no list would ever show it.
      if (pointer.operation === "upsert") return { outcome: "dropped" };
    }
    switch (pointer.kind) {
      case "changed":
        // What a batch asks for changes nothing of which resources are read.
        about.active ??= this.#windows.active(connection.id);
        if (pointer.operation === "upsert") about.connection = connection;
        about.planned.push(...this.#changed(connection, pointer, about.active));
        break;
      case "due":
        // Nobody reports that nothing comes.
        if (isStale(connection, this.#state.now())) this.#rows.setState(connection.id, "stale", this.#state.now(), "nothing_read");
        this.#planDue(connection);
        break;
      case "asked":
        this.#planAsked(connection, pointer.job);
        break;
      case "connected":
      case "credential":
        break;
      case "permissions":
        if (liveVendor(connection.vendor).permissions !== undefined) this.#state.timers.set(PERMISSIONS, connection.id, this.#state.now());
        break;
      case "ended":
        if (liveVendor(connection.vendor).permissions === undefined) return this.#ended(connection);
        // A word that may be old: the person may have agreed again since. The vendor is asked.
        this.#state.timers.set(ENDING, connection.id, this.#state.now());
        break;
    }
    const isRegistered = pointer.kind === "connected" || pointer.kind === "due";
    return { outcome: "done", ...(isRegistered && { registration: this.#registration(connection) }) };
  }

  /** Takes data that a webhook brought itself: see `Pushes.take`. */
  async push(id: ConnectionId, push: Push, stay: () => void): Promise<boolean> {
    const connection = this.#rows.get(id);
    if (connection === undefined) return false;
    return await this.#pushes.take(
      id,
      push,
      { kind: "pushed", person: this.#state.person, connection: id, vendor: connection.vendor },
      stay,
    );
  }

  /** Fetches such data from the gate where they wait: see `Pushes.fetch`. */
  async fetchPushes(id: string, from: PushedPointer, stay: () => void, only?: readonly number[]): Promise<number[]> {
    return await this.#pushes.fetch(id, from, stay, only);
  }

  /** The person took the permission back at the vendor: its tokens are worth nothing any more. */
  #ended(connection: Connection): SyncAnswer {
    this.#windows.dropQueued(connection.id);
    for (const timer of [TIMER, PERMISSIONS]) this.#state.timers.clear(timer, connection.id);
    this.#rows.setState(connection.id, "revoked", this.#state.now(), "revoked_at_vendor");
    this.#rows.addEvent(connection.id, "revoked_at_vendor", this.#state.now());
    this.#rows.dropSecrets(connection.id);
    return { outcome: "dropped" };
  }

  /** A pointer that could not be delivered for good: the person shall see it. */
  failSync(pointer: SyncPointer): void {
    if (this.#rows.get(pointer.connection) === undefined) return;
    const { now } = this.#state;
    this.#rows.addEvent(pointer.connection, "sync_failed", now(), pointer.kind === "changed" ? pointer.dataType : pointer.kind);
    const connection = this.#must(pointer.connection);
    tellConnection(this.#state, "sync.failed", connection, {
      resource: pointer.kind === "changed" ? pointer.dataType : null,
      reason: "not_delivered",
    });
    if (LIVE_STATES.has(connection.state)) this.#rows.setState(pointer.connection, "error", now(), "sync_failed");
    if (pointer.kind === "asked") this.#jobs.leave(pointer.job);
  }

  /** Opens a job for the person's connections, or those of one vendor; the caller queues one pointer for each. */
  request(vendor?: string): { job: SyncJob; connections: ConnectionId[] } {
    const connections = this.#askable(vendor).map(({ id }) => id);
    const job = newId("job", this.#state.region, this.#state.now(), this.#state.random);
    this.#jobs.add(job, connections.length, this.#state.now());
    return { job: this.job(job), connections };
  }

  job(id: string): SyncJob {
    const job = this.#jobs.get(id);
    if (job === undefined) throw notFound("sync");
    return job;
  }

  /** Reads what is new right now, as far as that goes in a request's time; the rest follows by itself. */
  async syncNow(vendor?: string): Promise<SyncResult[]> {
    const { now } = this.#state;
    const budget: SliceBudget = { pages: IMMEDIATE_PAGES, until: now() + IMMEDIATE_MS };
    const results: SyncResult[] = [];
    for (const connection of this.#askable(vendor)) {
      const id = newId("job", this.#state.region, now(), this.#state.random);
      this.#jobs.add(id, 1, now());
      this.#planAsked(connection, id);
      await this.#runner.run(connection.id, budget, () => this.job(id).state !== "running");
      this.#wake(connection.id);
      const { read, accepted, duplicate, updated, rejected, total, done } = this.job(id);
      results.push({
        connection: viewOf(this.#must(connection.id), this.#windows, now()),
        read,
        accepted,
        duplicate,
        updated,
        rejected,
        left: total - done,
      });
    }
    return results;
  }

  /**
   * How the feed of a metric does over a connection that must have been read after `since` (epoch milliseconds). Undefined where nothing is
   * to come over it: it was ended or paused, or never completed.
   */
  async feed(id: string, metric: string, since: number): Promise<FeedState | undefined> {
    const connection = this.#rows.get(id);
    if (connection === undefined || SILENT.has(connection.state)) return undefined;
    if (connection.state === "reauth_required") return "forbidden";
    const { vendor } = liveVendor(connection.vendor);
    const resources = this.#windows.resources(id).filter(({ resource }) => bringsMetric(vendor, resource, metric));
    if (resources.length > 0 && resources.every(({ state }) => state === "permission_missing")) return "forbidden";
    if (await this.#ports.quota(vendor, connection.accountHash ?? id, connection.behalf?.credential).isBroken()) return "outage";
    const isRead = (connection.lastSuccessAt ?? 0) >= since;
    return isRead && connection.state !== "error" && connection.state !== "degraded" ? "fine" : "failed";
  }

  /** How often the vendor is asked for a metric without a notification, in milliseconds; 0 where it is not asked for it. */
  cadenceMs(id: string, metric: string): number {
    const connection = this.#rows.get(id);
    if (connection === undefined) return 0;
    const { resources } = liveVendor(connection.vendor).vendor;
    const cadences = Object.values(resources).flatMap((spec) => (metricsOf(spec).includes(metric) ? [spec.cadenceS * SECOND_MS] : []));
    return cadences.length === 0 ? 0 : Math.min(...cadences);
  }

  /** Plans to read a metric's range again, like a change that the vendor tells of. False where it cannot be asked. Part of the caller's transaction. */
  repair(id: string, metric: string, range: Range): boolean {
    const connection = this.#rows.get(id);
    if (connection === undefined || !LIVE_STATES.has(connection.state) || this.#windows.queued(id) >= MOST_QUEUED) return false;
    const windows = this.#repairWindows(connection, metric, range);
    if (windows.length === 0) return false;
    this.#planWindows(id, windows);
    this.#wake(id);
    return true;
  }

  /** Whether what `repair` planned still waits to be read. */
  isRepairing(id: string, metric: string, range: Range): boolean {
    const connection = this.#rows.get(id);
    if (connection === undefined || !LIVE_STATES.has(connection.state)) return false;
    return this.#windows.areOpen(id, this.#repairWindows(connection, metric, range));
  }

  #repairWindows(connection: Connection, metric: string, range: Range): PlannedWindow[] {
    const { vendor } = liveVendor(connection.vendor);
    return this.#windows
      .resources(connection.id)
      .filter(({ resource, state }) => state === "active" && bringsMetric(vendor, resource, metric))
      .flatMap(({ resource }) => changeWindows(vendor, resource, range));
  }

  async #alarm(id: string): Promise<number | undefined> {
    await this.#runner.run(id, { pages: ALARM_SLICE.pages, until: this.#state.now() + ALARM_SLICE.ms }, () => this.#isPaused);
    return this.#runner.next(id);
  }

  async #announce(id: string): Promise<undefined> {
    const connection = parseId("connection", id);
    const { env, region, person } = this.#state;
    if (connection !== undefined) await storesOf(env, region).sync.send({ kind: "connected", person, connection } satisfies SyncPointer);
    return undefined;
  }

  /** Completes a connection at the vendor, where that did not succeed at once. Throws where it shall be tried again. */
  async #setUpAgain(id: string, failures: number): Promise<undefined> {
    const connection = this.#rows.get(id);
    if (connection === undefined || !LIVE_STATES.has(connection.state) || (await this.#connector.setUp(connection))) return undefined;
    if (failures + 1 < SET_UP_TRIES) throw problem("vendor_failed", "The vendor has not completed the connection.");
    this.#rows.addEvent(id, "set_up_failed", this.#state.now());
    return undefined;
  }

  /** Asks the vendor what the person permits now, and reads by it. `over`: what it means that the vendor knows no grant any more. */
  async #checkPermissions(id: string, over: "token_expired" | "revoked_at_vendor"): Promise<number | undefined> {
    const asked = this.#rows.get(id);
    if (asked === undefined || !LIVE_STATES.has(asked.state)) return undefined;
    const answer = await this.#connector.permitted(asked);
    const connection = this.#rows.get(id);
    // While the vendor answered, the person may have disconnected, or agreed anew and be asked about again.
    if (connection === undefined || !LIVE_STATES.has(connection.state) || connection.connectedAt !== asked.connectedAt) return undefined;
    const { now } = this.#state;
    if (answer.kind === "later") return now() + PERMISSIONS_AGAIN_MS;
    if (answer.kind === "scopes") {
      this.#permit(connection, answer.scopes);
      return over === "token_expired" ? now() + PERMISSIONS_EVERY_MS : undefined;
    }
    if (over === "revoked_at_vendor") this.#ended(connection);
    else {
      this.#rows.setState(id, "reauth_required", now(), over);
      this.#rows.addEvent(id, "reauth_required", now(), over);
    }
    return undefined;
  }

  /** Reads what the scopes open of what the person has chosen here, and nothing else. */
  #permit(connection: Connection, scopes: readonly string[]): void {
    const { vendor } = liveVendor(connection.vendor);
    const { now } = this.#state;
    const given = new Set(scopes);
    const open = new Set(
      openResources(
        vendor,
        connection.areas.filter((name) => given.has(vendor.areas[name]?.scope ?? "")),
      ),
    );
    for (const { resource, state } of this.#windows.resources(connection.id)) {
      if (open.has(resource) && state === "permission_missing") this.#windows.permit(connection.id, resource, now());
      if (open.has(resource) || state === "permission_missing") continue;
      this.#windows.forbid(connection.id, resource);
      this.#rows.addEvent(connection.id, "permission_missing", now(), resource);
    }
    this.#wake(connection.id);
  }

  #wake(id: string): void {
    const at = this.#runner.next(id);
    if (at !== undefined) this.#state.timers.setEarliest(TIMER, id, at);
  }

  /** First import, or after a pause the part that is missing. */
  #planFirst(connection: Connection): void {
    const { vendor } = liveVendor(connection.vendor);
    const { now } = this.#state;
    const resources = openResources(vendor, connection.areas);
    const before = new Map(this.#windows.resources(connection.id).map((r) => [r.resource, r.syncedTo]));
    this.#windows.setResources(connection.id, resources, now());
    this.#windows.reopen(connection.id, resources, now());
    for (const resource of resources) {
      const syncedTo = before.get(resource);
      if (syncedTo === undefined) this.#windows.syncedTo(connection.id, resource, now());
      else {
        const broughtAt = Math.max(syncedTo, connection.lastSuccessAt ?? 0);
        this.#windows.plan(connection.id, catchUpWindows(vendor, resource, syncedTo, now(), "incremental"), now());
        this.#windows.plan(connection.id, missedWindows(vendor, resource, broughtAt, now()), now());
      }
      this.#windows.plan(connection.id, backfillWindows(vendor, resource, now(), connection.firstConnectedAt), now());
      this.#setNext(connection, resource);
    }
    if (this.#windows.isLeft(connection.id, true)) tellConnection(this.#state, "backfill.started", connection);
  }

  /** The windows that a change asks for. What was deleted at the vendor is taken away at once. */
  #changed(
    connection: Connection,
    { dataType, operation, since, until, object }: Extract<SyncPointer, { kind: "changed" }>,
    known: ReadonlySet<string>,
  ): readonly PlannedWindow[] {
    const module = liveVendor(connection.vendor);
    const { vendor } = module;
    const range = { from: since, to: Math.max(until, since + 1) };
    const spec = vendor.resources[dataType];
    // A type that we do not read, or may not: nothing to do.
    if (spec === undefined || !known.has(dataType)) return [];
    if (object !== undefined) {
      if (operation === "upsert") return [{ resource: dataType, purpose: "changed", ...range, object }];
      this.#forget(connection, module, dataType, object, known);
      return [];
    }
    if (operation === "delete") this.#erase(connection, [dataType], (resource) => erasedRange(resource, range));
    const touched = operation === "delete" ? siblings(vendor, dataType).filter((name) => known.has(name)) : [dataType];
    return touched.flatMap((resource) => changeWindows(vendor, resource, range));
  }

  /** Plans windows that are not of the first import; tells where that takes the last one of it. */
  #planWindows(id: string, windows: readonly PlannedWindow[], job?: string): void {
    if (this.#windows.plan(id, windows, this.#state.now(), job)) this.#runner.tellBackfillEnded(id);
  }

  #planDue(connection: Connection): void {
    const { vendor } = liveVendor(connection.vendor);
    const { now } = this.#state;
    for (const { resource, state, nextAt, syncedTo } of this.#windows.resources(connection.id)) {
      if (state !== "active" || nextAt > now() || vendor.resources[resource] === undefined) continue;
      this.#planWindows(connection.id, catchUpWindows(vendor, resource, syncedTo, now(), "incremental"));
      this.#setNext(connection, resource);
    }
  }

  #planAsked(connection: Connection, job: string): void {
    const { vendor } = liveVendor(connection.vendor);
    const { now } = this.#state;
    const windows = this.#windows
      .resources(connection.id)
      .filter(({ state, resource }) => state === "active" && vendor.resources[resource] !== undefined)
      .flatMap(({ resource, syncedTo }) => catchUpWindows(vendor, resource, syncedTo, now(), "asked"));
    this.#planWindows(connection.id, windows, job);
    this.#jobs.planned(job, windows.length);
  }

  /**
   * Deletes what one record of the vendor became. What its samples and those of a stream told together goes with it, and is read again from
   * the streams that the person lets us read (`known`).
   */
  #forget(connection: Connection, module: VendorModule, resource: string, object: string, known: ReadonlySet<string>): void {
    const { sql, now } = this.#state;
    const { vendor } = module;
    const ids = module.recordIds?.(resource, object) ?? [object];
    const [night] = sql.exec<{ from: number | null; to: number | null }>(SPAN_OF_NIGHTS, JSON.stringify(ids)).toArray();
    const into = new BatchBuilder();
    for (const id of ids) into.delete(vendor.source, id, now());
    this.#state.record(into.take(), { kind: "system", id: connection.id });
    if (night === undefined || night.from === null || night.to === null) return;
    const range = { from: night.from, to: night.to + 1 };
    for (const name of siblings(vendor, resource))
      if (known.has(name) && vendor.resources[name]?.granularity === "sample")
        this.#planWindows(connection.id, changeWindows(vendor, name, range));
  }

  #erase(
    connection: Connection,
    resources: readonly string[],
    rangeOf: (spec: Parameters<typeof erasedRange>[0]) => { from: number; to: number },
  ): { deleted: number } {
    const { vendor } = liveVendor(connection.vendor);
    const into = new BatchBuilder();
    for (const resource of resources) {
      const spec = vendor.resources[resource];
      if (spec === undefined) continue;
      for (const metric of metricsOf(spec))
        into.deleteRange({ vendor: vendor.source, connection: connection.id, metric, ...rangeOf(spec) });
    }
    return { deleted: this.#state.record(into.take(), { kind: "system", id: connection.id }).deleted };
  }

  #setNext(connection: Connection, resource: string): void {
    const spec = liveVendor(connection.vendor).vendor.resources[resource];
    if (spec === undefined) return;
    const spread = (this.#state.random(new Uint8Array(1))[0] ?? 0) / 255;
    this.#windows.setNext(connection.id, resource, nextDue(spec, this.#state.now(), spread));
  }

  #registration(connection: Connection): Registration {
    const { id, vendor, accountHash, accountKey, behalf } = this.#must(connection.id);
    if (accountHash === undefined || accountKey === undefined) throw problem("conflict", "The connection is not complete.");
    const nexts = this.#windows.resources(id).flatMap(({ state, nextAt }) => (state === "active" ? [nextAt] : []));
    const dueAt = Math.min(this.#state.now() + LONGEST_QUIET_MS, ...nexts);
    const credential = (behalf && parseId("vendorCredential", behalf.credential)) ?? null;
    return { connection: id, vendor, account: { hash: accountHash, version: accountKey }, credential, dueAt };
  }

  #askable(vendor: string | undefined): Connection[] {
    if (vendor !== undefined) liveVendor(vendor);
    return this.#rows.all(vendor).filter(({ state }) => LIVE_STATES.has(state));
  }

  #must(id: string): Connection {
    const connection = this.#rows.get(id);
    if (connection === undefined) throw notFound("connection");
    return connection;
  }
}

/** States in which nothing is asked until the person comes back. What changes meanwhile is read then; what is deleted goes at once. */
const RESTING: ReadonlySet<ConnectionState> = new Set(["paused", "reauth_required"]);
/** States in which nothing is to come, by the person's own will. */
const SILENT: ReadonlySet<ConnectionState> = new Set(["pending", "paused", "revoked"]);

function bringsMetric(vendor: LiveVendor, resource: string, metric: string): boolean {
  const spec = vendor.resources[resource];
  return spec !== undefined && metricsOf(spec).includes(metric);
}
