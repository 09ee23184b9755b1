import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../clock";
import { sendWebhook } from "./client";
import { checkEndpointUrl } from "./endpoint-url";
import { EVENT_PATTERNS, EVENT_TYPES, type EventType, wantsEvent } from "./events";
import { FAILING_MS, judgeAttempt, retryAfterMs, WAITS_MS } from "./schedule";
import { newWebhookSecret, webhookHeaders } from "./signing";

const still = (bytes: Uint8Array<ArrayBuffer>) => bytes.fill(0);
const NOW = Date.UTC(2026, 10, 20, 6);

describe("signatures", () => {
  test("are those of a known message", async () => {
    const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    const body = '{"type":"observation.created","timestamp":"2026-11-20T06:00:00Z","data":{"n":1}}';
    expect(await webhookHeaders([secret], "msg_1", 1_763_618_400_999, body)).toEqual({
      "webhook-id": "msg_1",
      "webhook-timestamp": "1763618400",
      "webhook-signature": "v1,t2OAPvcjB+t56AIHHdNe7UyTsCQPuflBlIL49R9/oEM=",
    });
  });

  test("are taken by an unmodified client, whatever the body, with either secret while two sign", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const [old, fresh] = [newWebhookSecret(), newWebhookSecret()];
        const body = JSON.stringify({ value });
        const headers = await webhookHeaders([fresh, old], "evt_eu_x", Date.now(), body);
        for (const secret of [old, fresh]) expect(new Webhook(secret).verify(body, { ...headers })).toEqual(JSON.parse(body));
        expect(() => new Webhook(newWebhookSecret()).verify(body, { ...headers })).toThrow();
        expect(() => new Webhook(old).verify(`${body} `, { ...headers })).toThrow();
      }),
      { numRuns: 25 },
    );
  });

  test("secrets say what they are and hold 256 bits", () => {
    expect(newWebhookSecret()).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(newWebhookSecret()).not.toBe(newWebhookSecret());
  });
});

describe("the schedule", () => {
  test("is tried eight times over a day and a bit, and then given up", () => {
    expect(WAITS_MS).toEqual([0, 5 * SECOND_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 5 * HOUR_MS, 10 * HOUR_MS, 10 * HOUR_MS]);
    const verdicts = WAITS_MS.map((_, i) => judgeAttempt({ status: 503 }, i + 1, still));
    expect(verdicts.slice(0, -1).map((v) => (v.kind === "retry" ? v.afterMs : v.kind))).toEqual(WAITS_MS.slice(1));
    expect(verdicts.at(-1)).toEqual({ kind: "failed", reason: "http_503" });
    expect(FAILING_MS).toBe(5 * DAY_MS);
  });

  test("stretches a wait by up to a fifth and never shortens it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 7 }), (byte, attempts) => {
        const verdict = judgeAttempt({ reason: "timeout" }, attempts, (bytes) => bytes.fill(byte));
        const wait = WAITS_MS[attempts] ?? Number.NaN;
        expect(verdict).toMatchObject({ kind: "retry", reason: "timeout" });
        const after = verdict.kind === "retry" ? verdict.afterMs : Number.NaN;
        expect(after).toBeGreaterThanOrEqual(wait);
        expect(after).toBeLessThanOrEqual(Math.min(wait * 1.2, 12 * HOUR_MS) + 1);
      }),
    );
  });

  test.each([
    [{ status: 200 }, 1, { kind: "delivered" }],
    [{ status: 204 }, 8, { kind: "delivered" }],
    [{ status: 410 }, 1, { kind: "gone" }],
    [{ status: 404 }, 1, { kind: "retry", afterMs: 5_000, reason: "http_404" }],
    [{ status: 404 }, 3, { kind: "failed", reason: "http_404" }],
    [{ status: 302 }, 3, { kind: "failed", reason: "redirect" }],
    [{ status: 408 }, 3, { kind: "retry", afterMs: 30 * MINUTE_MS, reason: "http_408" }],
    [{ status: 429, retryAfterMs: 60_000 }, 1, { kind: "retry", afterMs: 60_000, reason: "http_429" }],
    [{ status: 503, retryAfterMs: 30 * DAY_MS }, 1, { kind: "retry", afterMs: 12 * HOUR_MS, reason: "http_503" }],
    [{ status: 503, retryAfterMs: 1 }, 2, { kind: "retry", afterMs: 5 * MINUTE_MS, reason: "http_503" }],
    [{}, 1, { kind: "retry", afterMs: 5_000, reason: "unreachable" }],
  ] as const)("an attempt that came to %o as number %i", (attempt, attempts, verdict) => {
    expect(judgeAttempt(attempt, attempts, still)).toEqual(verdict);
  });

  test("reads Retry-After as seconds and as a date, and nothing else", () => {
    expect(
      ["120", new Date(NOW + 5_000).toUTCString(), new Date(NOW - 5_000).toUTCString(), "soon", "-3", null].map((h) =>
        retryAfterMs(h, NOW),
      ),
    ).toEqual([120_000, 5_000, 0, undefined, expect.anything(), undefined]);
  });
});

describe("filters", () => {
  const heart = { type: "readings.created", about: "heart_rate", categories: ["vitals"] } as const;
  const broken = { type: "connection.reauth_required", about: "con_eu_x", categories: ["vitals", "sleep"] } as const;
  const all = { events: null, categories: null, metrics: null };

  test.each([
    ["everything", all, true, true],
    ["the type", { ...all, events: ["readings.created"] }, true, false],
    ["the group", { ...all, events: ["readings.*", "connection.*"] }, true, true],
    ["another type", { ...all, events: ["readings.deleted"] }, false, false],
    ["a category", { ...all, categories: ["sleep" as const] }, false, true],
    ["a metric", { ...all, metrics: ["heart_rate"] }, true, true],
    ["another metric", { ...all, metrics: ["steps"] }, false, true],
  ])("%s", (_name, filter, wantsHeart, wantsBroken) => {
    expect([wantsEvent(filter, heart), wantsEvent(filter, broken)]).toEqual([wantsHeart, wantsBroken]);
  });

  test("each type is named by itself and by its group", () => {
    for (const type of Object.keys(EVENT_TYPES) as EventType[]) {
      expect(EVENT_PATTERNS).toContain(type);
      const group = `${type.split(".")[0]}.*`;
      expect(EVENT_PATTERNS).toContain(group);
      expect(wantsEvent({ ...all, events: [group] }, { ...heart, type })).toBe(true);
    }
    expect(new Set(EVENT_PATTERNS).size).toBe(EVENT_PATTERNS.length);
  });
});

describe("an endpoint's URL", () => {
  test.each([
    "http://hooks.example.com/",
    "https://localhost/",
    "https://meridian.internal/",
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://10.1.2.3/",
    "https://169.254.169.254/latest/meta-data",
    "https://93.184.216.34/",
    "https://93.184.216.34./",
    "https://[::1]/",
    "https://[2606:2800:220:1::]/",
    "https://user:secret@hooks.example.com/",
    "https://hooks.example.com/?token=secret",
    "https://hooks.example.com/#x",
    "https://localhost../",
    "ftp://hooks.example.com/",
    "javascript:alert(1)",
    "hooks.example.com",
    "",
  ])("%s is refused", (url) => {
    expect(() => checkEndpointUrl(url, [])).toThrow(expect.objectContaining({ code: "invalid" }) as Error);
  });

  test("a public name is taken, and on a developer's machine what that allows", () => {
    expect(checkEndpointUrl("https://hooks.example.com/meridian", []).href).toBe("https://hooks.example.com/meridian");
    expect(checkEndpointUrl("http://127.0.0.1:8790/hook", ["127.0.0.1:8790"]).port).toBe("8790");
    expect(() => checkEndpointUrl("http://127.0.0.1:8791/hook", ["127.0.0.1:8790"])).toThrow();
  });
});

describe("a message", () => {
  const secret = newWebhookSecret();
  const message = { url: "https://hooks.example.com/", secrets: [secret], id: "evt_eu_x", body: "{}" };

  test("goes out once, follows no redirect, and nothing of the answer but its status is read", async () => {
    const calls: (RequestInit & { url: string })[] = [];
    let cancelled = false;
    const body = new ReadableStream({ cancel: () => void (cancelled = true) });
    const sent = await sendWebhook(
      async (url, init) => {
        calls.push({ url, ...init });
        return new Response(body, { status: 302, headers: { location: "http://169.254.169.254/", "retry-after": "7" } });
      },
      () => NOW,
      message,
    );
    expect(sent).toEqual({ status: 302, durationMs: 0, retryAfterMs: 7_000 });
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({ url: message.url, method: "POST", redirect: "manual", body: "{}" });
    expect(cancelled).toBe(true);
  });

  test("that nobody takes says why in a word of ours", async () => {
    const fails = async (error: Error) => (await sendWebhook(async () => await Promise.reject(error), Date.now, message)).reason;
    expect(await fails(new TypeError("getaddrinfo ENOTFOUND hooks.example.com"))).toBe("unreachable");
    expect(await fails(new DOMException("the time is over", "TimeoutError"))).toBe("timeout");
  });
});
