import { HOUR_MS, SECOND_MS } from "../../../shared/clock";
import { BatchBuilder } from "../../../shared/health/batch";
import type { LabBatch } from "../../../shared/labs/result";
import { isProblem } from "../../../shared/problem";
import type { Batch } from "../../../shared/health/reading";
import type { Delivery, PageOutcome, Range, VendorModule, VendorResource } from "../../../shared/vendors/vendor";
import { liveVendor } from "../../../shared/vendors/vendors";
import type { VaultState } from "../state";
import type { Reply } from "../../../shared/vendors/client";
import { type Connection, type ConnectionRows, LIVE_STATES } from "./connection-rows";
import type { JobRows } from "./job-rows";
import { askedRange, openResources } from "./plan";
import type { OwnAccounts } from "./own-accounts";
import type { ConnectionPorts } from "./ports";
import type { Quota } from "./quota";
import { tellConnection } from "./tell";
import type { TokenKeeper } from "./tokens";
import type { EndedWaits, SyncWindow, WindowRows } from "./window-rows";

/** How much one slice may do; the rest follows by the vault's alarm. */
export interface SliceBudget {
  readonly pages: number;
  /** Epoch milliseconds. */
  readonly until: number;
}

/** Why a connection cannot go on whose organisation has taken its account at the vendor back. */
export const CREDENTIAL_REMOVED = "credential_removed";

export const ALARM_SLICE = { pages: 25, ms: 15 * SECOND_MS } as const;

/** A window that cannot be read is given up after so many tries in a row; with the waits between them, that is about half a day. */
const MOST_ATTEMPTS = 16;
const MOST_RESTARTS = 2;
const MOST_SHORTENINGS = 3;
const FIRST_WAIT_MS = 15 * SECOND_MS;
const LONGEST_WAIT_MS = HOUR_MS;

interface RunnerParts {
  readonly state: VaultState;
  readonly ports: ConnectionPorts;
  readonly rows: ConnectionRows;
  readonly windows: WindowRows;
  readonly jobs: JobRows;
  readonly tokens: TokenKeeper;
  readonly owns: OwnAccounts;
  /** Asks for the present state of the organisation's account that a connection goes through. */
  readonly askAccount: (id: string) => void;
}

/**
 * Reads windows page by page. All progress is in storage: whatever ends the object between two steps, the next slice goes on where the
 * last page was stored, and a page that is read twice changes nothing.
 */
export class Runner {
  readonly #parts: RunnerParts;
  readonly #running = new Map<string, Promise<void>>();

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  /** Reads due windows of a connection until none is left, the budget is used up, or the vendor wants to be left alone. One slice at a time. `enough` ends it before that. */
  async run(id: string, budget: SliceBudget, enough: () => boolean = () => false): Promise<void> {
    for (let other = this.#running.get(id); other !== undefined; other = this.#running.get(id)) await other.catch(() => undefined);
    const slice = this.#slice(id, budget, enough).finally(() => {
      if (this.#running.get(id) === slice) this.#running.delete(id);
    });
    this.#running.set(id, slice);
    await slice;
  }

  /** When a connection wants to be read next, or undefined where nothing is left. */
  next(id: string): number | undefined {
    const { rows, windows } = this.#parts;
    const connection = rows.get(id);
    const due = windows.nextWake(id);
    return connection === undefined || !LIVE_STATES.has(connection.state) || due === undefined
      ? undefined
      : Math.max(due, connection.blockedUntil);
  }

  async #slice(id: string, budget: SliceBudget, enough: () => boolean): Promise<void> {
    const { state, rows, windows, ports } = this.#parts;
    for (let pages = 0; pages < budget.pages && state.now() < budget.until && !enough(); pages++) {
      const connection = rows.get(id);
      if (connection === undefined || !LIVE_STATES.has(connection.state) || connection.blockedUntil > state.now()) return;
      this.#endedWaits(id, windows.expirePromises(id, state.now()));
      const window = windows.next(id, state.now());
      if (window === undefined) return;
      const module = liveVendor(connection.vendor);
      const quota = ports.quota(module.vendor, connection.accountHash ?? id, connection.behalf?.credential);
      if (!(await this.#page(connection, window, module, quota))) return;
    }
  }

  /** Reads one page. False where the connection must wait. */
  async #page(connection: Connection, window: SyncWindow, module: VendorModule, quota: Quota): Promise<boolean> {
    const { state, rows, windows, tokens, owns, askAccount } = this.#parts;
    const client = await owns.clientFor(module, connection);
    if (client === undefined) {
      if (this.#live(connection.id)) this.#reauthorize(connection.id, CREDENTIAL_REMOVED);
      return false;
    }
    let token = await tokens.access(connection.id, client);
    if (token.kind === "token") {
      const isPast = window.purpose === "backfill";
      const waitMs = await quota.ask(isPast);
      if (waitMs > 0) {
        // The past has a share of the limits, which may be used up for a day: what is new does not wait for it.
        if (isPast) windows.holdBackfill(connection.id, state.now() + waitMs);
        else rows.block(connection.id, state.now() + waitMs);
        return isPast;
      }
      const request = module.pageRequest(
        window.resource,
        askedRange(window, state.now(), operationOf(module, window)),
        window.page,
        window.object,
      );
      let reply = await client.call(request, token.access);
      if (reply.kind === "unauthorized") {
        token = await tokens.access(connection.id, client, token.access);
        if (token.kind === "token") reply = await client.call(request, token.access);
      }
      for (const { scope, left, until } of reply.limits ?? []) await quota.learn(scope, left, until);
      await quota.report(reply.kind !== "down");
      if (token.kind === "token") return await this.#take(window, module, quota, reply);
    }
    if (!this.#live(connection.id)) return false;
    if (token.kind === "reauth") this.#reauthorize(connection.id, "token_expired");
    else {
      // The organisation may have made a new secret at the vendor already.
      if (token.reason === "token_rejected" && connection.behalf !== undefined) askAccount(connection.id);
      this.#wait(window, token.reason, token.retryAfterMs);
    }
    return false;
  }

  async #take(window: SyncWindow, module: VendorModule, quota: Quota, reply: Reply): Promise<boolean> {
    const { state, rows, windows } = this.#parts;
    const id = window.connection;
    // While the vendor answered, the person may have disconnected: what comes then is nobody's.
    if (!this.#live(id)) return false;
    switch (reply.kind) {
      case "ok":
        return this.#store(window, module, reply.body);
      case "later":
        windows.promised(window, state.now());
        rows.succeeded(id, state.now(), undefined);
        return true;
      case "unauthorized":
        this.#reauthorize(id, "invalid_token");
        return false;
      case "forbidden":
        windows.forbid(id, window.resource);
        rows.addEvent(id, "permission_missing", state.now(), window.resource);
        this.#ended(window);
        return true;
      case "rejected":
        // A page token that has grown old is refused like any wrong parameter: the window starts over, but not for ever.
        if (window.object !== undefined && (reply.status === 404 || reply.status === 410)) windows.giveUp(window, "gone");
        else if (reply.notBefore !== undefined && reply.notBefore > window.from && window.attempts < MOST_SHORTENINGS)
          this.#shorten(window, reply.notBefore);
        else if (window.page !== undefined && window.attempts < MOST_RESTARTS) windows.restart(window, state.now());
        else this.#giveUp(window, `vendor_refused_${reply.status}`);
        return true;
      case "limited": {
        const until = state.now() + reply.retryAfterMs;
        rows.setState(id, "rate_limited", state.now(), "rate_limited");
        rows.block(id, until);
        await quota.limited(until);
        return false;
      }
      case "down":
        this.#wait(window, reply.reason, reply.retryAfterMs);
        return false;
    }
  }

  /**
   * Stores data that a call of the vendor's brought itself. A part that is no page of the resource is counted as rejected and is in
   * nobody's way: the vendor would send it for ever. What the person has not chosen here is let go, whatever they permit there. Returns the
   * laboratory results among it, which the caller stores.
   */
  take(connection: Connection, module: VendorModule, parts: readonly PushedPart[]): LabBatch {
    const { rows } = this.#parts;
    const open = new Set(openResources(module.vendor, connection.areas));
    const labs: LabBatch[] = [];
    for (const [resource, own] of Map.groupBy(parts, (part) => part.resource)) {
      if (!open.has(resource)) continue;
      const pages: ReadPart[] = [];
      for (const { reply, at } of own) {
        const into = new BatchBuilder();
        try {
          const outcome = module.readPage(resource, reply, into, { ...this.#delivery(connection.id), syncedAt: at });
          pages.push({ outcome, batch: into.take() });
        } catch (error) {
          if (!isProblem(error)) throw error;
          rows.addEvent(connection.id, "malformed_push", at, resource);
        }
      }
      if (pages.length > 0) this.#storeParts(connection, module, resource, pages);
      labs.push(...pages.flatMap(({ outcome }) => outcome.labs ?? []));
    }
    return { reports: labs.flatMap(({ reports }) => reports), results: labs.flatMap(({ results }) => results) };
  }

  /** Stores parts of one resource by one write: that costs about as much for many as for one. */
  #storeParts(connection: Connection, module: VendorModule, resource: string, pages: readonly ReadPart[]): void {
    const { state, rows, windows } = this.#parts;
    const { id } = connection;
    const now = state.now();
    const all = new BatchBuilder();
    for (const { batch } of pages) all.add(batch);
    const outcomes = pages.map(({ outcome }) => outcome);
    const newest = outcomes.flatMap(({ newestAt }) => newestAt ?? []);
    const newestAt = newest.length === 0 ? undefined : newest.reduce((a, b) => Math.max(a, b));
    const read = outcomes.reduce((sum, outcome) => sum + outcome.read, 0);
    const receipt = state.record(all.take(), { kind: "system", id });
    // Where the person has paused or ended it since, what had come is theirs, and the connection stays as it is.
    const isLive = LIVE_STATES.has(rows.get(id)?.state ?? "revoked");
    const rejected = outcomes.flatMap((outcome) => Object.values(outcome.rejected)).reduce((sum, n) => sum + n, receipt.rejected.length);
    windows.brought(id, resource, { read, newestAt }, receipt.accepted + receipt.updated, rejected);
    if (!isLive) return;
    rows.succeeded(id, now, newestAt);
    const { pastWith = resource } = module.vendor.resources[resource] ?? {};
    // Each by itself: what lies between two of them has not come.
    const came = pages.flatMap(({ outcome, batch }) => {
      const range = rangeOf(batch);
      return range === undefined ? [] : [{ range, read: outcome.read }];
    });
    if (came.length === 0) return;
    // What comes is permitted.
    if (windows.isForbidden(id, resource)) windows.permit(id, resource, now);
    if (!windows.awaitsVendor(id)) return;
    for (const { range, read } of came) this.#endedWaits(id, windows.arrived(id, [...new Set([resource, pastWith])], range, read));
  }

  #delivery(connection: string, page?: string): Delivery {
    const { state } = this.#parts;
    return { connection, syncedAt: state.now(), timeZone: state.profile().timeZone, ...(page === undefined ? {} : { page }) };
  }

  /** Stores a page with its progress. Nothing is awaited, so both are one transaction. */
  #store(window: SyncWindow, module: VendorModule, body: unknown): boolean {
    const { state, rows, windows, jobs } = this.#parts;
    const now = state.now();
    const into = new BatchBuilder();
    let outcome: PageOutcome;
    try {
      outcome = module.readPage(
        window.resource,
        body,
        into,
        this.#delivery(window.connection, window.page),
        askedRange(window, now, operationOf(module, window)),
      );
    } catch (error) {
      if (!isProblem(error)) throw error;
      this.#wait(window, "malformed_reply", undefined);
      return false;
    }
    const receipt = state.record(into.take(), { kind: "system", id: window.connection });
    const rejected = receipt.rejected.length + Object.values(outcome.rejected).reduce((sum, n) => sum + n, 0);
    windows.advance(window, outcome, receipt.accepted + receipt.updated, rejected);
    if (window.job !== undefined) jobs.page(window.job, outcome.read, rejected, receipt);
    rows.succeeded(window.connection, now, outcome.newestAt);
    if (outcome.next === undefined) this.#ended(window);
    return true;
  }

  /** The vendor gives nothing of what lies before an instant: the rest of the window is asked for, if there is any. */
  #shorten(window: SyncWindow, notBefore: number): void {
    const { state, windows } = this.#parts;
    if (notBefore < Math.min(window.to, state.now())) return windows.shorten(window, notBefore, state.now());
    windows.advance(window, { read: 0, rejected: {} }, 0, 0);
    this.#ended(window);
  }

  /** Tells subscribers where nothing waits for the vendor any more. */
  #endedWaits(id: string, { backfill, other }: EndedWaits): void {
    if (backfill + other > 0) this.#parts.rows.changed(id);
    if (backfill > 0) this.#tellEnd(id, true);
    if (other > 0) this.#tellEnd(id, false);
  }

  /** Leaves the vendor alone for a while; every further failure in a row doubles it. */
  #wait(window: SyncWindow, reason: string, retryAfterMs: number | undefined): void {
    const { state, rows, windows } = this.#parts;
    const now = state.now();
    if (window.attempts + 1 >= MOST_ATTEMPTS) return this.#giveUp(window, reason);
    const spread = 1 + (state.random(new Uint8Array(1))[0] ?? 0) / 1024;
    const waitMs = Math.max(retryAfterMs ?? 0, Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** window.attempts) * spread);
    const until = now + Math.round(waitMs);
    windows.postpone(window, until, reason);
    rows.block(window.connection, until);
    rows.setState(window.connection, reason === "rate_limited" ? "rate_limited" : "degraded", now, reason);
  }

  #giveUp(window: SyncWindow, reason: string): void {
    const { state, rows, windows, jobs } = this.#parts;
    windows.giveUp(window, reason);
    if (window.job !== undefined) jobs.failed(window.job);
    rows.addEvent(window.connection, "window_failed", state.now(), `${window.resource}: ${reason}`);
    const connection = rows.get(window.connection);
    if (connection !== undefined) tellConnection(state, "sync.failed", connection, { resource: window.resource, reason });
    this.#ended(window);
  }

  /** Tells subscribers where this was the last window of its kind. */
  #ended({ connection: id, purpose }: SyncWindow): void {
    this.#tellEnd(id, purpose === "backfill");
  }

  /** Tells subscribers that nothing is left of the first import, because what was left is read as something new. */
  tellBackfillEnded(id: string): void {
    this.#tellEnd(id, true);
  }

  #tellEnd(id: string, isBackfill: boolean): void {
    const { state, rows, windows } = this.#parts;
    const connection = rows.get(id);
    if (connection === undefined || windows.isLeft(id, isBackfill)) return;
    if (!isBackfill) return tellConnection(state, "sync.completed", connection);
    const { done, failed, skipped } = windows.backfill(id);
    tellConnection(state, "backfill.completed", connection, { done, failed, skipped });
  }

  /** The grant is over: nothing is asked until the person agrees again. */
  #reauthorize(id: string, reason: string): void {
    const { state, rows } = this.#parts;
    rows.setState(id, "reauth_required", state.now(), reason);
    rows.addEvent(id, "reauth_required", state.now(), reason);
  }

  #live(id: string): boolean {
    const connection = this.#parts.rows.get(id);
    return connection !== undefined && LIVE_STATES.has(connection.state);
  }
}

function operationOf({ vendor }: VendorModule, { resource }: SyncWindow): VendorResource["operation"] | undefined {
  return vendor.resources[resource]?.operation;
}

/** From the earliest to the latest start in a batch; undefined where it holds nothing. */
/** One page of data that a call brought itself, and when it came. */
export interface PushedPart {
  readonly resource: string;
  readonly reply: unknown;
  readonly at: number;
}

interface ReadPart {
  readonly outcome: PageOutcome;
  readonly batch: Batch;
}

function rangeOf({ series, readings, sleepSessions, workouts }: Batch): Range | undefined {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const see = (at: number): void => {
    if (at < from) from = at;
    if (at > to) to = at;
  };
  for (const { start } of series) for (const at of start) see(at);
  for (const { start } of [...readings, ...sleepSessions, ...workouts]) see(start);
  return from <= to ? { from, to } : undefined;
}
