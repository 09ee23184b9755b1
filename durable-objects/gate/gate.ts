import { DurableObject } from "cloudflare:workers";
import initial from "../../migrations/gate/0001_gate.sql";
import inboxTables from "../../migrations/gate/0002_inbox.sql";
import signatures from "../../migrations/gate/0003_signatures.sql";
import pushTables from "../../migrations/gate/0004_pushes.sql";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../shared/clock";
import type { ConnectionId } from "../../shared/id";
import { storesOf } from "../doors";
import { migrate } from "../migrate";
import { ALLOWED, ATTEMPT_POLICIES, type AttemptKind, attemptsExpireAt, NO_ATTEMPTS, takeBack, tryAttempt, type Verdict } from "./attempts";
import { afterCall, type BreakerPolicy, enter } from "./breaker";
import { type Arrival, Inbox } from "./inbox";
import { batchesOf } from "./messages";
import { GatePushes, type PushAccount, type WaitingPush } from "./pushes";
import { type Learned, type Limit, quotaExpiresAt, takeFrom } from "./quota";
import { GateRows, type GateStanding } from "./rows";

/** A breaker that has not been asked for so long starts afresh. */
const BREAKER_KEPT_MS = 24 * HOUR_MS;
/** Pointers that are read from the inbox at a time. */
const SENT_AT_ONCE = 1_000;
/** When a queue that takes nothing is tried again. */
const SEND_AGAIN_MS = 5 * SECOND_MS;
/** A gate at which something arrived is not cleared away so soon: more will come. */
const LINGER_MS = 10 * MINUTE_MS;

/**
 * Exact limits for one subject: an account's or address's attempts, a vendor's or client's quota, and what a vendor's webhooks bring. Its
 * name is opaque (a keyed hash, a vendor's id). One object is one thread, and every method reads, decides and writes without yielding, so that no two callers get the
 * same last turn; everything is in SQLite and survives eviction. Rows that no longer say anything are dropped by the alarm, and the
 * last one takes the object with it.
 *
 * `now` is epoch milliseconds. Callers decide what an unreachable gate means: sign-in fails closed.
 */
export class Gate extends DurableObject<Env> {
  private readonly rows: GateRows;
  private readonly inbox: Inbox;
  private readonly pushes: GatePushes;
  private ready = false;
  private isSending = false;
  private arrivedAt = Number.NEGATIVE_INFINITY;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.rows = new GateRows(state.storage.sql);
    this.inbox = new Inbox(state.storage.sql);
    this.pushes = new GatePushes(state.storage.sql);
  }

  /** Counts one attempt, or refuses it while the subject is locked. Call it before the costly check. */
  async attempt(kind: AttemptKind, now: number): Promise<Verdict> {
    this.prepare();
    const policy = ATTEMPT_POLICIES[kind];
    const before = this.rows.attempts(kind) ?? NO_ATTEMPTS;
    const { verdict, after } = tryAttempt(policy, before, now);
    if (after !== before) await this.keep(this.rows.putAttempts(kind, after, attemptsExpireAt(policy, after)));
    return verdict;
  }

  /** Forgets all attempts of a kind: the owner has proven themselves. */
  async clear(kind: AttemptKind): Promise<void> {
    this.prepare();
    this.rows.dropAttempts(kind);
  }

  /** Takes back the one attempt that succeeded, and leaves the others. */
  async refund(kind: AttemptKind, now: number): Promise<void> {
    this.prepare();
    const policy = ATTEMPT_POLICIES[kind];
    const before = this.rows.attempts(kind);
    if (before === undefined) return;
    const after = takeBack(policy, before, now);
    if (after.failures === 0) this.rows.dropAttempts(kind);
    else this.rows.putAttempts(kind, after, attemptsExpireAt(policy, after));
  }

  /** Takes `cost` (default 1) from all limits, or from none; where refused, `retryAfterMs` satisfies every limit. */
  async take(limits: readonly Limit[], now: number, cost = 1): Promise<Verdict> {
    this.prepare();
    const taken = limits.map((limit) => ({ limit, ...takeFrom(limit, this.rows.quota(limit.name), cost, now) }));
    const retryAfterMs = Math.max(0, ...taken.map(({ verdict }) => verdict.retryAfterMs));
    if (retryAfterMs > 0) return { allowed: false, retryAfterMs };
    let expiresAt = 0;
    for (const { limit, after } of taken) {
      expiresAt = Math.max(expiresAt, this.rows.putQuota(limit.name, after, quotaExpiresAt(limit, after)));
    }
    if (taken.length > 0) await this.keep(expiresAt);
    return ALLOWED;
  }

  /** Notes what a vendor's answer said about a limit; holds until `learned.until`, together with our own count. */
  async learn(name: string, learned: Learned): Promise<void> {
    this.prepare();
    await this.keep(this.rows.learn(name, learned));
  }

  /** Asks to call through a breaker. Whoever is allowed must `report`. */
  async enter(name: string, policy: BreakerPolicy, now: number): Promise<Verdict> {
    this.prepare();
    const before = this.rows.breaker(name);
    const { verdict, after } = enter(policy, before, now);
    if (after !== before) await this.keep(this.rows.putBreaker(name, after, after.until + BREAKER_KEPT_MS));
    return verdict;
  }

  /** Tells a breaker how a call ended. Answers whether it is closed now and counts no failure. */
  async report(name: string, policy: BreakerPolicy, succeeded: boolean, now: number): Promise<boolean> {
    this.prepare();
    const before = this.rows.breaker(name);
    const after = afterCall(policy, before, succeeded, now);
    const isWhole = after.state === "closed" && after.failures === 0;
    if (after === before || (after.state === "closed" && before.state === "closed" && after.failures === before.failures)) return isWhole;
    await this.keep(this.rows.putBreaker(name, after, Math.max(now, after.until) + BREAKER_KEPT_MS));
    return isWhole;
  }

  /** Whether a breaker stands open, or waits for its probe. Changes nothing. */
  async isBroken(name: string): Promise<boolean> {
    this.prepare();
    return this.rows.breaker(name).state !== "closed";
  }

  /**
   * Takes in what webhook calls told and brought; it is durable when this answers, in one write, and goes to the queue by itself, which is told
   * of data only that they wait. False of each that is an exact repetition of a signed call, of which nothing is kept.
   */
  async receive(arrivals: readonly Arrival[]): Promise<boolean[]> {
    this.prepare();
    const taken = this.ctx.storage.transactionSync(() => {
      const isNew = this.inbox.take(arrivals);
      const pushes = arrivals.flatMap((arrival, i) => (isNew[i] === true ? (arrival.pushes ?? []) : []));
      this.pushes.add(pushes, Date.now());
      return isNew;
    });
    if (taken.includes(true)) await this.sendSoon();
    return taken;
  }

  /** What waits for a connection: see `GatePushes.waiting`. */
  async waitingPushes(connection: ConnectionId, after: number, letters: number, only?: readonly number[]): Promise<WaitingPush[]> {
    return this.isUsed ? this.pushes.waiting(connection, after, letters, only) : [];
  }

  /** Whose that is: see `GatePushes.accounts`. */
  async pushAccounts(connection: ConnectionId, only?: readonly number[]): Promise<PushAccount[]> {
    return this.isUsed ? this.pushes.accounts(connection, only) : [];
  }

  /** Lets go pushes that are where they belong. */
  async donePushes(ids: readonly number[]): Promise<void> {
    if (this.isUsed) this.pushes.done(ids);
  }

  /** An alarm sends what waits, so that it goes whatever becomes of this object; while one sends, it finds what comes meanwhile. */
  private async sendSoon(): Promise<void> {
    const now = Date.now();
    this.arrivedAt = now;
    if (this.isSending) return;
    const at = await this.ctx.storage.getAlarm();
    if (at === null || at > now) await this.ctx.storage.setAlarm(now);
  }

  /** Hands what waits to the queues. False where one of them does not take it now. What is sent twice is read twice, which changes nothing. */
  private async send(): Promise<boolean> {
    this.isSending = true;
    try {
      for (let next = this.inbox.next(SENT_AT_ONCE); next !== undefined; next = this.inbox.next(SENT_AT_ONCE)) {
        const { sync } = storesOf(this.env, next.region);
        for (const messages of batchesOf(next.pointers)) await sync.sendBatch(messages);
        this.inbox.sent(next);
      }
      const untold = () => this.pushes.untold(Date.now(), SENT_AT_ONCE);
      for (let next = untold(); next !== undefined; next = untold()) {
        const { sync } = storesOf(this.env, next.region);
        for (const messages of batchesOf(next.pointers.map((pointer) => JSON.stringify(pointer)))) await sync.sendBatch(messages);
        this.pushes.told(next, Date.now());
      }
      return true;
    } catch {
      return false;
    } finally {
      this.isSending = false;
    }
  }

  /** What the gate counts, for operators. Reading it changes nothing, and makes no tables where there are none. */
  async standing(): Promise<GateStanding> {
    return this.isUsed ? this.rows.standing() : { quotas: [], breakers: [] };
  }

  override async alarm(): Promise<void> {
    this.prepare();
    if (!(await this.send())) {
      await this.ctx.storage.setAlarm(Date.now() + SEND_AGAIN_MS);
      return;
    }
    const now = Date.now();
    const kept = this.rows.dropExpired(now);
    const lingers = now - this.arrivedAt < LINGER_MS ? this.arrivedAt + LINGER_MS : undefined;
    const waits = this.inbox.isEmpty ? this.pushes.nextTell : now;
    const times = [kept ?? lingers, waits].filter((at) => at !== undefined);
    const next = times.length === 0 ? undefined : Math.min(...times);
    if (next === undefined) {
      this.ready = false;
      await this.ctx.storage.deleteAll();
    } else await this.ctx.storage.setAlarm(next);
  }

  /** Whether there are tables. Looking into a gate that has emptied itself makes none, which nobody would clear away. */
  private get isUsed(): boolean {
    if (this.ready) return true;
    if (this.ctx.storage.sql.exec("select 1 from sqlite_master where name = 'breakers'").toArray().length === 0) return false;
    // Of an older deployment perhaps.
    this.prepare();
    return true;
  }

  /** The schema goes when the object empties itself, and comes back with the next call. */
  private prepare(): void {
    if (this.ready) return;
    migrate(this.ctx.storage, [
      ["0001_gate", initial],
      ["0002_inbox", inboxTables],
      ["0003_signatures", signatures],
      ["0004_pushes", pushTables],
    ]);
    this.ready = true;
  }

  /** Makes sure that an alarm comes; the first one stays, and looks again from there. */
  private async keep(expiresAt: number): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(expiresAt);
  }
}
