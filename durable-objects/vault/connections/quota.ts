import type { LiveVendor } from "../../../shared/vendors/vendor";
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock";
import { REGIONS } from "../../../shared/region";

type Limit =
  | { readonly name: string; readonly kind: "window"; readonly limit: number; readonly windowMs: number }
  | { readonly name: string; readonly kind: "rate"; readonly limit: number; readonly windowMs: number; readonly burst: number };

interface Verdict {
  readonly allowed: boolean;
  readonly retryAfterMs: number;
}

interface BreakerPolicy {
  readonly failures: number;
  readonly coolDownMs: number;
  readonly longestMs: number;
  readonly probeMs: number;
}

/** The part of a gate that guards a vendor. */
export interface QuotaGate {
  take(limits: readonly Limit[], now: number): Promise<Verdict>;
  enter(name: string, policy: BreakerPolicy, now: number): Promise<Verdict>;
  report(name: string, policy: BreakerPolicy, succeeded: boolean, now: number): Promise<unknown>;
  learn(name: string, learned: { readonly left: number; readonly until: number }): Promise<void>;
  isBroken(name: string): Promise<boolean>;
}

const BREAKER = "breaker";
const POLICY: BreakerPolicy = { failures: 5, coolDownMs: 30 * SECOND_MS, longestMs: 15 * MINUTE_MS, probeMs: 30 * SECOND_MS };
/** A gate that does not answer is asked again after this: a vendor's limits fail closed. */
const UNREACHED_MS = 30_000;
/** Share of a limit that comes as a burst: burst and rate together never exceed the vendor's number in any window of its length. */
const BURST = 0.2;
/** Share of the limits that the first import may use, so that somebody who waits finds room. */
const BACKFILL_SHARE = 0.6;

/**
 * Quota and circuit breaker in front of one vendor, for one account there. The vendor counts all of our traffic; gates are regional, so
 * each region takes its part of the vendor's limits.
 */
export class Quota {
  readonly #vendor: LiveVendor;
  readonly #app: QuotaGate;
  readonly #account: QuotaGate;
  readonly #now: () => number;

  /** @param app gate of the vendor in this region; @param account gate of the person's account at the vendor */
  constructor(vendor: LiveVendor, app: QuotaGate, account: QuotaGate, now: () => number) {
    this.#vendor = vendor;
    this.#app = app;
    this.#account = account;
    this.#now = now;
  }

  /** Milliseconds to wait before the next call; 0 where it may be made now. Whoever gets 0 calls `report`. */
  async ask(backfill: boolean): Promise<number> {
    const now = this.#now();
    try {
      const ofAccount = await this.#account.take(this.#limits(["user"], 1, backfill), now);
      if (!ofAccount.allowed) return Math.max(1, ofAccount.retryAfterMs);
      const ofApp = await this.#app.take(this.#limits(["app", "app_day"], REGIONS.length, backfill), now);
      if (!ofApp.allowed) return Math.max(1, ofApp.retryAfterMs);
      const closed = await this.#app.enter(BREAKER, POLICY, now);
      return closed.allowed ? 0 : Math.max(1, closed.retryAfterMs);
    } catch {
      return UNREACHED_MS;
    }
  }

  /** Tells the breaker how a call ended. */
  async report(succeeded: boolean): Promise<void> {
    try {
      await this.#app.report(BREAKER, POLICY, succeeded, this.#now());
    } catch {
      // The gate gives up a probe that never reports; nothing else depends on this.
    }
  }

  /** What the vendor's reply said of one of its limits. The app's are shared by our regions: each takes its part of what is left. */
  async learn(scope: string, left: number, until: number): Promise<void> {
    const ofUser = scope === "user";
    try {
      await (ofUser ? this.#account : this.#app).learn(scope, { left: ofUser ? left : Math.floor(left / REGIONS.length), until });
    } catch {
      // Our own count holds.
    }
  }

  /** Whether nobody in the region gets an answer of the vendor now; false where that cannot be found out. */
  async isBroken(): Promise<boolean> {
    try {
      return await this.#app.isBroken(BREAKER);
    } catch {
      return false;
    }
  }

  /** The vendor said that the account has no calls left until then. */
  async limited(until: number): Promise<void> {
    const [limit] = this.#limits(["user"], 1, false);
    if (limit === undefined) return;
    try {
      await this.#account.learn(limit.name, { left: 0, until });
    } catch {
      // The connection itself keeps the time until which nothing is asked.
    }
  }

  #limits(scopes: readonly string[], parts: number, backfill: boolean): Limit[] {
    return this.#vendor.limits
      .filter(({ scope }) => scopes.includes(scope))
      .flatMap(({ scope, n, windowS, align }) => {
        const share = Math.max(1, Math.floor(n / parts));
        const whole = limitOf(scope, share, windowS * 1000, align);
        const ofPast = Math.max(1, Math.floor(share * BACKFILL_SHARE));
        return backfill ? [whole, limitOf(`${scope}_backfill`, ofPast, windowS * 1000, align)] : [whole];
      });
  }
}

function limitOf(name: string, n: number, windowMs: number, align: boolean): Limit {
  if (align) return { name, kind: "window", limit: n, windowMs };
  const burst = Math.max(1, Math.floor(n * BURST));
  // Of one call a window nothing is left beside the burst: it is whole again when the window is over.
  return { name, kind: "rate", limit: Math.max(1, n - burst), windowMs, burst };
}
