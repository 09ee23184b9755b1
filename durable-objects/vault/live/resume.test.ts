import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { newId } from "../../../shared/id";
import { connectVault, type LiveMessage } from "../../../test/live-client";
import { freshVault, samples } from "../../../test/vaults";
import { LiveLog } from "./log";
import { MOST_UNSEEN } from "./watchers";

const DAY = 86_400_000;
const METRICS = ["heart_rate", "spo2", "body_weight"];

const ago = (seconds: number) => Math.floor(Date.now() / 1_000) * 1_000 - seconds * 1_000;
const values = (messages: readonly LiveMessage[]) => messages.flatMap(({ items }) => items?.map(({ value }) => value) ?? []);

type Vault = ReturnType<typeof freshVault>;

/** Pretends that the last watcher left long ago. */
async function forgetWatchers({ vault }: Vault) {
  await runInDurableObject(vault, (_instance, ctx) => {
    ctx.storage.sql.exec("UPDATE live_state SET watched_until = 0");
  });
  await evictDurableObject(vault);
}

describe("a watcher that reconnects", () => {
  test("gets what it missed, and then what happens", async () => {
    const { actor, vault } = freshVault();
    const first = await connectVault(vault, actor);
    const at = ago(100);
    await vault.record(samples("heart_rate", [{ at, value: 60 }]));
    const { seq } = await first.nextOf("readings");
    first.close();
    await vault.record(samples("heart_rate", [{ at: at + 1_000, value: 61 }]));
    await vault.record(samples("heart_rate", [{ at: at - 3 * DAY, value: 62 }]));
    const again = await connectVault(vault, actor, `?after=${seq}`);
    const [hello, missed, changed] = await again.take(3);
    expect(hello).toEqual({ type: "hello", seq, head: changed?.seq });
    expect(missed).toMatchObject({ type: "readings", seq: seq + 1, prev: seq, items: [{ value: 61 }] });
    expect(changed).toMatchObject({ type: "changed", seq: seq + 2, prev: seq + 1 });
    await vault.record(samples("heart_rate", [{ at: at + 2_000, value: 63 }]));
    expect(await again.next()).toMatchObject({ seq: seq + 3, prev: seq + 2, items: [{ value: 63 }] });
  });

  test("gets only its metrics", async () => {
    const { actor, vault } = freshVault();
    const { seq } = await (await connectVault(vault, actor)).next();
    const at = ago(100);
    for (const [i, metric] of METRICS.entries()) await vault.record(samples(metric, [{ at: at + i, value: 90 }]));
    const client = await connectVault(vault, actor, `?after=${seq}&metrics=spo2`);
    await client.nextOf("hello");
    expect((await client.next()).items).toMatchObject([{ metric: "spo2" }]);
    client.send({ type: "subscribe", metrics: ["body_weight"], after: seq });
    expect(await client.next()).toMatchObject({ type: "hello", seq });
    expect((await client.next()).items).toMatchObject([{ metric: "body_weight" }]);
  });

  test("goes on after an eviction with the right numbers, whether it stayed connected or not", async () => {
    const { actor, vault } = freshVault();
    const stayed = await connectVault(vault, actor, "?metrics=heart_rate");
    const left = await connectVault(vault, actor);
    const at = ago(100);
    left.send({ type: "publish", ref: "a", items: [{ metric: "heart_rate", at: new Date(at).toISOString(), value: 60 }] });
    const { seq } = await stayed.nextOf("readings");
    await left.nextOf("ack");
    left.close();
    await evictDurableObject(vault);
    await vault.record(samples("body_weight", [{ at, value: 75 }]));
    await evictDurableObject(vault);
    await vault.record(samples("heart_rate", [{ at: at + 1_000, value: 61 }]));
    let next = await stayed.next();
    // A restart may tell the last entry again, under its number.
    while (next.seq === seq) next = await stayed.next();
    expect(next).toMatchObject({ type: "readings", seq: seq + 2, prev: seq, items: [{ metric: "heart_rate", value: 61 }] });
    const again = await connectVault(vault, actor, `?after=${seq}`);
    expect((await again.take(3)).map((message) => message.seq)).toEqual([seq, seq + 1, seq + 2]);
  });

  test("publishes after hibernation under its own session", async () => {
    const { actor, vault } = freshVault();
    const client = await connectVault(vault, actor);
    await client.nextOf("hello");
    await evictDurableObject(vault);
    client.send({ type: "publish", ref: "a", items: [{ metric: "heart_rate", at: new Date(ago(1)).toISOString(), value: 60 }] });
    expect(await client.nextOf("ack")).toMatchObject({ accepted: 1 });
    expect(await client.nextOf("readings")).toMatchObject({ items: [{ value: 60 }] });
  });
});

describe("a number that is too old", () => {
  test("0 gives the latest values, whatever brought them", async () => {
    const { actor, vault } = freshVault();
    const at = ago(100);
    await vault.record(
      samples("heart_rate", [
        { at, value: 60 },
        { at: at + 1_000, value: 64 },
      ]),
    );
    await vault.record(samples("heart_rate", [{ at: at + 500, value: 62 }], { vendor: "live" }));
    await vault.record(samples("body_weight", [{ at, value: 75 }]));
    const client = await connectVault(vault, actor, "?after=0&metrics=heart_rate");
    const [hello, snapshot] = await client.take(2);
    expect(snapshot).toMatchObject({
      type: "snapshot",
      seq: hello?.head,
      items: [{ metric: "heart_rate", value: 64, unit: "/min", source: "src_1" }],
    });
    const all = await connectVault(vault, actor, "?after=0");
    expect((await all.nextOf("snapshot")).items?.map(({ metric }) => metric)).toEqual(["heart_rate", "body_weight"]);
  });

  test("and one of a stream that does not exist", async () => {
    const { actor, vault } = freshVault();
    expect(await (await connectVault(vault, actor, "?after=4711")).nextOf("snapshot")).toMatchObject({ items: [] });
  });

  test("after nobody watched for long, the old number no longer counts as complete", async () => {
    const person = freshVault();
    const { actor, vault } = person;
    const first = await connectVault(vault, actor);
    const { seq } = await first.nextOf("hello");
    first.close();
    await first.closed;
    await forgetWatchers(person);
    const at = ago(100);
    for (let i = 0; i < 3; i++) await vault.record(samples("heart_rate", [{ at: at + i, value: 60 + i }]));
    const again = await connectVault(vault, actor, `?after=${seq}`);
    const [hello, snapshot] = await again.take(2);
    expect(hello).toMatchObject({ seq: seq + 1, head: seq + 1 });
    expect(snapshot).toMatchObject({ type: "snapshot", seq: seq + 1, items: [{ value: 62 }] });
  });

  test("while nobody watches, nothing is noted", async () => {
    const { vault } = freshVault();
    for (let i = 0; i < 3; i++) await vault.record(samples("heart_rate", [{ at: ago(100) + i, value: 60 }]));
    await runInDurableObject(vault, (_instance, ctx) => {
      expect(ctx.storage.sql.exec("SELECT head FROM live_state").one()).toEqual({ head: 1 });
      expect(ctx.storage.sql.exec("SELECT * FROM live_log").toArray()).toEqual([]);
    });
  });
});

test("a client that confirms nothing is sent away when it is far behind, and loses nothing", async () => {
  const { actor, vault } = freshVault();
  const [slow, good] = [await connectVault(vault, actor), await connectVault(vault, actor)];
  const { seq } = await slow.nextOf("hello");
  const start = ago(80_000);
  let sent = 0;
  let write = 0;
  let confirmed = seq;
  for (; sent < MOST_UNSEEN + 200_000; write++) {
    await vault.record(
      samples(
        "heart_rate",
        Array.from({ length: 500 }, (_, i) => ({ at: start + (write * 500 + i) * 1_000, value: 60 })),
      ),
    );
    for (let message = await good.nextOf("readings"); ; message = await good.nextOf("readings")) {
      sent += JSON.stringify(message).length;
      confirmed = message.seq;
      if (good.unread().length === 0) break;
    }
    good.send({ type: "seen", seq: confirmed });
  }
  expect(await slow.closed).toEqual({ code: 1013, reason: "too_slow" });
  const got = slow.unread();
  const last = got.at(-1)?.seq ?? 0;
  const again = await connectVault(vault, actor, `?after=${last}`);
  const rest: LiveMessage[] = [];
  await again.nextOf("hello");
  while ((rest.at(-1)?.seq ?? last) < confirmed) rest.push(await again.next());
  expect(values([...got, ...rest])).toHaveLength(write * 500);
});

describe("the log", () => {
  type Step = { readonly metrics: readonly number[] } | { readonly changed: number } | "send";
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ metrics: fc.array(fc.nat(2), { minLength: 1, maxLength: 3 }) }),
    fc.record({ changed: fc.nat(2) }),
    fc.constant("send" as const),
  );

  test("gives the same whole, wherever it is split", async () => {
    const { vault } = freshVault();
    await runInDurableObject(vault, (_instance, ctx) => {
      const { sql } = ctx.storage;
      fc.assert(
        fc.property(
          fc.array(step, { maxLength: 40 }),
          fc.option(fc.subarray(METRICS, { minLength: 1 }), { nil: undefined }),
          (steps, filter) => {
            sql.exec("DELETE FROM live_log");
            sql.exec("UPDATE live_state SET head = 1, sent = 1");
            const metrics = filter === undefined ? undefined : new Set(filter);
            const text = (entries: ReturnType<LiveLog["takeUnsent"]>) =>
              entries.filter((e) => e.concerns(metrics)).map((e) => e.text(metrics, 0));
            const log = new LiveLog(sql);
            const live: string[] = [];
            const seqs: number[] = [];
            const send = () => {
              const entries = log.takeUnsent();
              seqs.push(...entries.map(({ seq }) => seq));
              live.push(...text(entries));
            };
            for (const [i, one] of steps.entries()) {
              if (one === "send") send();
              else if ("changed" in one) log.appendChanged({ metric: METRICS[one.changed] ?? "", from: i, to: i }, i);
              else {
                const names = one.metrics.map((m) => METRICS[m] ?? "");
                log.appendReadings(
                  { n: names.length, metrics: [...new Set(names)], body: names.map((m) => `{"metric":"${m}","value":${i}}`).join(",") },
                  i,
                );
              }
            }
            send();
            const head = log.head();
            expect(seqs).toEqual(Array.from({ length: head - 1 }, (_, i) => i + 2));
            for (let after = 1; after <= head; after++) {
              const rest = text(log.since(after, 1e9) ?? []);
              const before = text((log.since(1, 1e9) ?? []).filter(({ seq }) => seq <= after));
              expect([...before, ...rest]).toEqual(live);
            }
            expect(log.since(0, 1e9)).toBeUndefined();
            expect(log.since(head + 1, 1e9)).toBeUndefined();
          },
        ),
      );
    });
  });

  test("is bounded, and forgets from the old end only", async () => {
    const { vault } = freshVault();
    await runInDurableObject(vault, (_instance, ctx) => {
      const { sql } = ctx.storage;
      const log = new LiveLog(sql);
      for (let i = 0; i < 300; i++) {
        log.appendReadings({ n: 500, metrics: ["heart_rate"], body: "{}" }, 1_000_000 + i);
        log.takeUnsent();
      }
      expect(log.prune(1_000_000)).toBe(true);
      const kept = log.since(log.head() - 120, 1e9);
      expect(kept).toHaveLength(120);
      expect(log.since(log.head() - 121, 1e9)).toBeUndefined();
      expect(log.prune(1_000_000_000)).toBe(false);
      expect(log.since(log.head(), 1e9)).toEqual([]);
    });
  });

  test("empties by the timer when nobody watches", async () => {
    const { actor, vault } = freshVault();
    const client = await connectVault(vault, actor);
    await vault.record(samples("heart_rate", [{ at: ago(1), value: 60 }]));
    await client.nextOf("readings");
    client.close();
    await client.closed;
    await runInDurableObject(vault, (_instance, ctx) => {
      ctx.storage.sql.exec("UPDATE live_log SET at = 0");
      ctx.storage.sql.exec("UPDATE timers SET due_at = 1 WHERE kind = 'live'");
    });
    await runDurableObjectAlarm(vault);
    await runInDurableObject(vault, (_instance, ctx) => {
      expect(ctx.storage.sql.exec("SELECT * FROM live_log").toArray()).toEqual([]);
    });
  });
});

describe("a redeemed ticket", () => {
  const ticket = () => ({ id: newId("ticket", "eu", Date.now()), until: Date.now() + 30_000 });

  test("opens one socket", async () => {
    const { actor, vault } = freshVault();
    const once = ticket();
    await (await connectVault(vault, actor, "", once)).nextOf("hello");
    await evictDurableObject(vault);
    await expect(connectVault(vault, actor, "", once)).rejects.toThrow("unauthenticated");
  });

  test("opens nothing after its time, nor for an ended session", async () => {
    const { actor, vault } = freshVault();
    await expect(connectVault(vault, actor, "", { ...ticket(), until: Date.now() - 1 })).rejects.toThrow("unauthenticated");
    await vault.revokeSession(actor.session, Date.now() + 60_000);
    await expect(connectVault(vault, actor, "", ticket())).rejects.toThrow("session_ended");
  });

  test("is forgotten when it would have expired", async () => {
    const { actor, vault } = freshVault();
    await connectVault(vault, actor, "", ticket());
    await runInDurableObject(vault, (_instance, ctx) => {
      ctx.storage.sql.exec("UPDATE live_tickets SET until = 1");
      ctx.storage.sql.exec("UPDATE timers SET due_at = 1 WHERE kind = 'live_tickets'");
    });
    await runDurableObjectAlarm(vault);
    await runInDurableObject(vault, (_instance, ctx) => {
      expect(ctx.storage.sql.exec("SELECT * FROM live_tickets").toArray()).toEqual([]);
    });
  });
});
