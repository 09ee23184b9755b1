import { MINUTE_MS, SECOND_MS } from "../clock";
import { sha256Hex } from "../crypto/sha256";
import type { Outcome } from "./channels/outcome";

/** Those who bring messages to people. */
export const CARRIERS = ["web_push", "fcm", "apns", "sms", "mail"] as const;
export type Carrier = (typeof CARRIERS)[number];

/** One breaker: whose, and its name at the gate of that carrier. */
export interface CarrierBreaker {
  readonly carrier: Carrier;
  readonly name: string;
}

/** Opens after failures in a row; then one message at a time finds out, after longer and longer waits. */
export const CARRIER_POLICY = { failures: 5, coolDownMs: 30 * SECOND_MS, longestMs: 15 * MINUTE_MS, probeMs: 30 * SECOND_MS } as const;
type Policy = { readonly failures: number; readonly coolDownMs: number; readonly longestMs: number; readonly probeMs: number };

/** The part of a region's gate of a carrier that is needed here. */
export interface BreakerGate {
  enter(name: string, policy: Policy, now: number): Promise<{ readonly allowed: boolean; readonly retryAfterMs: number }>;
  /** Answers whether the breaker is closed now and counts no failure. */
  report(name: string, policy: Policy, succeeded: boolean, now: number): Promise<boolean>;
}

/** Name of a carrier's gate. */
export function carrierGate(carrier: Carrier): string {
  return `carrier:${carrier}`;
}

const WHOLE = "breaker";
/** Push services that many browsers have. Each host is a service of its own; of some, hosts are many. */
export const PUSH_SERVICES = [
  "fcm.googleapis.com",
  "updates.push.services.mozilla.com",
  "web.push.apple.com",
  "notify.windows.com",
] as const;

export function breakerOf(carrier: Exclude<Carrier, "web_push">): CarrierBreaker {
  return { carrier, name: WHOLE };
}

/** The breaker of the push service behind a browser's endpoint. One that is somebody's own keeps its name to itself. */
export async function breakerOfEndpoint(endpoint: string): Promise<CarrierBreaker> {
  const host = URL.parse(endpoint)?.hostname ?? "";
  const known = PUSH_SERVICES.find((name) => host === name || host.endsWith(`.${name}`));
  return { carrier: "web_push", name: known ?? `other-${(await sha256Hex(host)).slice(0, 16)}` };
}

/**
 * What an outcome says of the carrier. A refusal is an answer. Too many calls to one device say nothing against its push service; too many of
 * our letters or text messages do. What was decided before anybody was called says nothing.
 */
export function saidOf(carrier: Carrier, outcome: Outcome): "answers" | "fails" | "nothing" {
  switch (outcome.kind) {
    case "sent":
    case "failed":
    case "suppressed":
      return "answers";
    case "gone":
      return outcome.reason === "key_gone" || outcome.reason === "url_not_allowed" ? "nothing" : "answers";
    case "deferred":
      return "nothing";
    case "retry":
      return outcome.reason === "http_429" && carrier !== "sms" && carrier !== "mail" ? "answers" : "fails";
  }
}

/** What an isolate knows of breakers by itself, so that a gate is not asked before and after each message. */
export type Known = Map<string, { readonly isClosed: boolean; readonly from: number; readonly until: number }>;
const KNOWN: Known = new Map();
/** A closed breaker is taken for closed for so long. */
const CLOSED_FOR_MS = 5 * SECOND_MS;

/**
 * Circuit breakers of a region, one for each carrier and push service. A message that meets an open one is put off, and no attempt of its is
 * used up. A gate that does not answer holds nothing back: the waits between attempts do.
 */
export class Breakers {
  readonly #region: string;
  readonly #gate: (carrier: Carrier) => BreakerGate;
  readonly #now: () => number;
  readonly #known: Known;

  constructor(region: string, gate: (carrier: Carrier) => BreakerGate, now: () => number, known: Known = KNOWN) {
    this.#region = region;
    this.#gate = gate;
    this.#now = now;
    this.#known = known;
  }

  /** Sends, or puts off. Throws what `send` throws. */
  async through({ carrier, name }: CarrierBreaker, send: () => Promise<Outcome>): Promise<Outcome> {
    const key = `${this.#region} ${carrier} ${name}`;
    const gate = this.#gate(carrier);
    const known = this.#knownAt(key);
    if (known?.isClosed === false) return { kind: "deferred", afterMs: Math.max(1, known.until - this.#now()) };
    if (known === undefined) {
      const { allowed, retryAfterMs } = await gate
        .enter(name, CARRIER_POLICY, this.#now())
        .catch(() => ({ allowed: true, retryAfterMs: 0 }));
      if (!allowed) {
        this.#know(key, false, retryAfterMs);
        return { kind: "deferred", afterMs: Math.max(1, retryAfterMs) };
      }
    }
    let outcome: Outcome | undefined;
    try {
      outcome = await send();
      return outcome;
    } finally {
      const said = outcome === undefined ? "fails" : saidOf(carrier, outcome);
      if (said === "fails") this.#known.delete(key);
      // What is known to be closed need not hear that it goes well.
      if (said === "fails" || (said === "answers" && known === undefined)) {
        const isClosed = await gate.report(name, CARRIER_POLICY, said === "answers", this.#now()).catch(() => false);
        if (isClosed) this.#know(key, true, CLOSED_FOR_MS);
      }
    }
  }

  #knownAt(key: string) {
    const known = this.#known.get(key);
    const now = this.#now();
    if (known !== undefined && known.from <= now && now < known.until) return known;
    this.#known.delete(key);
    return undefined;
  }

  #know(key: string, isClosed: boolean, forMs: number): void {
    const now = this.#now();
    // Hosts come from outside: what an isolate remembers of them has an end.
    if (this.#known.size > 1_000) this.#known.clear();
    this.#known.set(key, { isClosed, from: now, until: now + forMs });
  }
}
