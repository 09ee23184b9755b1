import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { newPointPair } from "../../shared/crypto/web-push";
import { WHOLE_REACH } from "../../shared/fhir/reach";
import { newId, systemRandom } from "../../shared/id";
import { Breakers, CARRIER_POLICY } from "../../shared/notifications/breakers";
import { smsSignature } from "../../shared/notifications/provider-signatures";
import { webhookHeaders } from "../../shared/webhooks/signing";
import { standInBases, standInCredentials } from "../../test/notifications/accounts";
import { ProviderStandIn } from "../../test/notifications/stand-in";
import { fetchApp, type RegisteredPerson, registerPerson } from "../../test/people";
import { gateOf, regional, vaultOf } from "../regional";
import { carrierTroubles } from "./carriers";
import { PEOPLE_OF_PHONE } from "./deliver";
import { hearMail, hearSms } from "./hear";
import { deliverNotification, notificationPorts, notify } from "./index";
import type { NotificationPorts } from "./ports";

const itemSchema = z.looseObject({ id: z.string(), type: z.string(), title: z.string(), body: z.string(), readAt: z.string().nullable() });
const pageSchema = z.looseObject({
  items: z.array(itemSchema),
  next: z.string().nullable(),
  previous: z.string().nullable(),
  unread: z.object({ total: z.number() }),
});
const mailSchema = z.object({
  items: z.array(
    z.looseObject({ to: z.string(), subject: z.string(), text: z.string(), headers: z.record(z.string(), z.string()).optional() }),
  ),
});

async function call(person: RegisteredPerson, method: string, path: string, body?: unknown) {
  const init = body === undefined ? { method } : { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await person.fetch(path, init);
  const text = await response.text();
  return {
    status: response.status,
    body: (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>,
    etag: response.headers.get("etag"),
  };
}
const list = async (person: RegisteredPerson, query = "") =>
  pageSchema.parse((await call(person, "GET", `/v1/me/notifications${query}`)).body);
const letters = async (to: string) => mailSchema.parse(await (await fetchApp(`/v1/dev/outbox?to=${encodeURIComponent(to)}`)).json()).items;
const friend = (key: string) => ({ type: "friend_request", key, about: { friend: key }, words: { who: "Ben" } }) as const;
/** Has the vault send what is due, and whoever takes letters do so. */
async function deliver({ person }: RegisteredPerson, ports: NotificationPorts = notificationPorts(env, Date.now)): Promise<void> {
  const vault = vaultOf(env, person.id);
  const due = () =>
    runInDurableObject(vault, (_vault, { storage }) =>
      storage.sql
        .exec<{ id: string }>("SELECT id FROM notification_sends WHERE state = 'queued'")
        .toArray()
        .map(({ id }) => id),
    );
  await runInDurableObject(vault, async (instance) => await instance.alarm());
  for (const id of await due()) await deliverNotification(ports, person.id, id);
}

describe("the list", () => {
  test("pages both ways, marks one and many, and tells what is new since a cursor that is kept", async () => {
    const ada = await registerPerson("eu");
    for (const key of ["a", "b", "c", "d", "e"]) await notify(env, { person: ada.person.id, ...friend(key) });
    const top = await list(ada, "?limit=2");
    const older = await list(ada, `?limit=2&cursor=${encodeURIComponent(top.next ?? "")}`);
    const back = await list(ada, `?limit=2&cursor=${encodeURIComponent(older.previous ?? "")}`);
    expect([back.items.map(({ id }) => id), back.previous]).toEqual([top.items.map(({ id }) => id), null]);
    expect((await call(ada, "GET", `/v1/me/notifications?state=unread&cursor=${encodeURIComponent(top.next ?? "")}`)).status).toBe(422);

    const all = (await list(ada)).items;
    const [newest, second] = all;
    const changes = await call(ada, "GET", "/v1/me/notifications/changes");
    const since = z.object({ since: z.string() }).parse(changes.body).since;
    const path = `/v1/me/notifications/changes?since=${encodeURIComponent(since)}`;
    const nothing = await call(ada, "GET", path);
    expect(nothing.body).toMatchObject({ items: [], since, more: false });
    expect((await ada.fetch(path, { headers: { "if-none-match": nothing.etag ?? "" } })).status).toBe(304);
    expect(await call(ada, "PATCH", `/v1/me/notifications/${newest?.id}`, { read: true })).toMatchObject({
      status: 200,
      body: { readAt: expect.any(String) as unknown },
    });
    expect((await ada.fetch(path, { headers: { "if-none-match": nothing.etag ?? "" } })).status).toBe(200);
    expect((await call(ada, "GET", path)).body).toMatchObject({ items: [{ id: newest?.id }] });

    expect((await call(ada, "POST", "/v1/me/notifications/bulk", { action: "read", list: "unread", upTo: all[2]?.id })).body).toEqual({
      changed: 3,
      more: false,
    });
    expect((await list(ada, "?state=unread")).items.map(({ id }) => id)).toEqual([second?.id]);
    expect((await call(ada, "PATCH", `/v1/me/notifications/${second?.id}`, { snoozedUntil: "2020-01-01T00:00:00Z" })).status).toBe(422);
    expect((await call(ada, "PATCH", `/v1/me/notifications/${second?.id}`, { snoozedUntil: "2999-01-01T00:00:00Z" })).status).toBe(200);
    expect((await list(ada)).items.length).toBe(4);
    expect((await call(ada, "PATCH", `/v1/me/notifications/${second?.id}`, { read: true, archived: true })).status).toBe(422);
  });

  test("is in the reader's language, and of somebody else's nothing is there", async () => {
    const [ada, eve] = [await registerPerson("eu"), await registerPerson("eu")];
    await notify(env, { person: ada.person.id, ...friend("a") });
    const german = pageSchema.parse(await (await ada.fetch("/v1/me/notifications", { headers: { "accept-language": "de" } })).json());
    expect(german.items[0]).toMatchObject({ title: "Freundschaftsanfrage", body: "Ben möchte mit Ihnen befreundet sein." });
    expect((await call(eve, "PATCH", `/v1/me/notifications/${german.items[0]?.id}`, { read: true })).status).toBe(404);
    expect((await call(eve, "POST", "/v1/me/notifications/bulk", { action: "read", ids: [german.items[0]?.id] })).body).toMatchObject({
      changed: 0,
    });
  });
});

test("choices change by what is named, are versioned, and leave what is about rights in the list", async () => {
  const ada = await registerPerson("eu", { timeZone: "Europe/Berlin" });
  const first = await call(ada, "GET", "/v1/me/notification-preferences");
  expect(first.body).toMatchObject({ quietHours: null, timeZone: "Europe/Berlin", digestAt: "08:00", content: "plain", version: 0 });
  const change = {
    quietHours: { from: "22:00", to: "06:30" },
    modes: { reaction: { push: "off" }, message: { email: "daily" } },
    ifVersion: 0,
  };
  expect((await call(ada, "PATCH", "/v1/me/notification-preferences", change)).body).toMatchObject({
    quietHours: { from: "22:00", to: "06:30", exceptHigh: false },
    modes: { reaction: { push: "off", inbox: "now" }, message: { email: "daily", push: "now" } },
  });
  expect((await call(ada, "PATCH", "/v1/me/notification-preferences", change)).status).toBe(412);
  await call(ada, "PATCH", "/v1/me/notification-preferences", {
    modes: { message: { sms: "now" } },
    snoozedUntil: "2999-01-01T00:00:00.000Z",
  });
  expect((await call(ada, "GET", "/v1/me/notification-preferences")).body).toMatchObject({
    quietHours: { from: "22:00" },
    modes: { message: { email: "daily", sms: "now" } },
    snoozedUntil: "2999-01-01T00:00:00.000Z",
  });
  for (const wrong of [
    { modes: { access: { inbox: "off" } } },
    { modes: { message: { socket: "hourly" } } },
    { quietHours: { from: "25:00", to: "07:00" } },
    { modes: { nothing: {} } },
  ])
    expect((await call(ada, "PATCH", "/v1/me/notification-preferences", wrong)).status, JSON.stringify(wrong)).toBe(422);
  expect((await call(ada, "PUT", "/v1/me/notification-levels", { conversation: "rom_eu_1", level: "mentions" })).status).toBe(204);
  expect((await call(ada, "GET", "/v1/me/notification-levels")).body).toMatchObject({
    items: [{ conversation: "rom_eu_1", level: "mentions", until: null }],
  });
});

test("a browser registers with keys of its own at a public address, once, and is removed", async () => {
  const ada = await registerPerson("eu");
  const { publicKey } = await newPointPair();
  const subscription = {
    endpoint: "https://push.example.com/a",
    expirationTime: null,
    keys: { p256dh: publicKey, auth: "BTBZMqHH6r4Tts7J_aSIgg" },
  };
  const made = await call(ada, "POST", "/v1/me/push-subscriptions", { ...subscription, label: "Laptop" });
  expect(made).toMatchObject({ status: 201, body: { kind: "web_push", label: "Laptop" } });
  expect(await call(ada, "POST", "/v1/me/push-subscriptions", subscription)).toMatchObject({ status: 200, body: { id: made.body["id"] } });
  const listed = await call(ada, "GET", "/v1/me/push-subscriptions");
  expect(listed.body).toMatchObject({
    items: [{ id: made.body["id"] }],
    applicationServerKey: expect.stringMatching(/^B[\w-]{86}$/) as unknown,
  });
  expect(JSON.stringify(listed.body)).not.toContain("push.example.com");
  for (const [endpoint, keys] of [
    ["http://push.example.com/a", subscription.keys],
    ["https://10.1.2.3/a", subscription.keys],
    ["https://localhost/a", subscription.keys],
    [subscription.endpoint, { p256dh: "BCVx", auth: subscription.keys.auth }],
  ] as const)
    expect((await call(ada, "POST", "/v1/me/push-subscriptions", { endpoint, keys })).status, endpoint).toBe(422);
  expect((await call(ada, "DELETE", `/v1/me/devices/${String(made.body["id"])}`)).status).toBe(404);
  expect((await call(ada, "DELETE", `/v1/me/push-subscriptions/${String(made.body["id"])}`)).status).toBe(204);
  expect((await call(ada, "POST", "/v1/me/devices", { kind: "apns", token: "ab12cd34" })).status).toBe(201);
  expect((await call(ada, "GET", "/v1/me/devices")).body).toMatchObject({ items: [{ kind: "apns" }] });
});

test("a letter can be unsubscribed with one click, without signing in; to look at the link changes nothing", async () => {
  const ada = await registerPerson("eu", { locale: "de" });
  await call(ada, "PATCH", "/v1/me/notification-preferences", { modes: { friend_request: { email: "now" } } });
  await notify(env, { person: ada.person.id, ...friend("a") });
  await deliver(ada);
  const [letter] = await vi.waitFor(async () => {
    const found = (await letters(ada.email)).filter(({ subject }) => subject === "Freundschaftsanfrage");
    expect(found.length).toBe(1);
    return found;
  });
  expect(letter?.text).toContain("Jemand möchte mit Ihnen befreundet sein.");
  expect(letter?.text).not.toContain("Ben");
  expect(letter?.headers?.["List-Unsubscribe-Post"]).toBe("List-Unsubscribe=One-Click");
  const url = new URL(/^<(.+)>$/.exec(letter?.headers?.["List-Unsubscribe"] ?? "")?.[1] ?? "");
  expect(url.href).not.toContain(ada.person.id);
  const looked = await fetchApp(url.pathname);
  expect([looked.status, (await call(ada, "GET", "/v1/me/notification-preferences")).body]).toMatchObject([
    200,
    { modes: { friend_request: { email: "now" } } },
  ]);
  const form = { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: "List-Unsubscribe=One-Click" };
  for (let turn = 0; turn < 2; turn++) expect((await fetchApp(url.pathname, form)).status).toBe(200);
  expect((await call(ada, "GET", "/v1/me/notification-preferences")).body).toMatchObject({
    modes: { friend_request: { email: "off", push: "now" } },
  });
  expect((await fetchApp(`${url.pathname.slice(0, -4)}AAAA`, form)).status).toBe(404);
  const log = (await call(ada, "GET", "/v1/me/notification-deliveries")).body;
  expect(log).toMatchObject({ items: [{ channel: "email", state: "sent", address: null }] });
  expect(JSON.stringify(log)).not.toContain(ada.email);
});

test("a number is proven before anything goes to it, STOP ends it, and letters that bounce end: by calls that are signed", async () => {
  const ada = await registerPerson("eu");
  const credentials = JSON.stringify(await standInCredentials());
  const standIn = new ProviderStandIn("https://providers.example.com", credentials);
  const accounts = { ...env, NOTIFICATION_CREDENTIALS: credentials, NOTIFICATION_BASES: standInBases("https://providers.example.com") };
  const ports: NotificationPorts = { ...notificationPorts(accounts, Date.now), fetch: standIn.fetch };
  const number = `+4917${String(Date.now()).slice(-9)}`;
  expect((await call(ada, "PUT", "/v1/me/phone", { number: "0170 1234567" })).status).toBe(422);
  expect((await call(ada, "PUT", "/v1/me/phone", { number })).body).toEqual({ number, confirmedAt: null });
  await call(ada, "PATCH", "/v1/me/notification-preferences", { modes: { friend_request: { email: "now", sms: "now" } } });
  await notify(env, { person: ada.person.id, ...friend("a") });
  await deliver(ada, ports);
  expect(standIn.of("sms")).toEqual([]);
  const code = /\d{6}/.exec((await letters(number))[0]?.text ?? "")?.[0] ?? "";
  const wrong = code === "000000" ? "000001" : "000000";
  expect((await call(ada, "POST", "/v1/me/phone/confirmation", { code: wrong })).status).toBe(422);
  expect((await call(ada, "POST", "/v1/me/phone/confirmation", { code })).body).toMatchObject({
    number,
    confirmedAt: expect.any(String) as unknown,
  });

  await notify(env, { person: ada.person.id, ...friend("b") });
  await deliver(ada, ports);
  const [text] = standIn.of("sms", number);
  const callback = String(text?.body["StatusCallback"]);
  expect([String(text?.body["Body"]), standIn.faults]).toEqual([expect.stringContaining("Reply STOP"), []]);
  const { token } = (JSON.parse(credentials) as { sms: { token: string } }).sms;
  const hear = async (url: string, fields: Record<string, string>, signature?: string) =>
    await hearSms(ports, url, fields, signature ?? (await smsSignature(token, url, fields)));
  await hear(callback, { MessageStatus: "delivered", To: number });
  expect((await call(ada, "GET", "/v1/me/notification-deliveries")).body).toMatchObject({
    items: expect.arrayContaining([expect.objectContaining({ channel: "sms", state: "delivered" })]) as unknown,
  });
  const inbound = "https://meridian.test/v1/notification-events/sms";
  await expect(hear(inbound, { From: number, Body: "STOP" }, "forged")).rejects.toMatchObject({ code: "invalid_signature" });
  expect((await call(ada, "GET", "/v1/me/notification-suppressions")).body).toMatchObject({ items: [] });
  await hear(inbound, { From: number, Body: " Stop " });
  await hear(inbound, { From: number, Body: "STOP" });
  expect((await call(ada, "GET", "/v1/me/notification-suppressions")).body).toMatchObject({
    items: [{ channel: "sms", address: number, reason: "stop" }],
  });
  await notify(env, { person: ada.person.id, ...friend("c") });
  await deliver(ada, ports);
  expect(standIn.of("sms", number).length).toBe(1);
  await hear(inbound, { From: number, Body: "START" });
  expect((await call(ada, "GET", "/v1/me/notification-suppressions")).body).toMatchObject({ items: [] });

  const [letter] = standIn.of("mail", ada.email);
  const tags = (letter?.body["tags"] ?? []) as { name: string; value: string }[];
  const bounce = new TextEncoder().encode(
    JSON.stringify({ type: "email.bounced", data: { to: [ada.email], tags, bounce: { type: "Permanent" } } }),
  );
  await expect(hearMail(ports, new Headers(), bounce)).rejects.toMatchObject({ code: "invalid_signature" });
  const { webhookSecret } = (JSON.parse(credentials) as { mail: { webhookSecret: string } }).mail;
  await hearMail(ports, new Headers(await webhookHeaders([webhookSecret], "msg_1", Date.now(), new TextDecoder().decode(bounce))), bounce);
  expect((await call(ada, "GET", "/v1/me/notification-suppressions")).body).toMatchObject({
    items: [{ channel: "email", address: ada.email, reason: "bounce" }],
  });
  const before = standIn.of("mail").length;
  await notify(env, { person: ada.person.id, ...friend("d") });
  await deliver(ada, ports);
  expect(standIn.of("mail").length).toBe(before);
  // Numbers lie sealed, and under keyed hashes.
  const stored = await runInDurableObject(vaultOf(env, ada.person.id), (_vault, { storage }) =>
    JSON.stringify(storage.sql.exec("SELECT * FROM notification_addresses").toArray()),
  );
  expect(stored).not.toContain(number);
  const plan = await regional(env, "eu").records.prepare(`explain query plan ${PEOPLE_OF_PHONE}`).bind("[]").all<{ detail: string }>();
  expect(plan.results.map(({ detail }) => detail).join()).toContain("notification_phones_by_hash (phone_hash=?)");
});

test("a mail service that fails is left alone, which operators and /health see; the letter waits, and goes out once", async () => {
  const ada = await registerPerson("ap");
  const credentials = JSON.stringify(await standInCredentials());
  const standIn = new ProviderStandIn("https://providers.example.com", credentials);
  const accounts = { ...env, NOTIFICATION_CREDENTIALS: credentials, NOTIFICATION_BASES: standInBases("https://providers.example.com") };
  const gate = gateOf(env, "ap", "carrier:mail");
  // What other tests know of this breaker is not asked: each delivery looks for itself.
  const breakers = () => new Breakers("ap", () => gate, Date.now, new Map());
  const ports: NotificationPorts = { ...notificationPorts(accounts, Date.now), fetch: standIn.fetch, breakers };
  for (let i = 0; i < 5; i++) await gate.report("breaker", CARRIER_POLICY, false, Date.now());
  await call(ada, "PATCH", "/v1/me/notification-preferences", { modes: { friend_request: { email: "now" } } });
  await notify(env, { person: ada.person.id, ...friend("a") });
  await deliver(ada, ports);
  expect(standIn.of("mail")).toEqual([]);
  const deliveries = async () => (await call(ada, "GET", "/v1/me/notification-deliveries")).body;
  expect(await deliveries()).toMatchObject({ items: [{ channel: "email", state: "waiting", reason: "provider_down", attempts: 0 }] });
  const line = { carrier: "mail", service: null, region: "ap", breaker: "open" };
  expect(await carrierTroubles(env, Date.now() + 20_000)).toContainEqual(expect.objectContaining(line));
  const operator = { headers: { authorization: `Bearer ${env.OPERATIONS_SECRET}` } };
  expect(await (await fetchApp("/v1/operations/carriers", operator)).json()).toMatchObject({
    items: expect.arrayContaining([expect.objectContaining({ ...line, failures: 5 })]) as unknown,
  });
  expect((await fetchApp("/v1/operations/carriers")).status).toBe(401);
  // The wait is over, and the service is well again.
  await runInDurableObject(gate, (_gate, { storage }) => void storage.sql.exec("update breakers set until = 0"));
  await runInDurableObject(vaultOf(env, ada.person.id), (_vault, { storage }) => {
    storage.sql.exec("update notification_sends set due_at = 0");
    storage.sql.exec("update timers set due_at = 0 where kind = 'notification-sends'");
  });
  await deliver(ada, ports);
  await deliver(ada, ports);
  expect([standIn.of("mail", ada.email).length, standIn.faults]).toEqual([1, []]);
  expect(await deliveries()).toMatchObject({ items: [{ channel: "email", state: "sent", reason: null, attempts: 1 }] });
  expect((await gate.standing()).breakers).toMatchObject([{ state: "closed", failures: 0 }]);
});

test("providers without an account here, and calls without a signature, are refused", async () => {
  const call_ = async (path: string, type: string) =>
    (await fetchApp(path, { method: "POST", body: "{}", headers: { "content-type": type } })).status;
  expect(await call_("/v1/notification-events/email", "application/json")).toBe(404);
  expect(await call_("/v1/notification-events/sms", "application/x-www-form-urlencoded")).toBe(404);
});

test("the vault tells of consents, of whoever reads for the first time, of what others wrote, and of sign-ins: each once", async () => {
  const [ada, ben] = [await registerPerson("eu"), await registerPerson("us")];
  const consent = {
    grantee: { kind: "person", id: ben.person.id },
    role: "user",
    categories: ["vitals"],
    actions: ["read"],
    purpose: "personal",
  };
  const given = await call(ada, "POST", "/v1/me/consents", consent);
  for (let turn = 0; turn < 2; turn++) expect((await ben.fetch(`/v1/people/${ada.person.id}/metrics`)).status).toBe(200);
  await call(ada, "DELETE", `/v1/me/consents/${String(given.body["id"])}`);
  const app = {
    kind: "person",
    person: ada.person.id,
    session: newId("session", "eu", Date.now(), systemRandom),
    reach: WHOLE_REACH,
  } as const;
  const resource = JSON.stringify({
    resourceType: "Communication",
    status: "completed",
    payload: [{ contentString: "Your blood says rest." }],
  });
  await vaultOf(env, ada.person.id).fhir(app, { kind: "create", type: "Communication", resource });
  await vaultOf(env, ada.person.id).setProfile({ timeZone: "UTC", locale: "en" }, app.session);
  await vaultOf(env, ada.person.id).setProfile({ timeZone: "UTC", locale: "en" }, app.session);
  const found = await list(ada);
  expect(found.items.map(({ type }) => type)).toEqual(["sign_in", "care", "consent", "access", "consent"]);
  expect(found.items[3]).toMatchObject({ about: { reader: ben.person.id, kind: "person" } });
  expect(JSON.stringify(found)).not.toContain("blood");
  const inbox = z.object({ items: z.array(z.looseObject({ id: z.string() })) }).parse((await call(ada, "GET", "/v1/me/inbox")).body);
  await call(ada, "PATCH", `/v1/me/inbox/${inbox.items[0]?.id}`, { read: true });
  expect((await list(ada, "?state=unread")).items.map(({ type }) => type)).toEqual(["sign_in", "consent", "access", "consent"]);
});
