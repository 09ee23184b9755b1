import { beforeEach, describe, expect, test } from "vitest";
import { standInCredentials } from "../../../test/notifications/accounts";
import { ProviderStandIn } from "../../../test/notifications/stand-in";
import { MINUTE_MS } from "../../clock";
import { systemRandom } from "../../id";
import { webhookHeaders } from "../../webhooks/signing";
import { notificationCredentials, type NotificationCredentials, providerBases } from "../credentials";
import { smsSignature, verifyMailCall, verifySmsCall } from "../provider-signatures";
import { waitAfter, WAITS_MS } from "../retries";
import { sendApns } from "./apns";
import { sendFcm } from "./fcm";
import { sendMail } from "./mail";
import type { Outcome, PushMessage } from "./outcome";
import { sendSms } from "./sms";
import { sendWebPush } from "./web-push";

/** Making keys takes its time. */
const SECRET = standInCredentials().then((credentials) => JSON.stringify(credentials));
const BASE = "https://providers.example.com";
const now = () => Date.now();
const message = (more: Partial<PushMessage> = {}): PushMessage => ({
  id: "nsd_eu_01kad7wjcm0000000000000000",
  collapse: "nfn_eu_01kad7wjcm0000000000000000",
  type: "friend_request",
  title: "Friend request",
  body: "Somebody wants to be your friend.",
  url: "https://meridian.test/notifications",
  unread: 3,
  priority: "normal",
  expiresAt: Date.now() + 5 * MINUTE_MS,
  ...more,
});

let standIn: ProviderStandIn;
let accounts: Required<NotificationCredentials>;
let send: (channel: "web_push" | "fcm" | "apns" | "sms" | "mail", more?: Partial<PushMessage>) => Promise<Outcome>;

beforeEach(async () => {
  const secret = await SECRET;
  standIn = new ProviderStandIn(BASE, secret);
  const env = { RESIDENCY: "off", NOTIFICATION_CREDENTIALS: secret, NOTIFICATION_BASES: standIn.bases };
  accounts = notificationCredentials(env) as Required<NotificationCredentials>;
  const bases = providerBases(env);
  const { vapid } = accounts;
  const { endpoint, keys } = await standIn.subscribe("browser", vapid.keys[vapid.current]?.publicKey ?? "");
  const { fetch } = standIn;
  send = async (channel, more) => {
    const one = message(more);
    if (channel === "web_push")
      return await sendWebPush(fetch, now, { place: { endpoint, ...keys }, vapid, key: vapid.current, localHosts: [] }, one);
    if (channel === "fcm") return await sendFcm(fetch, now, bases, accounts.fcm, "token", one);
    if (channel === "apns") return await sendApns(fetch, now, bases, accounts.apns, "ab12", one);
    if (channel === "sms") return await sendSms(fetch, now, bases, accounts.sms, { to: "+491701234567", text: one.body });
    return await sendMail(fetch, now, bases, accounts.mail, {
      id: one.id,
      from: "m@meridian.test",
      to: "ada@people.test",
      subject: one.title,
      text: one.body,
      headers: {},
      tags: { send: one.id },
    });
  };
});

describe.each(["web_push", "fcm", "apns", "sms", "mail"] as const)("%s", (channel) => {
  test("speaks its protocol: a service that checks everything takes the message", async () => {
    expect([await send(channel), standIn.faults]).toEqual([{ kind: "sent" }, []]);
    expect(JSON.stringify(standIn.of(channel)[0]?.body)).toContain("Somebody wants to be your friend.");
  });

  test("is tried again when the service is busy or broken, as late as it asks for, and not when it refuses", async () => {
    standIn.answerNext(channel, { status: 429, headers: { "retry-after": "90" } }, { status: 503 }, { status: 400 });
    expect(await send(channel)).toEqual({ kind: "retry", reason: "http_429", afterMs: 90_000 });
    expect(await send(channel)).toEqual({ kind: "retry", reason: "http_503" });
    expect(await send(channel)).toEqual({ kind: "failed", reason: "http_400" });
  });
});

describe("an address that is gone", () => {
  test.each([
    ["web_push", { status: 404 }],
    ["web_push", { status: 410 }],
    ["fcm", { status: 404, body: { error: { details: [{ errorCode: "UNREGISTERED" }] } } }],
    ["apns", { status: 410, body: { reason: "Unregistered" } }],
    ["apns", { status: 400, body: { reason: "BadDeviceToken" } }],
  ] as const)("of %s is told apart from a fault: %o", async (channel, answer) => {
    standIn.answerNext(channel, answer);
    expect(await send(channel)).toMatchObject({ kind: "gone" });
  });

  test("of a browser that knows a key which is no more, or at an inner address, is not called", async () => {
    const { vapid } = accounts;
    const place = { ...(await standIn.subscribe("b", "")).keys, endpoint: "https://10.0.0.1/push" };
    const gone = async (key: string, endpoint: string) =>
      await sendWebPush(standIn.fetch, now, { place: { ...place, endpoint }, vapid, key, localHosts: [] }, message());
    expect(await gone("0", "https://push.example.com/a")).toEqual({ kind: "gone", reason: "key_gone" });
    expect(await gone(vapid.current, "https://10.0.0.1/push")).toEqual({ kind: "gone", reason: "url_not_allowed" });
    expect(await gone(vapid.current, "http://push.example.com/a")).toEqual({ kind: "gone", reason: "url_not_allowed" });
    expect(standIn.arrived).toEqual([]);
  });

  test("of somebody who said STOP is suppressed", async () => {
    standIn.answerNext("sms", { status: 400, body: { code: 21_610 } });
    expect(await send("sms")).toEqual({ kind: "suppressed", reason: "stop" });
  });
});

test("Web Push says how long, how urgent and what it replaces, and goes shorter where a service takes no more", async () => {
  await send("web_push", { priority: "high", expiresAt: Date.now() + 60_500 });
  const [arrived] = standIn.of("web_push");
  expect([arrived?.headers.get("ttl"), arrived?.headers.get("urgency"), arrived?.headers.get("topic")]).toEqual([
    "60",
    "high",
    message().collapse.slice(-32),
  ]);
  standIn.answerNext("web_push", { status: 413 });
  expect(await send("web_push")).toEqual({ kind: "sent" });
  expect(standIn.of("web_push")[1]?.body).toMatchObject({ title: "Friend request", body: "" });
  expect(await send("web_push", { body: "x".repeat(5_000) })).toEqual({ kind: "sent" });
});

test("a token of FCM or Apple that ran out is renewed", async () => {
  expect(await send("fcm")).toEqual({ kind: "sent" });
  standIn.answerNext("fcm", { status: 401 });
  standIn.answerNext("apns", { status: 403, body: { reason: "ExpiredProviderToken" } });
  expect([await send("fcm"), await send("apns")]).toMatchObject([{ kind: "retry" }, { kind: "retry" }]);
  expect([await send("fcm"), await send("apns"), standIn.faults]).toEqual([{ kind: "sent" }, { kind: "sent" }, []]);
});

test("a letter that is sent again under its key arrives once", async () => {
  await send("mail");
  await send("mail");
  expect(standIn.of("mail").length).toBe(1);
});

test("a call without an answer is tried again", async () => {
  const silent = async () => await Promise.reject(new TypeError("no route"));
  expect(await sendSms(silent, now, providerBases({ RESIDENCY: "on" }), accounts.sms, { to: "+491701234567", text: "x" })).toEqual({
    kind: "retry",
    reason: "unreachable",
  });
});

describe("calls of providers are believed by their signature alone", () => {
  test("of the SMS service: over the address and every field", async () => {
    // The example of the service's documentation.
    const fields = { CallSid: "CA1234567890ABCDE", Caller: "+14158675310", Digits: "1234", From: "+14158675310", To: "+18005551212" };
    const url = "https://example.com/myapp.php?foo=1&bar=2";
    const signature = await smsSignature("12345", url, fields);
    expect(signature).toBe("L/OH5YylLD5NRKLltdqwSvS0BnU=");
    expect(await verifySmsCall("12345", url, fields, signature)).toBe(true);
    expect(await verifySmsCall("12346", url, fields, signature)).toBe(false);
    expect(await verifySmsCall("12345", url, { ...fields, Digits: "1235" }, signature)).toBe(false);
    expect(await verifySmsCall("12345", `${url}&x=1`, fields, signature)).toBe(false);
    expect(await verifySmsCall("12345", url, fields, undefined)).toBe(false);
  });

  test("of the mail service: over its number, time and exact bytes", async () => {
    const body = '{"type":"email.bounced"}';
    const { webhookSecret } = accounts.mail;
    const signed = new Headers(await webhookHeaders([webhookSecret], "msg_1", Date.now(), body));
    const renamed = new Headers([...signed].map(([name, value]): [string, string] => [name.replace("webhook-", "svix-"), value]));
    const bytes = new TextEncoder().encode(body);
    expect(await verifyMailCall(webhookSecret, renamed, bytes, Date.now())).toBe("genuine");
    expect(await verifyMailCall(webhookSecret, renamed, bytes, Date.now() + 10 * MINUTE_MS)).toBe("stale");
    expect(await verifyMailCall(webhookSecret, renamed, new TextEncoder().encode(`${body} `), Date.now())).toBe("forged");
    expect(await verifyMailCall(webhookSecret, new Headers(), bytes, Date.now())).toBe("forged");
  });
});

test("attempts follow ever later, and end", () => {
  const waits = WAITS_MS.map((_wait, i) => waitAfter(i + 1, { kind: "retry", reason: "x" }, systemRandom) ?? 0);
  for (const [i, wait] of waits.entries())
    expect(wait >= (WAITS_MS[i] ?? 0) && wait <= (WAITS_MS[i] ?? 0) * 1.2 + 1, String(wait)).toBe(true);
  expect(waitAfter(1, { kind: "retry", reason: "x", afterMs: 60_000 }, systemRandom)).toBe(60_000);
  expect(waitAfter(WAITS_MS.length + 1, { kind: "retry", reason: "x" }, systemRandom)).toBeUndefined();
});
