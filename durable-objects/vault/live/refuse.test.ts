import { describe, expect, test } from "vitest";
import { connectVault, publish } from "../../../test/live-client";
import { freshVault } from "../../../test/vaults";

const DAY = 86_400_000;

/** An instant some seconds ago, on the second. */
const ago = (seconds: number) => Math.floor(Date.now() / 1_000) * 1_000 - seconds * 1_000;
const iso = (ms: number) => new Date(ms).toISOString();

describe("what is refused changes nothing", () => {
  const at = iso(Date.now());
  const item = { metric: "heart_rate", at, value: 60 };
  test.each([
    ["no JSON", "{", "malformed"],
    ["no text", new ArrayBuffer(4), "malformed"],
    ["no message", "null", "invalid"],
    ["an unknown type", { type: "drop" }, "invalid"],
    ["no items", { type: "publish", ref: "a", items: [] }, "invalid"],
    ["too many items", { type: "publish", ref: "a", items: Array.from({ length: 501 }, () => item) }, "invalid"],
    ["no ref", { type: "publish", items: [item] }, "invalid"],
    ["an unknown field", { type: "publish", ref: "a", items: [{ ...item, person: "per_eu_x" }] }, "invalid"],
    ["a text as value", { type: "publish", ref: "a", items: [{ ...item, value: "60" }] }, "invalid"],
    ["an unknown metric in a filter", { type: "subscribe", metrics: ["mood_ring"] }, "unknown_metric"],
    ["a message that is too long", `"${"x".repeat(70_000)}"`, "too_large"],
  ])("%s", async (_name, message, code) => {
    const { actor, vault } = freshVault();
    const client = await connectVault(vault, actor);
    const { head } = await client.next();
    client.send(message);
    expect(await client.next()).toMatchObject({ type: "error", code });
    expect(await vault.metrics(actor)).toEqual([]);
    client.send({ type: "subscribe" });
    expect(await client.next()).toMatchObject({ type: "hello", head });
  });

  test("single items, with their reasons", async () => {
    const { actor, vault } = freshVault();
    const client = await connectVault(vault, actor);
    client.send({
      type: "publish",
      ref: "a",
      items: [
        { ...item, metric: "mood_ring" },
        { ...item, unit: "kg" },
        { ...item, at: "yesterday" },
        { ...item, at: "2026-11-20T07:30:00" },
        { ...item, at: iso(Date.now() + 3 * DAY) },
        { ...item, metric: "steps" },
        { ...item, metric: "blood_pressure" },
        { ...item, endAt: at },
      ],
    });
    const { accepted, rejected } = await client.nextOf("ack");
    expect(accepted).toBe(0);
    expect(rejected?.map(({ reason }) => reason)).toEqual([
      "unknown_metric",
      "unit_mismatch",
      "bad_time",
      "bad_time",
      "implausible_time",
      "missing_end",
      "not_a_live_metric",
      "unexpected_end",
    ]);
    expect(await vault.metrics(actor)).toEqual([]);
  });

  test("more than fifty messages a second", async () => {
    const { actor, vault } = freshVault();
    const client = await connectVault(vault, actor, "?metrics=steps");
    const item = (at: number) => ({ metric: "heart_rate", at, value: 60 });
    for (let i = 0; i < 50; i++) publish(client, `r${i}`, [item(ago(100) + i)]);
    // Malformed ones cost next to nothing, so that even a slow machine takes more of them than fifty a second.
    for (let i = 0; i < 150; i++) client.send("{");
    // One passes every 20 ms even then.
    for (let i = 0; i < 20; i++) publish(client, `late${i}`, [item(ago(50) + i)]);
    const answers = (await client.take(221)).slice(1);
    const stored = answers.filter(({ type }) => type === "ack").length;
    const refused = answers.filter(({ code, ref }) => code === "rate_limited" && ref?.startsWith("late")).length;
    expect(refused).toBeGreaterThan(0);
    expect(stored + refused).toBe(70);
    expect(await vault.metrics(actor)).toMatchObject([{ key: "heart_rate", count: stored }]);
  });

  test("a flood ends the connection", async () => {
    const { actor, vault } = freshVault();
    const client = await connectVault(vault, actor);
    for (let i = 0; i < 600; i++) client.send("{");
    expect(await client.closed).toMatchObject({ code: 1008 });
  });
});
