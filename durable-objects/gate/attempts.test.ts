import { describe, expect, it } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../shared/clock";
import { ATTEMPT_POLICIES, type Attempts, attemptsExpireAt, NO_ATTEMPTS, takeBack, tryAttempt } from "./attempts";

const POLICY = ATTEMPT_POLICIES.account;
const NOW = Date.UTC(2026, 10, 20);

function fail(times: number, from: Attempts = NO_ATTEMPTS, now = NOW): Attempts {
  let state = from;
  for (let i = 0; i < times; i++) state = tryAttempt(POLICY, state, now).after;
  return state;
}

describe("attempts", () => {
  it("are free ten times, then wait", () => {
    const { verdict } = tryAttempt(POLICY, fail(9), NOW);
    expect(verdict.allowed).toBe(true);
    expect(tryAttempt(POLICY, fail(10), NOW).verdict).toEqual({ allowed: false, retryAfterMs: 30_000 });
  });

  it("wait twice as long after each further failure, up to a quarter of an hour", () => {
    let state = fail(10);
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      waits.push(state.lockedUntil - state.lastAt);
      state = tryAttempt(POLICY, state, state.lockedUntil).after;
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 900, 900, 900].map((seconds) => seconds * 1000));
  });

  it("that are refused change nothing", () => {
    const locked = fail(10);
    expect(tryAttempt(POLICY, locked, NOW + 1).after).toBe(locked);
  });

  it("are forgiven one by one", () => {
    const { after } = tryAttempt(POLICY, fail(10), NOW + 3 * HOUR_MS + MINUTE_MS);
    expect(after.failures).toBe(8);
    expect(after.lockedUntil).toBeLessThanOrEqual(after.lastAt);
  });

  it("expire when all are forgiven", () => {
    const state = fail(3);
    expect(attemptsExpireAt(POLICY, state)).toBe(NOW + 3 * HOUR_MS);
    expect(tryAttempt(POLICY, state, attemptsExpireAt(POLICY, state)).after.failures).toBe(1);
  });

  it("taken back leave the others", () => {
    expect(takeBack(POLICY, fail(3), NOW)).toMatchObject({ failures: 2, lockedUntil: 0 });
    expect(takeBack(POLICY, fail(10), NOW)).toMatchObject({ failures: 9, lockedUntil: 0 });
    expect(takeBack(POLICY, NO_ATTEMPTS, NOW).failures).toBe(0);
  });
});
