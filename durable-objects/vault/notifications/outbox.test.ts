import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../../shared/clock";
import { Breakers, type Carrier } from "../../../shared/notifications/breakers";
import { systemRandom } from "../../../shared/id";
import type { Preferences } from "../../../shared/notifications/preferences";
import { isQuiet } from "../../../shared/notifications/quiet-hours";
import { type News, NOTIFICATION_TYPE_NAMES, specOf } from "../../../shared/notifications/types";
import { PROVIDERS } from "../../../test/notifications/accounts";
import { ProviderStandIn } from "../../../test/notifications/stand-in";
import { freshVault } from "../../../test/vaults";
import { afterCall, type Breaker, CLOSED, enter } from "../../gate/breaker";
import { Sealer } from "../sealer";
import type { VaultState } from "../state";
import { Timers } from "../timers";
import { Addresses } from "./addresses";
import { Notifications } from "./notifications";
import { DUE_SENDS, NEXT_SEND, Outbox, RECENT_SENDS, SEND_LOG, type SendPointer, SENDS_OF_LEAD } from "./outbox";

const ZONE = "Europe/Berlin";
const NOON = Date.parse("2026-06-01T10:00:00Z");

interface World {
  at: number;
  readonly notifications: Notifications;
  readonly addresses: Addresses;
  readonly outbox: Outbox;
  readonly standIn: ProviderStandIn;
  readonly queued: SendPointer[];
  readonly sql: SqlStorage;
  /** How calls are answered; the stand-in's by default. */
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** A new life of the object on the same storage. */
  revive(): Outbox;
  /** Lets the outbox work until nothing is due before a time; the clock jumps. */
  runUntil(end: number): Promise<void>;
  tell(key: string, more?: Partial<News>): void;
  states(): Record<string, number>;
}

/** Breakers as a region's gates have them, of this test alone. */
function gates(): (carrier: Carrier) => ConstructorParameters<typeof Breakers>[1] extends (carrier: Carrier) => infer Gate ? Gate : never {
  const kept = new Map<string, Breaker>();
  return (carrier) => ({
    enter: async (name, policy, at) => {
      const { verdict, after } = enter(policy, kept.get(`${carrier} ${name}`) ?? CLOSED, at);
      kept.set(`${carrier} ${name}`, after);
      return await Promise.resolve(verdict);
    },
    report: async (name, policy, succeeded, at) => {
      const after = afterCall(policy, kept.get(`${carrier} ${name}`) ?? CLOSED, succeeded, at);
      kept.set(`${carrier} ${name}`, after);
      return await Promise.resolve(after.state === "closed" && after.failures === 0);
    },
  });
}

/** The outbox of a vault, with a clock of the test's and providers that check everything. */
async function inWorld<T>(work: (world: World) => Promise<T>): Promise<T> {
  const { person, vault } = freshVault();
  return await runInDurableObject(vault, async (_vault, { storage }) => {
    const { sql } = storage;
    let outbox: Outbox;
    const standIn = new ProviderStandIn(PROVIDERS, env.NOTIFICATION_CREDENTIALS ?? "{}", () => world.at);
    const queued: SendPointer[] = [];
    const gate = gates();
    const build = () => {
      const state: VaultState = {
        storage,
        sql,
        env,
        person,
        region: "eu",
        now: () => world.at,
        random: systemRandom,
        timers: new Timers(storage, () => world.at),
        log: () => undefined,
        profile: () => ({ timeZone: ZONE, locale: "en" }),
        record: () => {
          throw new Error("nothing is recorded");
        },
        emit: () => undefined,
        notify: (news) => notifications.tell(news),
        readNotifications: (thread) => notifications.readThread(thread),
        onRecorded: () => undefined,
      };
      const notifications = new Notifications(state);
      const addresses = new Addresses(state, new Sealer(state));
      const queue = { send: async (pointer: unknown) => void queued.push(pointer as SendPointer) } as unknown as Queue;
      const breakers = new Breakers("eu", gate, state.now, new Map());
      outbox = new Outbox(state, { notifications, addresses, queue, fetch: (url, init) => world.fetch(url, init), breakers });
      return { notifications, addresses, outbox };
    };
    const world: World = {
      at: NOON,
      ...({} as Pick<World, "notifications" | "addresses" | "outbox">),
      standIn,
      queued,
      sql,
      fetch: standIn.fetch,
      revive: () => Object.assign(world, build()).outbox,
      async runUntil(end) {
        for (let turn = 0; turn < 5_000; turn++) {
          await world.outbox.run();
          const next = sql.exec<{ at: number | null }>(NEXT_SEND).one().at;
          if (next === null || next > end) break;
          world.at = Math.max(world.at + 1, next);
        }
        world.at = Math.max(world.at, end);
      },
      tell: (key, more = {}) => void world.notifications.tell({ type: "comment", key, about: {}, ...more }),
      states: () =>
        Object.fromEntries(
          sql
            .exec<{ state: string; n: number }>("SELECT state, count(*) AS n FROM notification_sends GROUP BY state ORDER BY state")
            .toArray()
            .map(({ state, n }) => [state, n]),
        ),
    };
    Object.assign(world, build());
    try {
      return await work(world);
    } finally {
      await storage.deleteAlarm();
    }
  });
}

/** A browser that subscribed, and is known. */
async function browser({ standIn, addresses }: World, name: string): Promise<string> {
  const { vapid } = JSON.parse(env.NOTIFICATION_CREDENTIALS ?? "{}") as { vapid: { keys: Record<string, { publicKey: string }> } };
  const { endpoint, keys } = await standIn.subscribe(name, vapid.keys["1"]?.publicKey ?? "");
  const { address } = await addresses.keep("web_push", JSON.stringify({ endpoint, ...keys }), { label: null, vapid: "1" });
  return address.id;
}
const choose = (world: World, change: Partial<Preferences>) => world.notifications.settings.write(change);

describe("the outbox", () => {
  test("sends to every browser and device once, closed for it, without saying more than is wanted", async () => {
    await inWorld(async (world) => {
      await browser(world, "a");
      await browser(world, "b");
      await world.addresses.keep("fcm", "fcm-token", { label: null, vapid: null });
      await world.addresses.keep("apns", "ab12", { label: null, vapid: null });
      world.tell("1", { words: { who: "Ben", text: "secret" } });
      world.tell("1");
      await world.outbox.run();
      await world.outbox.run();
      expect(world.standIn.arrived.map(({ channel, to }) => `${channel} ${to}`).toSorted()).toEqual([
        "apns ab12",
        "fcm fcm-token",
        "web_push a",
        "web_push b",
      ]);
      expect([world.states(), world.standIn.faults]).toEqual([{ sent: 4 }, []]);
      expect(JSON.stringify(world.standIn.arrived)).not.toMatch(/Ben|secret/);
      choose(world, { content: "names" });
      world.tell("2", { words: { who: "Ben", text: "secret" } });
      await world.outbox.run();
      expect(JSON.stringify(world.standIn.of("web_push", "a")[1]?.body)).toMatch(/^(?!.*secret).*Ben has commented/);
    });
  });

  test("forgets a browser that is gone, and tries again what passes, later and later, until it gives up", async () => {
    await inWorld(async (world) => {
      const [gone, busy] = [await browser(world, "gone"), await browser(world, "busy")];
      world.standIn.unsubscribe("gone");
      world.standIn.answerNext("web_push", { status: 503 }, { status: 429, headers: { "retry-after": "600" } });
      world.tell("1", { expiresAt: NOON + 48 * HOUR_MS });
      await world.runUntil(NOON + HOUR_MS);
      expect([world.addresses.get(gone), world.addresses.get(busy)?.reachedAt]).toEqual([undefined, expect.any(Number)]);
      expect(
        world.outbox
          .log(undefined, 10)
          .map(({ state, reason, attempts }) => [state, reason, attempts])
          .toSorted(),
      ).toEqual([
        ["dropped", "http_410", 1],
        ["sent", null, 3],
      ]);
      world.standIn.answerNext("web_push", ...Array.from({ length: 20 }, () => ({ status: 500 })));
      world.tell("2", { expiresAt: NOON + 72 * HOUR_MS });
      await world.runUntil(NOON + 72 * HOUR_MS);
      expect(world.states()).toEqual({ dropped: 1, failed: 1, sent: 1 });
    });
  });

  test("gathers what is due at once for one address, sends no more than a cap an hour, and drops what was read or is too old", async () => {
    await inWorld(async (world) => {
      await browser(world, "a");
      choose(world, { modes: { comment: { push: "hourly" } } });
      for (let i = 0; i < 8; i++) world.tell(`c${i}`);
      world.tell("now", { type: "friend_request" });
      await world.runUntil(NOON + 2 * HOUR_MS);
      expect(world.standIn.of("web_push").map(({ body }) => body["title"])).toEqual(["Friend request", "8 notifications"]);
      choose(world, { modes: {} });
      for (let i = 0; i < 40; i++) {
        world.tell(`m${i}`);
        await world.outbox.run();
        world.at += MINUTE_MS / 2;
      }
      const before = world.standIn.of("web_push").length;
      expect(before).toBe(2 + 30);
      await world.runUntil(world.at + 2 * HOUR_MS);
      expect(world.standIn.of("web_push")[before]?.body["title"]).toBe("10 notifications");

      choose(world, { snoozedUntil: world.at + HOUR_MS });
      world.tell("read", { thread: "room/1" });
      world.tell("old", { type: "call" });
      world.notifications.readThread("room/1");
      await world.runUntil(world.at + 2 * HOUR_MS);
      expect(
        world.outbox
          .log(undefined, 2)
          .map(({ state, reason }) => [state, reason])
          .toSorted(),
      ).toEqual([
        ["dropped", "expired"],
        ["dropped", "read"],
      ]);
    });
  });

  test("asks again, at the moment of sending, what the person wants", async () => {
    await inWorld(async (world) => {
      await browser(world, "a");
      choose(world, { snoozedUntil: NOON + HOUR_MS });
      world.tell("1");
      choose(world, { modes: { comment: { push: "off" } }, snoozedUntil: null });
      await world.runUntil(NOON + 3 * HOUR_MS);
      expect([world.standIn.arrived, world.outbox.log(undefined, 1)[0]?.reason]).toEqual([[], "preferences"]);
      choose(world, { modes: {}, snoozedUntil: world.at + 24 * HOUR_MS });
      world.tell("2", { expiresAt: world.at + 48 * HOUR_MS });
      await world.outbox.run();
      choose(world, { snoozedUntil: null });
      world.outbox.reconsider();
      await world.outbox.run();
      expect(world.standIn.of("web_push").length).toBe(1);
    });
  });

  test("hands letters to whoever knows the address, once; lost messages of the queue, and lost answers, are made good under the same id", async () => {
    await inWorld(async (world) => {
      choose(world, { modes: { comment: { email: "now", push: "off" } } });
      world.tell("1", { expiresAt: NOON + 24 * HOUR_MS });
      await world.outbox.run();
      const id = world.queued[0]?.send ?? "";
      world.at += 3 * MINUTE_MS;
      await world.outbox.run();
      expect(world.queued.map(({ send }) => send)).toEqual([id, id]);
      const parcel = await world.outbox.take(id, "ada@people.test");
      expect(parcel).toMatchObject({ id, channel: "email", to: "ada@people.test", title: "New comment" });
      expect(await world.outbox.take(id, "ada@people.test")).toBeUndefined();
      // Whoever took it was killed.
      await world.runUntil(world.at + 10 * MINUTE_MS);
      expect(world.queued.length).toBeGreaterThan(2);
      expect(await world.outbox.take(id, "ada@people.test")).toMatchObject({ id });
      await world.outbox.settle(id, { kind: "sent" });
      await world.outbox.settle(id, { kind: "retry", reason: "late" });
      await world.outbox.hear(id, { kind: "delivered" });
      expect([world.states(), await world.outbox.take(id, "ada@people.test")]).toEqual([{ delivered: 1 }, undefined]);
    });
  });

  test("writes no more to an address that bounced, until the person has it written to again", async () => {
    await inWorld(async (world) => {
      choose(world, { modes: { comment: { email: "now", push: "off" } } });
      const send = async (key: string) => {
        world.tell(key);
        await world.outbox.run();
        const id = world.queued.at(-1)?.send ?? "";
        const parcel = await world.outbox.take(id, "Ada@people.test");
        if (parcel !== undefined) await world.outbox.settle(id, { kind: "sent" });
        return { id, isSent: parcel !== undefined };
      };
      const first = await send("1");
      await world.outbox.hear(first.id, { kind: "suppressed", reason: "bounce", address: "ada@people.test" });
      await world.outbox.hear(first.id, { kind: "suppressed", reason: "bounce", address: "ada@people.test" });
      expect([(await send("2")).isSent, world.states()]).toEqual([false, { dropped: 1, failed: 1 }]);
      const [suppression] = await world.addresses.suppressed("");
      expect(suppression).toMatchObject({ channel: "email", reason: "bounce", address: "ada@people.test" });
      world.addresses.liftById(suppression?.id ?? "");
      expect((await send("3")).isSent).toBe(true);
      expect(
        world.sql
          .exec<{ sealed: string }>("SELECT sealed FROM notification_addresses UNION SELECT sealed FROM notification_suppressions")
          .toArray()
          .join(),
      ).not.toContain("ada@");
    });
  });

  test("leaves a provider alone that fails, lets one message find out, and loses and repeats nothing of what waited; others go on", async () => {
    await inWorld(async (world) => {
      for (let i = 0; i < 6; i++) await browser(world, `b${i}`);
      await world.addresses.keep("fcm", "fcm-token", { label: null, vapid: null });
      const calls: number[] = [];
      let isDown = true;
      world.fetch = async (url, init) => {
        if (!url.includes("/push/")) return await world.standIn.fetch(url, init);
        calls.push(world.at);
        return isDown ? new Response(null, { status: 503 }) : await world.standIn.fetch(url, init);
      };
      for (let i = 0; i < 5; i++) {
        world.tell(`t${i}`, { expiresAt: NOON + 72 * HOUR_MS });
        await world.runUntil(world.at + 36 * MINUTE_MS);
        if (i === 2) world.revive();
      }
      // Three hours down with 30 messages: what was under way at first, then one at a time, after longer and longer waits.
      const probes = calls.filter((at) => at > NOON);
      expect(calls.length - probes.length).toBeLessThanOrEqual(6);
      expect(probes.length).toBeLessThanOrEqual(20);
      expect(new Set(probes).size).toBe(probes.length);
      expect(world.standIn.of("fcm").length).toBe(5);
      const waiting = world.outbox.log(undefined, 200).filter(({ channel, state }) => channel === "push" && state === "waiting");
      expect(waiting.some(({ reason, attempts }) => reason === "provider_down" && attempts === 0)).toBe(true);

      isDown = false;
      await world.runUntil(world.at + 8 * HOUR_MS);
      expect([world.states(), world.standIn.faults]).toEqual([{ sent: 35 }, []]);
      for (let i = 0; i < 6; i++) {
        const bodies = world.standIn.of("web_push", `b${i}`).map(({ body }) => body);
        expect(new Set(bodies.map(({ id }) => id)).size).toBe(bodies.length);
      }
    });
  });

  test("reads what is due, what leads and what went out through indexes", async () => {
    const plans = await inWorld(async ({ sql }) => {
      const plan = (query: string, ...values: (string | number)[]) =>
        sql
          .exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, ...values)
          .toArray()
          .map(({ detail }) => detail)
          .join();
      return [plan(DUE_SENDS, 1, 1), plan(NEXT_SEND), plan(SENDS_OF_LEAD, "x"), plan(RECENT_SENDS, "push", "x", 1), plan(SEND_LOG, "~", 1)];
    });
    expect(plans).toEqual([
      expect.stringContaining("USING INDEX notification_sends_due (due_at<?)"),
      expect.stringContaining("notification_sends_due"),
      expect.stringContaining("USING INDEX notification_sends_by_lead (lead=?)"),
      expect.stringContaining("USING INDEX notification_sends_sent (channel=? AND updated_at>?)"),
      expect.stringContaining("USING PRIMARY KEY (id<?)"),
    ]);
  });
});

test("whatever is chosen and told, and however often the object is killed: nothing goes out while it is quiet, nothing is lost, and each id carries one message", async () => {
  const minute = fc.integer({ min: 0, max: 1_439 });
  const chosen = fc.record({
    modes: fc.dictionary(
      fc.constantFrom(...NOTIFICATION_TYPE_NAMES),
      fc.record({ push: fc.constantFrom("off", "now", "hourly", "daily") } as const),
      { maxKeys: 12 },
    ),
    quietHours: fc.option(fc.record({ from: minute, to: minute, exceptHigh: fc.boolean() })),
    digestAt: minute,
  });
  // The days on which the clocks of the zone change, and another.
  const start = fc.constantFrom("2026-03-28T12:00Z", "2026-10-24T12:00Z", "2026-06-01T10:00Z").map((text) => Date.parse(text));
  const told = fc.array(
    fc.record({ type: fc.constantFrom(...NOTIFICATION_TYPE_NAMES), after: fc.integer({ min: 0, max: 600 }), isKilled: fc.boolean() }),
    { minLength: 1, maxLength: 10 },
  );
  await fc.assert(
    fc.asyncProperty(chosen, start, told, async (preferences, begin, list) => {
      await inWorld(async (world) => {
        world.at = begin;
        await browser(world, "a");
        choose(world, preferences);
        const faults: string[] = [];
        const answers = new Map<string, string>();
        let isKilled = false;
        world.fetch = async (url, init) => {
          const { quietHours } = preferences;
          const isHigh = new Headers(init.headers).get("urgency") === "high";
          if (quietHours !== null && isQuiet(ZONE, quietHours, world.at) && !(isHigh && quietHours.exceptHigh))
            faults.push(`quiet at ${new Date(world.at).toISOString()}`);
          const answer = await world.standIn.fetch(url, init);
          // It arrived, and the object dies before it hears of that.
          if (isKilled) {
            isKilled = false;
            throw new DOMException("killed", "KilledError");
          }
          return answer;
        };
        const expected = new Set<string>();
        for (const [i, one] of list.entries()) {
          await world.runUntil(world.at + one.after * MINUTE_MS);
          isKilled = one.isKilled;
          world.tell(String(i), { type: one.type, expiresAt: world.at + 30 * 24 * HOUR_MS });
          const mode = preferences.modes[one.type]?.push ?? specOf(one.type).push;
          if (mode !== "off")
            expected.add(
              world.sql
                .exec<{ notification: string }>("SELECT notification FROM notification_facts WHERE fact = ?", `${one.type}:${i}`)
                .one().notification,
            );
          if (one.isKilled) world.revive();
        }
        await world.runUntil(world.at + 6 * 24 * HOUR_MS);
        const lost = world.sql
          .exec<{ notification: string }>("SELECT notification FROM notification_sends WHERE channel = 'push' AND state = 'sent'")
          .toArray()
          .map(({ notification }) => notification);
        expect(faults).toEqual([]);
        expect(new Set(lost)).toEqual(expected);
        for (const { body } of world.standIn.of("web_push")) {
          const [id, title] = [String(body["id"]), JSON.stringify([body["notification"], body["title"], body["body"]])];
          expect(answers.get(id) ?? title).toBe(title);
          answers.set(id, title);
        }
      });
    }),
    { numRuns: 12 },
  );
});
