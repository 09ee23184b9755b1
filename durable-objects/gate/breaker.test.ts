import { describe, expect, it } from "vitest";
import { afterCall, type Breaker, type BreakerPolicy, CLOSED, enter } from "./breaker";

const POLICY: BreakerPolicy = { failures: 3, coolDownMs: 1_000, longestMs: 5_000, probeMs: 200 };
const NOW = Date.UTC(2026, 10, 20);

function broken(): Breaker {
  let breaker = CLOSED;
  for (let i = 0; i < POLICY.failures; i++) breaker = afterCall(POLICY, breaker, false, NOW);
  return breaker;
}

describe("a breaker", () => {
  it("opens after failures in a row, and a success between them counts", () => {
    let breaker = CLOSED;
    for (const succeeded of [false, false, true, false, false]) breaker = afterCall(POLICY, breaker, succeeded, NOW);
    expect(enter(POLICY, breaker, NOW).verdict.allowed).toBe(true);
    expect(enter(POLICY, broken(), NOW).verdict).toEqual({ allowed: false, retryAfterMs: 1_000 });
  });

  it("lets one probe through after its time, and a second one only when the first is given up", () => {
    const probing = enter(POLICY, broken(), NOW + 1_000);
    expect(probing.verdict.allowed).toBe(true);
    expect(enter(POLICY, probing.after, NOW + 1_100).verdict).toEqual({ allowed: false, retryAfterMs: 100 });
    expect(enter(POLICY, probing.after, NOW + 1_200).verdict.allowed).toBe(true);
  });

  it("closes when the probe succeeds", () => {
    const { after } = enter(POLICY, broken(), NOW + 1_000);
    expect(afterCall(POLICY, after, true, NOW + 1_050)).toEqual(CLOSED);
  });

  it("stays open for twice as long each time a probe fails, up to the longest", () => {
    let breaker = broken();
    const waits: number[] = [];
    for (let i = 0; i < 5; i++) {
      const at = breaker.until;
      breaker = afterCall(POLICY, enter(POLICY, breaker, at).after, false, at);
      waits.push(breaker.until - at);
    }
    expect(waits).toEqual([2_000, 4_000, 5_000, 5_000, 5_000]);
  });

  it("does not listen to calls that began before it opened", () => {
    const open = broken();
    expect(afterCall(POLICY, open, true, NOW)).toBe(open);
    expect(afterCall(POLICY, open, false, NOW)).toBe(open);
  });
});
