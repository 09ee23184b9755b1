import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../shared/clock";
import { newId, regionOf, systemRandom } from "../../shared/id";
import { Breakers } from "../../shared/notifications/breakers";
import { webhookHeaders } from "../../shared/webhooks/signing";
import { standInBases } from "../../test/notifications/accounts";
import { ProviderStandIn } from "../../test/notifications/stand-in";
import { type RegisteredPerson, registerPerson } from "../../test/people";
import { regional } from "../regional";
import {
  DUE_GUESTS,
  dropGuestMessage,
  EARLIER_GUESTS,
  KEEP_GUEST,
  keepGuestMessage,
  noteStop,
  sendGuestMessage,
  sweepGuestMessages,
} from "./guests";
import { hearMail } from "./hear";
import { type NotificationPorts, notificationPorts } from "./ports";
import { readUnsubscription } from "./unsubscribe";

const BASE = "https://providers.example.com";
const SECRET = JSON.stringify({
  ...(JSON.parse(env.NOTIFICATION_CREDENTIALS ?? "{}") as Record<string, unknown>),
  sms: { account: "AC00000000000000000000000000000000", token: "a token of the account, secret", from: "+15005550006" },
  mail: { key: "re_local_0123456789", webhookSecret: `whsec_${btoa("a secret that both sides have")}` },
});
const { records } = regional(env, "eu");

/** Accounts at stand-ins, and a clock of the test's. */
function world() {
  const secret = SECRET;
  const clock = { at: Date.now() };
  const standIn = new ProviderStandIn(BASE, secret, () => clock.at);
  const accounts = { ...env, NOTIFICATION_CREDENTIALS: secret, NOTIFICATION_BASES: standInBases(BASE) };
  const gate = {
    enter: async () => await Promise.resolve({ allowed: true, retryAfterMs: 0 }),
    report: async () => await Promise.resolve(true),
  };
  const ports: NotificationPorts = {
    ...notificationPorts(accounts, () => clock.at),
    fetch: standIn.fetch,
    breakers: (region) =>
      new Breakers(
        region,
        () => gate,
        () => clock.at,
        new Map(),
      ),
  };
  return { clock, standIn, ports, secret };
}
const number = () => `+4915${String(Math.floor(Math.random() * 1e9)).padStart(9, "0")}`;
const address = () => `guest-${crypto.randomUUID()}@people.test`;
async function keep(ports: NotificationPorts, { person }: RegisteredPerson, channel: "email" | "sms", to: string) {
  const id = newId("invitation", regionOf(person.id), ports.now(), systemRandom);
  await keepGuestMessage(ports, { id, person: person.id, channel, to, subject: "You are invited", text: `Come: ${id}`, locale: "en" });
  return id;
}
const stateOf = async (id: string) =>
  await records.prepare("select state, reason, attempts, sealed is null as isForgotten from guest_messages where id = ?").bind(id).first();

describe("an invitation to somebody who may not be here", () => {
  test("goes out once, however often and by how many it is sent; a failure is tried again, later, under the same id", async () => {
    const { ports, standIn, clock } = world();
    const ada = await registerPerson("eu");
    const to = address();
    const id = await keep(ports, ada, "email", to);
    standIn.answerNext("mail", { status: 503 });
    await Promise.all([1, 2, 3].map(async () => await sendGuestMessage(ports, "eu", id)));
    expect([standIn.of("mail"), await stateOf(id)]).toMatchObject([[], { state: "waiting", attempts: 1, isForgotten: 0 }]);
    clock.at += MINUTE_MS;
    await Promise.all([sweepGuestMessages(ports), sweepGuestMessages(ports), sendGuestMessage(ports, "eu", id)]);
    expect(standIn.of("mail", to).map(({ headers }) => headers.get("idempotency-key"))).toEqual([id]);
    expect(await stateOf(id)).toMatchObject({ state: "sent", attempts: 2, isForgotten: 1 });
    // Whoever was killed after it went out: the service knows the repetition by its id.
    const other = await keep(ports, ada, "email", to);
    await sendGuestMessage(
      { ...ports, fetch: async (url, init) => (await standIn.fetch(url, init), Promise.reject(new Error("killed"))) },
      "eu",
      other,
    );
    clock.at += MINUTE_MS;
    await sweepGuestMessages(ports);
    expect([standIn.of("mail", to).length, standIn.faults]).toEqual([2, []]);
  });

  test("is not sent where it was taken back, or is a day old; what nobody could send keeps no address", async () => {
    const { ports, standIn, clock } = world();
    const ada = await registerPerson("eu");
    const [revoked, old] = [await keep(ports, ada, "sms", number()), await keep(ports, ada, "sms", number())];
    await dropGuestMessage(records, revoked);
    clock.at += DAY_MS + HOUR_MS;
    await sweepGuestMessages(ports);
    expect([standIn.of("sms"), await stateOf(revoked), await stateOf(old)]).toMatchObject([
      [],
      { state: "dropped", reason: "revoked", isForgotten: 1 },
      { state: "dropped", reason: "expired", isForgotten: 1 },
    ]);
  });

  test("goes to nobody who said STOP, unsubscribed with one click, or complained, and nobody is told that", async () => {
    const { ports, standIn, secret } = world();
    const [ada, ben] = [await registerPerson("eu"), await registerPerson("us")];
    const [phone, mail, other] = [number(), address(), address()];
    const go = async (channel: "email" | "sms", to: string) => {
      const id = await keep(ports, ada, channel, to);
      await sendGuestMessage(ports, "eu", id);
      return await stateOf(id);
    };
    expect([await go("sms", phone), await go("email", mail), await go("email", other)]).toMatchObject([
      { state: "sent" },
      { state: "sent" },
      { state: "sent" },
    ]);
    await noteStop(ports, "sms", phone, true);
    const link = /"List-Unsubscribe":"<(\S+?)>"/.exec(JSON.stringify(standIn.of("mail", mail)[0]?.body))?.[1] ?? "";
    expect(link).not.toContain("people.test");
    const stop = await readUnsubscription(ports, link.split("/").pop() ?? "");
    expect(stop).toEqual({ contact: mail });
    await noteStop(ports, "email", mail.toUpperCase(), true);
    const told = JSON.stringify({ type: "email.complained", data: { to: [other], tags: standIn.of("mail", other)[0]?.body["tags"] } });
    const { webhookSecret } = (JSON.parse(secret) as { mail: { webhookSecret: string } }).mail;
    await hearMail(ports, new Headers(await webhookHeaders([webhookSecret], "msg_1", ports.now(), told)), new TextEncoder().encode(told));
    for (const [channel, to] of [
      ["sms", phone],
      ["email", mail],
      ["email", other],
    ] as const)
      expect(await go(channel, to)).toMatchObject({ state: "dropped", reason: "stop", attempts: 0, isForgotten: 1 });
    // Said in one region, it counts in all.
    const id = newId("invitation", "us", ports.now(), systemRandom);
    await keepGuestMessage(ports, { id, person: ben.person.id, channel: "sms", to: phone, subject: "", text: "x", locale: "en" });
    await sendGuestMessage(ports, "us", id);
    expect(standIn.of("sms").length).toBe(1);
    await noteStop(ports, "sms", phone, false);
    expect(await go("sms", phone)).toMatchObject({ state: "sent" });
    standIn.answerNext("sms", { status: 400, body: { code: 21_610 } });
    const third = number();
    expect([await go("sms", third), await go("sms", third)]).toMatchObject([
      { state: "dropped", reason: "stop", attempts: 1 },
      { state: "dropped", attempts: 0 },
    ]);
  });

  test("is limited: ten text messages a day for who invites, three a month for who gets them; and refused where none are sent", async () => {
    const { ports, standIn, clock } = world();
    const [ada, ben] = [await registerPerson("eu"), await registerPerson("eu")];
    const to = number();
    for (const as of [ada, ben, ada, ben]) await sendGuestMessage(ports, "eu", await keep(ports, as, "sms", to));
    expect(standIn.of("sms", to).length).toBe(3);
    // All at once, and none too many.
    const tried = await Promise.allSettled(Array.from({ length: 12 }, async () => await keep(ports, ada, "sms", number())));
    expect(tried.filter(({ status }) => status === "fulfilled").length).toBe(8);
    expect(tried.filter((one) => one.status === "rejected").map(({ reason }) => (reason as { code: string }).code)).toEqual(
      Array.from({ length: 4 }, () => "rate_limited"),
    );
    clock.at += DAY_MS + 1;
    await keep(ports, ada, "sms", number());
    const { sms: _sms, ...without } = ports.credentials;
    await expect(keep({ ...ports, credentials: without, outbox: undefined }, ben, "sms", number())).rejects.toMatchObject({
      code: "unavailable",
    });
  });

  test("is one of three a month for an address, whichever regions it is invited from; and a stop that a carrier tells holds in all", async () => {
    const { ports, standIn, clock } = world();
    const people = await Promise.all((["eu", "us", "ap"] as const).map(async (region) => await registerPerson(region)));
    const to = number();
    const go = async (person: RegisteredPerson, phone: string) => {
      clock.at += 1;
      await sendGuestMessage(ports, regionOf(person.person.id), await keep(ports, person, "sms", phone));
    };
    for (const person of [...people, ...people]) await go(person, to);
    expect(standIn.of("sms", to).length).toBe(3);
    const stopped = number();
    standIn.answerNext("sms", { status: 400, body: { code: 21_610 } });
    const before = standIn.of("sms").length;
    for (const person of people) await go(person, stopped);
    expect(standIn.of("sms").length - before).toBe(0);
  });

  test("is found through indexes", async () => {
    const plan = async (query: string, n: number) =>
      (
        await records
          .prepare(`explain query plan ${query}`)
          .bind(...Array.from({ length: n }, () => "1"))
          .all<{ detail: string }>()
      ).results
        .map(({ detail }) => detail)
        .join("\n");
    expect(await plan(DUE_GUESTS, 2)).toContain("USING INDEX guest_messages_due (due_at<?)");
    expect(await plan(EARLIER_GUESTS, 4)).toContain("guest_messages_by_recipient (recipient_hash=? AND created_at>? AND created_at<?)");
    const kept = await plan(KEEP_GUEST, 10);
    for (const index of ["guest_messages_by_person", "guest_messages_by_recipient"]) expect(kept).toContain(index);
    expect(kept).not.toMatch(/SCAN (?!json_each|said|CONSTANT)/);
  });
});
