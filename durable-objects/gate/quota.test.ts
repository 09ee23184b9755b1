import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Limit, type Quota, quotaExpiresAt, takeFrom, UNUSED } from "./quota";

const HOURLY: Limit = { name: "hourly", kind: "window", limit: 3, windowMs: 3_600_000 };
const SMOOTH: Limit = { name: "smooth", kind: "rate", limit: 60, windowMs: 60_000, burst: 5 };
const NOW = Date.UTC(2026, 10, 20, 10, 20);

function drain(limit: Limit, from: Quota, now: number): { taken: number; quota: Quota; retryAfterMs: number } {
  let quota = from;
  for (let taken = 0; ; taken++) {
    const { verdict, after } = takeFrom(limit, quota, 1, now);
    if (!verdict.allowed) return { taken, quota, retryAfterMs: verdict.retryAfterMs };
    quota = after;
  }
}

describe("a window", () => {
  it("gives its limit once and then waits for the next full window", () => {
    const { taken, quota, retryAfterMs } = drain(HOURLY, UNUSED, NOW);
    expect(taken).toBe(3);
    expect(retryAfterMs).toBe(40 * 60_000);
    expect(drain(HOURLY, quota, NOW + retryAfterMs).taken).toBe(3);
  });

  it("refuses a cost that never fits, and takes nothing", () => {
    const { verdict, after } = takeFrom(HOURLY, UNUSED, 4, NOW);
    expect(verdict.allowed).toBe(false);
    expect(after).toBe(UNUSED);
  });
});

describe("a rate", () => {
  it("gives its burst at once and then one per interval", () => {
    const { taken, quota, retryAfterMs } = drain(SMOOTH, UNUSED, NOW);
    expect(taken).toBe(5);
    expect(retryAfterMs).toBe(1_000);
    expect(drain(SMOOTH, quota, NOW + 1_000).taken).toBe(1);
    expect(drain(SMOOTH, quota, NOW + 60_000).taken).toBe(5);
  });

  it("never gives more than the burst and the rate together, however it is asked", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3_000), { maxLength: 200 }), (gaps) => {
        let now = NOW;
        let quota: Quota = UNUSED;
        let given = 0;
        let misled = 0;
        for (const gap of gaps) {
          now += gap;
          const { verdict, after } = takeFrom(SMOOTH, quota, 1, now);
          if (verdict.allowed) given++;
          else if (!takeFrom(SMOOTH, quota, 1, now + verdict.retryAfterMs).verdict.allowed) misled++;
          quota = after;
        }
        expect(misled).toBe(0);
        expect(given).toBeLessThanOrEqual(5 + (now - NOW) / 1_000);
      }),
    );
  });
});

describe("what a vendor says", () => {
  it("bounds our own count until its time", () => {
    const told: Quota = { ...UNUSED, learnedLeft: 1, learnedUntil: NOW + 5_000 };
    const { taken, quota, retryAfterMs } = drain(HOURLY, told, NOW);
    expect(taken).toBe(1);
    expect(retryAfterMs).toBe(5_000);
    expect(drain(HOURLY, quota, NOW + 5_000).taken).toBe(2);
  });

  it("does not lift our own count", () => {
    expect(drain(HOURLY, { ...UNUSED, learnedLeft: 100, learnedUntil: NOW + 5_000 }, NOW).taken).toBe(3);
  });
});

it("a quota expires when it is whole again", () => {
  for (const limit of [HOURLY, SMOOTH]) {
    const { taken, quota } = drain(limit, UNUSED, NOW);
    expect(drain(limit, quota, Math.ceil(quotaExpiresAt(limit, quota))).taken).toBe(taken);
  }
});
