import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { newId } from "../../../shared/id";
import { connectVault, type LiveMessage, publish, upgradeVault } from "../../../test/live-client";
import { freshVault, intervals, samples } from "../../../test/vaults";
import { writeAdmission } from "../../../shared/live/admission";

const MINUTE = 60_000;
const DAY = 86_400_000;

/** An instant some seconds ago, on the second. */
const ago = (seconds: number) => Math.floor(Date.now() / 1_000) * 1_000 - seconds * 1_000;
const iso = (ms: number) => new Date(ms).toISOString();

const values = (message: LiveMessage) => message.items?.map(({ value }) => value);

describe("publishing", () => {
  test("is stored, acknowledged, and seen by every socket of the person", async () => {
    const { actor, vault } = freshVault();
    const [watch, phone] = [await connectVault(vault, actor), await connectVault(vault, actor)];
    const hello = await phone.next();
    expect(hello).toEqual({ type: "hello", seq: hello.head, head: hello.head });
    const at = ago(5);
    publish(
      watch,
      "a",
      [
        { metric: "heart_rate", at, value: 61 },
        { metric: "body_temperature", at, value: 98.6, unit: "[degF]" },
      ],
      {
        name: "Wrist",
        type: "watch",
      },
    );
    expect(await watch.nextOf("ack")).toEqual({ type: "ack", ref: "a", accepted: 2, duplicate: 0, quarantined: [], rejected: [] });
    const seen = await phone.next();
    expect(seen).toMatchObject({ type: "readings", seq: hello.seq + 1, prev: hello.seq });
    expect(seen.items?.[0]).toEqual({ metric: "heart_rate", at: iso(at), value: 61, unit: "/min", source: "src_1" });
    expect(seen.items?.[1]?.value).toBeCloseTo(37);
    expect(await watch.nextOf("readings")).toEqual(seen);
    expect(await vault.sources(actor)).toEqual([
      { number: 1, source: { vendor: "live", deviceName: "Wrist", deviceType: "watch", recordingMethod: "automatic" } },
    ]);
    expect(await vault.metrics(actor)).toMatchObject([{ key: "body_temperature" }, { key: "heart_rate", count: 1, lastValue: 61 }]);
  });

  test("again is a duplicate and tells nobody; another value at the instant is a correction", async () => {
    const { actor, vault } = freshVault();
    const client = await connectVault(vault, actor);
    const at = ago(5);
    publish(client, "a", [{ metric: "heart_rate", at, value: 61 }]);
    await client.nextOf("readings");
    publish(client, "b", [{ metric: "heart_rate", at, value: 61 }]);
    expect(await client.next()).toMatchObject({ type: "ack", ref: "b", accepted: 0, duplicate: 1 });
    publish(client, "c", [{ metric: "heart_rate", at, value: 64 }]);
    expect(await client.next()).toMatchObject({ type: "ack", ref: "c", accepted: 1, duplicate: 0 });
    expect(await client.next()).toMatchObject({ type: "changed", metric: "heart_rate", from: iso(at), to: iso(at) });
  });

  test("many at once share a commit, and each learns what became of it", async () => {
    const { actor, vault } = freshVault();
    const client = await connectVault(vault, actor);
    const { seq } = await client.nextOf("hello");
    const at = ago(100);
    for (let i = 0; i < 40; i++) publish(client, `r${i}`, [{ metric: "heart_rate", at: at + i * 1_000, value: 60 + i }]);
    const acks: string[] = [];
    const readings: number[] = [];
    let last = seq;
    while (acks.length < 40 || readings.length < 40) {
      const message = await client.next();
      if (message.type === "ack") {
        expect(message).toMatchObject({ accepted: 1, duplicate: 0 });
        acks.push(message.ref ?? "");
        continue;
      }
      expect(message).toMatchObject({ type: "readings", seq: last + 1, prev: last });
      last = message.seq;
      readings.push(...(values(message) ?? []));
    }
    expect(acks).toEqual(Array.from({ length: 40 }, (_, i) => `r${i}`));
    expect(readings).toEqual(Array.from({ length: 40 }, (_, i) => 60 + i));
    expect(last - seq).toBeLessThan(20);
  });

  test("repetitions inside one commit are told apart", async () => {
    const { actor, vault } = freshVault();
    const client = await connectVault(vault, actor);
    await client.nextOf("hello");
    const at = ago(10);
    publish(client, "a", [{ metric: "heart_rate", at, value: 60 }]);
    publish(client, "b", [{ metric: "heart_rate", at, value: 60 }]);
    publish(client, "c", [
      { metric: "heart_rate", at, value: 900 },
      { metric: "heart_rate", at: at + 1, value: 62 },
    ]);
    expect(await client.nextOf("ack")).toMatchObject({ ref: "a", accepted: 1, duplicate: 0 });
    expect(await client.nextOf("ack")).toMatchObject({ ref: "b", accepted: 0, duplicate: 1 });
    expect(await client.nextOf("ack")).toMatchObject({ ref: "c", accepted: 1, quarantined: [{ index: 0, reason: "implausible_value" }] });
    expect(await vault.quarantined(actor, { state: "held", limit: 10 })).toHaveLength(1);
  });

  test("intervals have an end", async () => {
    const { actor, vault } = freshVault();
    const client = await connectVault(vault, actor);
    await client.nextOf("hello");
    const at = ago(120);
    publish(client, "a", [{ metric: "steps", at, endAt: at + MINUTE, value: 90 }]);
    const { items } = await client.nextOf("readings");
    expect(items).toEqual([
      { metric: "steps", at: iso(at), endAt: iso(at + MINUTE), value: 90, unit: expect.any(String), source: "src_1" },
    ]);
  });
});

describe("watching", () => {
  test("readings come by whatever path they were written", async () => {
    const { actor, vault } = freshVault();
    const client = await connectVault(vault, actor);
    await client.nextOf("hello");
    const at = ago(60);
    await vault.record(
      samples("heart_rate", [
        { at, value: 70 },
        { at: at + 1_000, value: 71 },
      ]),
    );
    expect(values(await client.next())).toEqual([70, 71]);
    await vault.record(intervals("steps", [{ at, end: at + MINUTE, value: 30 }]));
    expect((await client.next()).items).toMatchObject([{ metric: "steps", endAt: iso(at + MINUTE) }]);
    await vault.record(samples("body_weight", [{ at, value: 71.5 }]));
    expect((await client.next()).items).toMatchObject([{ metric: "body_weight", value: 71.5, unit: "kg" }]);
  });

  test("what is old, much, corrected or deleted is a window to read again", async () => {
    const { actor, vault } = freshVault();
    const client = await connectVault(vault, actor);
    await client.nextOf("hello");
    const old = ago(0) - 3 * DAY;
    await vault.record(samples("heart_rate", [{ at: old, value: 70 }]));
    expect(await client.next()).toMatchObject({ type: "changed", metric: "heart_rate", from: iso(old), to: iso(old) });
    const at = ago(3_000);
    await vault.record(
      samples(
        "heart_rate",
        Array.from({ length: 501 }, (_, i) => ({ at: at + i * 1_000, value: 70 })),
      ),
    );
    expect(await client.next()).toMatchObject({ type: "changed", from: iso(at), to: iso(at + 500_000) });
    await vault.record(
      samples("heart_rate", [
        { at, value: 75, version: 2 },
        { at: at + 600_000, value: 71 },
      ]),
    );
    expect(await client.next()).toMatchObject({ type: "changed", from: iso(at), to: iso(at + 600_000) });
    await vault.erase(actor, { key: "heart_rate", source: undefined, from: at, to: at + 1_000 });
    expect(await client.next()).toMatchObject({ type: "changed", metric: "heart_rate" });
  });

  test("writes of one moment join until they are sent", async () => {
    const { actor, vault } = freshVault();
    const client = await connectVault(vault, actor);
    const { seq } = await client.nextOf("hello");
    const at = ago(100);
    await runInDurableObject(vault, async (instance) => {
      await Promise.all(
        Array.from({ length: 30 }, (_, i) => instance.record(samples("heart_rate", [{ at: at + i * 1_000, value: 60 + i }]))),
      );
      await Promise.all(
        Array.from({ length: 30 }, (_, i) => instance.record(samples("heart_rate", [{ at: at - 2 * DAY + i * 1_000, value: 60 }]))),
      );
    });
    const [readings, changed] = await client.take(2);
    expect(readings).toMatchObject({ type: "readings", seq: seq + 1 });
    expect(readings?.items).toHaveLength(30);
    expect(changed).toMatchObject({ type: "changed", seq: seq + 2, from: iso(at - 2 * DAY), to: iso(at - 2 * DAY + 29_000) });
  });

  test("a filter keeps other metrics out, and its numbers can be checked", async () => {
    const { actor, vault } = freshVault();
    const all = await connectVault(vault, actor);
    const some = await connectVault(vault, actor, "?metrics=heart_rate,steps");
    let last = (await some.next()).seq;
    await all.nextOf("hello");
    const at = ago(600);
    const metrics = ["heart_rate", "body_weight", "body_weight", "heart_rate", "spo2", "heart_rate"];
    for (const [i, metric] of metrics.entries()) {
      await vault.record(samples(metric, [{ at: at + i * 1_000, value: 75 }]));
      await all.next();
    }
    for (let i = 0; i < 3; i++) {
      const message = await some.next();
      expect(message.items?.every(({ metric }) => metric === "heart_rate")).toBe(true);
      expect(message.prev).toBeLessThanOrEqual(last);
      expect(message.seq).toBeGreaterThan(last);
      last = message.seq;
    }
    some.send({ type: "subscribe", metrics: ["body_weight"] });
    expect(await some.next()).toMatchObject({ type: "hello" });
    await vault.record(samples("heart_rate", [{ at: at + 9_000, value: 75 }]));
    await vault.record(samples("body_weight", [{ at: at + 9_000, value: 75 }]));
    expect((await some.next()).items).toMatchObject([{ metric: "body_weight" }]);
  });

  test("one write of several metrics is cut to each filter", async () => {
    const { actor, vault } = freshVault();
    const some = await connectVault(vault, actor, "?metrics=heart_rate");
    const publisher = await connectVault(vault, actor, "?metrics=steps");
    await some.nextOf("hello");
    const at = ago(5);
    publish(publisher, "a", [
      { metric: "heart_rate", at, value: 60 },
      { metric: "spo2", at, value: 97 },
    ]);
    expect((await some.next()).items).toEqual([{ metric: "heart_rate", at: iso(at), value: 60, unit: "/min", source: "src_1" }]);
  });

  test("a ping is answered", async () => {
    const { actor, vault } = freshVault();
    const client = await connectVault(vault, actor);
    await client.nextOf("hello");
    client.send('{"type":"ping"}');
    expect(await client.next()).toEqual({ type: "pong" });
  });
});

describe("a person's stream", () => {
  test("is not another's", async () => {
    const [a, b] = [freshVault(), freshVault()];
    const answer = await upgradeVault(a.vault, writeAdmission({ actor: b.actor }));
    expect([answer.status, await answer.json()]).toMatchObject([404, { code: "not_found" }]);
  });

  test("opens only with an admission", async () => {
    const { vault } = freshVault();
    expect((await upgradeVault(vault, "{}")).status).toBe(401);
  });

  test("closes with its session, and only with that", async () => {
    const { actor, vault } = freshVault();
    const other = { ...actor, session: newId("session", "eu", Date.now()) };
    const [ended, kept] = [await connectVault(vault, actor), await connectVault(vault, other)];
    await kept.nextOf("hello");
    await vault.revokeSession(actor.session, Date.now() + MINUTE);
    expect(await ended.closed).toEqual({ code: 4401, reason: "session_ended" });
    await vault.record(samples("heart_rate", [{ at: ago(1), value: 70 }]));
    expect(values(await kept.next())).toEqual([70]);
    await expect(connectVault(vault, actor)).rejects.toThrow("session_ended");
  });

  test("closes with its session after hibernation too", async () => {
    const { actor, vault } = freshVault();
    const client = await connectVault(vault, actor);
    await client.nextOf("hello");
    await evictDurableObject(vault);
    await vault.revokeSession(actor.session, Date.now() + MINUTE);
    expect(await client.closed).toMatchObject({ code: 4401 });
  });
});
