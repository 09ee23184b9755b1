import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BreakerGate, breakerOf, breakerOfEndpoint, Breakers, saidOf } from "./breakers";
import type { Outcome } from "./channels/outcome";

const DOWN: Outcome = { kind: "retry", reason: "http_503" };
const SENT: Outcome = { kind: "sent" };

/** A gate that opens after three failures for ten seconds, and counts how often it was asked. */
function world() {
  let [failures, openUntil, asked, reported] = [0, 0, 0, 0];
  const clock = { at: 1_000_000 };
  const gate: BreakerGate = {
    enter: async (_name, _policy, now) => {
      asked++;
      return await Promise.resolve({ allowed: now >= openUntil, retryAfterMs: Math.max(0, openUntil - now) });
    },
    report: async (_name, _policy, succeeded, now) => {
      reported++;
      failures = succeeded ? 0 : failures + 1;
      if (failures >= 3) openUntil = now + 10_000;
      return await Promise.resolve(failures === 0);
    },
  };
  const breakers = new Breakers(
    "eu",
    () => gate,
    () => clock.at,
    new Map(),
  );
  return { clock, breakers, gate, counts: () => ({ asked, reported }) };
}

describe("breakers of those who bring messages", () => {
  test("put off without a call while one is open, and say for how long", async () => {
    const { clock, breakers } = world();
    for (let i = 0; i < 3; i++) expect(await breakers.through(breakerOf("mail"), async () => await Promise.resolve(DOWN))).toEqual(DOWN);
    let calls = 0;
    const send = async () => await Promise.resolve((calls++, SENT));
    expect(await breakers.through(breakerOf("mail"), send)).toEqual({ kind: "deferred", afterMs: 10_000 });
    clock.at += 4_000;
    expect(await breakers.through(breakerOf("mail"), send)).toMatchObject({ kind: "deferred" });
    expect(calls).toBe(0);
    // A clock that went back is no reason to believe what is known.
    clock.at += 6_000;
    expect([await breakers.through(breakerOf("mail"), send), calls]).toEqual([SENT, 1]);
  });

  test("ask the gate once in a while when all goes well, and tell it of each failure", async () => {
    const { clock, breakers, counts } = world();
    for (let i = 0; i < 100; i++) await breakers.through(breakerOf("fcm"), async () => await Promise.resolve(SENT));
    expect(counts()).toEqual({ asked: 1, reported: 1 });
    await breakers.through(breakerOf("fcm"), async () => await Promise.resolve(DOWN));
    await breakers.through(breakerOf("fcm"), async () => await Promise.resolve(SENT));
    expect(counts()).toEqual({ asked: 2, reported: 3 });
    clock.at += 60_000;
    await breakers.through(breakerOf("fcm"), async () => await Promise.resolve(SENT));
    expect(counts().asked).toBe(3);
    await expect(breakers.through(breakerOf("fcm"), async () => await Promise.reject(new Error("fault")))).rejects.toThrow("fault");
    expect(counts().reported).toBe(5);
  });

  test("hold nothing back where the gate does not answer", async () => {
    const fails = async () => await Promise.reject(new Error("no gate"));
    const breakers = new Breakers("eu", () => ({ enter: fails, report: fails }), Date.now, new Map());
    expect(await breakers.through(breakerOf("sms"), async () => await Promise.resolve(SENT))).toEqual(SENT);
  });

  test("whatever happens, what is put off was not sent, and what was sent has the sender's own outcome", async () => {
    const steps = fc.array(fc.record({ after: fc.integer({ min: 0, max: 12_000 }), isDown: fc.boolean() }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const { clock, breakers } = world();
        for (const { after, isDown } of list) {
          clock.at += after;
          let calls = 0;
          const given = isDown ? DOWN : SENT;
          const outcome = await breakers.through(breakerOf("apns"), async () => await Promise.resolve((calls++, given)));
          expect(calls).toBe(outcome.kind === "deferred" ? 0 : 1);
          if (outcome.kind === "deferred") expect(outcome.afterMs).toBeGreaterThan(0);
          else expect(outcome).toEqual(given);
        }
      }),
      { numRuns: 60 },
    );
  });
});

test("each push service has a breaker, and somebody's own keeps its name to itself", async () => {
  const name = async (url: string) => (await breakerOfEndpoint(url)).name;
  expect(await name("https://fcm.googleapis.com/fcm/send/x")).toBe("fcm.googleapis.com");
  expect(await name("https://wns2-par02p.notify.windows.com/w/?token=x")).toBe("notify.windows.com");
  const own = await name("https://push.ada.example/1");
  expect([own, await name("https://push.ada.example/2")]).toEqual([expect.stringMatching(/^other-[0-9a-f]{16}$/), own]);
  expect(await name("https://notify.windows.com.evil.example/")).toMatch(/^other-/);
});

test("a refusal is an answer; too many calls to one device say nothing against its service", () => {
  expect(saidOf("mail", { kind: "failed", reason: "http_400" })).toBe("answers");
  expect(saidOf("web_push", { kind: "gone", reason: "http_410" })).toBe("answers");
  expect(saidOf("web_push", { kind: "gone", reason: "url_not_allowed" })).toBe("nothing");
  expect([saidOf("apns", { kind: "retry", reason: "http_429" }), saidOf("sms", { kind: "retry", reason: "http_429" })]).toEqual([
    "answers",
    "fails",
  ]);
});
