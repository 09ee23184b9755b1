import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { compactVerify, createLocalJWKSet } from "jose";
import { afterEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { regionalKeys } from "../../../shared/crypto/keys";
import { newId } from "../../../shared/id";
import { isProblem } from "../../../shared/problem";
import { connectVault } from "../../../test/live-client";
import { fetchApp } from "../../../test/people";
import { freshVault, samples } from "../../../test/vaults";
import { chainKey, genesis, linkHash } from "./chain";

const DAY = 86_400_000;
const keySetSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })) });

afterEach(() => {
  vi.useRealTimers();
});

type Fresh = ReturnType<typeof freshVault>;

const log = async ({ actor, vault }: Fresh, query: object = {}) => (await vault.accessLog(actor, { limit: 200, ...query })).items;
const series = { key: "heart_rate", from: 0, to: DAY, resolution: "raw", choice: "best", limit: 10 } as const;

/** A log with `n` lines, the last of them still in the running object's memory. */
async function filled(n: number): Promise<Fresh> {
  const one = freshVault();
  for (let i = 0; i < n; i++) await one.vault.metrics(one.actor);
  return one;
}

/** What somebody with the storage in their hands does. */
async function tamper({ vault }: Fresh, ...statements: string[]): Promise<void> {
  await runInDurableObject(vault, (_instance, ctx) => {
    for (const statement of statements) ctx.storage.sql.exec(statement);
  });
}

/** The code of the problem with which a call is refused; a promise of RPC must be awaited by itself to be handled. */
async function refusal(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return isProblem(error) ? error.code : error;
  }
  return "allowed";
}

/** The hour passes: the timer writes its checkpoint. */
async function checkpoint({ vault }: Fresh): Promise<void> {
  await tamper({ vault } as Fresh, "UPDATE timers SET due_at = 0 WHERE kind = 'access-checkpoint'");
  expect(await runDurableObjectAlarm(vault)).toBe(true);
}

const verify = async ({ actor, vault }: Fresh, after = 0, limit = 1_000) => await vault.verifyAccessLog(actor, after, limit);

describe("the log", () => {
  test("has one line for each access, with who, what, why and in which request", async () => {
    const one = freshVault();
    const actor = { ...one.actor, requestId: "req-12345678" };
    await one.vault.series(actor, series);
    await one.vault.days(actor, { from: 0, to: 1, every: false });
    await one.vault.erase(actor, { key: "heart_rate", from: 0, to: DAY });
    const [own, erased, days, read] = await log(one);
    expect(read).toMatchObject({
      seq: 1,
      actorKind: "person",
      actor: one.person,
      action: "read",
      resource: "metric",
      about: ["heart_rate"],
      purpose: "personal",
      outcome: "allowed",
      reason: "self",
      session: one.actor.session,
      requestId: "req-12345678",
    });
    expect(days).toMatchObject({ seq: 2, resource: "day", action: "read" });
    expect(erased).toMatchObject({ seq: 3, action: "delete", about: ["heart_rate"] });
    expect(own).toMatchObject({ seq: 4, resource: "access_log" });
  });

  test("tells what Meridian wrote, once for each batch, by classes and without values", async () => {
    const one = freshVault();
    await one.vault.record(samples("heart_rate", [{ at: 1_000, value: 61.5 }]), "imp_eu_1");
    const lines = await log(one, { action: "write" });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ actorKind: "system", actor: "imp_eu_1", about: ["vitals"], reason: "system", onBehalfOf: one.person });
    expect(JSON.stringify(lines)).not.toContain("61.5");
  });

  test("tells who watched live, and what was published", async () => {
    const one = freshVault();
    const client = await connectVault(one.vault, one.actor, "?metrics=heart_rate");
    client.send({
      type: "publish",
      ref: "a",
      items: [{ metric: "heart_rate", at: new Date(Date.now() - 5_000).toISOString(), value: 60 }],
    });
    await client.nextOf("ack");
    client.close();
    const [written] = await log(one, { action: "write" });
    expect(written).toMatchObject({ actor: one.person, session: one.actor.session, about: ["vitals"] });
    expect((await log(one, { action: "read" })).find(({ resource }) => resource === "live")).toMatchObject({ about: ["heart_rate"] });
  });

  test("tells attempts that were denied: another person's, and after signing out", async () => {
    const one = freshVault();
    const stranger = freshVault("us");
    expect(await refusal(one.vault.series(stranger.actor, series))).toBe("not_found");
    await one.vault.revokeSession(one.actor.session, Date.now() + 60_000);
    expect(await refusal(one.vault.metrics(one.actor))).toBe("session_ended");
    const again = { ...one, actor: { ...one.actor, session: newId("session", "eu", Date.now()) } };
    const [ended, foreign] = await log(again, { outcome: "denied" });
    expect(ended).toMatchObject({ actor: one.person, reason: "session_ended", session: one.actor.session });
    expect(foreign).toMatchObject({ actor: stranger.person, reason: "no_consent", session: stranger.actor.session });
    expect((await log(again, { action: "sign_out" }))[0]).toMatchObject({ about: [one.actor.session] });
    // Verifying is no way around it.
    expect(await refusal(one.vault.verifyAccessLog(stranger.actor, 0, 10))).toBe("not_found");
    expect(await refusal(one.vault.verifyAccessLog(one.actor, 0, 10))).toBe("session_ended");
  });

  test("does not take a text into it that the catalogue does not know", async () => {
    const one = freshVault();
    expect(await refusal(one.vault.series(one.actor, { ...series, key: "my secret" }))).toBe("not_found");
    expect(JSON.stringify(await log(one))).not.toContain("my secret");
  });

  test("is read in pages by number, filters included", async () => {
    const one = await filled(7);
    await one.vault.days(one.actor, { from: 0, to: 1, every: false });
    const first = await one.vault.accessLog(one.actor, { action: "read", limit: 3 });
    expect(first.items.map(({ seq }) => seq)).toEqual([9, 8, 7]);
    const second = await one.vault.accessLog(one.actor, { limit: 3, before: first.next ?? 0 });
    expect(second.items.map(({ seq }) => seq)).toEqual([6, 5, 4]);
    const [line] = second.items;
    expect((await log(one, { to: line?.at })).length).toBeLessThan(6);
    expect(await log(one, { actor: "per_eu_nobody" })).toEqual([]);
  });

  test("goes on without a gap after an eviction", async () => {
    const one = await filled(3);
    await evictDurableObject(one.vault);
    await one.vault.metrics(one.actor);
    expect((await log(one)).map(({ seq }) => seq)).toEqual([5, 4, 3, 2, 1]);
    expect(await verify(one)).toMatchObject({ intact: true, proven: 5 });
  });

  test("has no gap and no fork under calls at once", async () => {
    const one = freshVault();
    await Promise.all(Array.from({ length: 50 }, () => one.vault.metrics(one.actor)));
    expect(await verify(one)).toMatchObject({ intact: true, proven: 50, fault: null });
  });
});

describe("a log that is", () => {
  test("whole is proven, in one piece or in several", async () => {
    const one = await filled(10);
    await checkpoint(one);
    expect(await verify(one)).toEqual({
      intact: true,
      fault: null,
      first: 1,
      proven: 10,
      checkpoint: { seq: 10, at: expect.any(Number), statement: expect.any(String) },
      next: null,
    });
    const part = await verify(one, 0, 4);
    expect(part).toMatchObject({ intact: true, proven: 4, next: 4 });
    expect(await verify(one, 4, 100)).toMatchObject({ intact: true, first: 5, proven: 8, next: null });
  });

  test.each([
    ["body", `UPDATE access_log SET body = replace(body, '"read"', '"write"') WHERE seq = 4`],
    ["time", "UPDATE access_log SET at = at + 1 WHERE seq = 4"],
    ["hash", "UPDATE access_log SET hash = 'x' WHERE seq = 4"],
    ["key", "UPDATE access_log SET key = '__proto__' WHERE seq = 4"],
  ])("edited in its %s is found at the line", async (_what, statement) => {
    const one = await filled(8);
    await tamper(one, statement);
    expect(await verify(one)).toMatchObject({ intact: false, fault: { kind: "altered", seq: 4 }, proven: 3 });
  });

  test("missing a line is found where it was, with the rest moved up too", async () => {
    const one = await filled(8);
    await tamper(one, "DELETE FROM access_log WHERE seq = 5");
    expect(await verify(one)).toMatchObject({ fault: { kind: "missing", seq: 5 } });
    const moved = await filled(8);
    await tamper(
      moved,
      "DELETE FROM access_log WHERE seq = 5",
      "UPDATE access_log SET seq = -seq WHERE seq > 5",
      "UPDATE access_log SET seq = -seq - 1 WHERE seq < 0",
    );
    expect(await verify(moved)).toMatchObject({ fault: { kind: "altered", seq: 5 } });
  });

  test("missing its beginning is found", async () => {
    const one = await filled(8);
    await tamper(one, "DELETE FROM access_log WHERE seq < 3");
    expect(await verify(one)).toMatchObject({ fault: { kind: "missing", seq: 1 } });
  });

  test("reordered is found at the first line that moved", async () => {
    const one = await filled(8);
    await one.vault.days(one.actor, { from: 0, to: 1, every: false });
    await tamper(
      one,
      "UPDATE access_log SET seq = -3 WHERE seq = 3",
      "UPDATE access_log SET seq = 3 WHERE seq = 9",
      "UPDATE access_log SET seq = 9 WHERE seq = -3",
    );
    expect(await verify(one)).toMatchObject({ fault: { kind: "altered", seq: 3 } });
  });

  test("cut off is found while the vault runs", async () => {
    const one = await filled(8);
    await tamper(one, "DELETE FROM access_log WHERE seq > 5");
    expect(await verify(one)).toMatchObject({ fault: { kind: "truncated", seq: 6 } });
  });

  test("cut off while the vault slept is found by the checkpoint", async () => {
    const one = await filled(8);
    await checkpoint(one);
    await tamper(one, "DELETE FROM access_log WHERE seq > 5");
    await evictDurableObject(one.vault);
    expect(await verify(one)).toMatchObject({ fault: { kind: "truncated", seq: 6 }, checkpoint: { seq: 8 } });
  });

  test("cut off and grown again is found by the checkpoint", async () => {
    const one = await filled(8);
    await checkpoint(one);
    await tamper(one, "DELETE FROM access_log WHERE seq > 5");
    await evictDurableObject(one.vault);
    for (let i = 0; i < 5; i++) await one.vault.metrics(one.actor);
    expect(await verify(one)).toMatchObject({ fault: { kind: "rewritten", seq: 8 } });
  });

  test("emptied is found by the checkpoint", async () => {
    const one = await filled(8);
    await checkpoint(one);
    await tamper(one, "DELETE FROM access_log");
    await evictDurableObject(one.vault);
    expect(await verify(one)).toMatchObject({ fault: { kind: "truncated", seq: 1 } });
  });

  test("rewritten as a whole by somebody who has the key is found by the checkpoint", async () => {
    const one = await filled(8);
    await checkpoint(one);
    await rewrite(one, 4);
    expect(await verify(one)).toMatchObject({ fault: { kind: "rewritten", seq: 8 }, proven: 7 });
  });

  test("replaced by a chain that somebody made with a key of their own is found at its first line", async () => {
    const one = await filled(6);
    await checkpoint(one);
    await rewrite(one, 2, new Uint8Array(32));
    await evictDurableObject(one.vault);
    expect(await verify(one)).toMatchObject({ fault: { kind: "altered", seq: 1 }, proven: 0 });
  });

  test("another person's is found at its first line", async () => {
    const one = await filled(3);
    const other = await filled(3);
    const rows = await runInDurableObject(other.vault, (_i, ctx) => ctx.storage.sql.exec("SELECT * FROM access_log").toArray());
    await runInDurableObject(one.vault, (_i, ctx) => {
      for (const { seq, at, key, body, hash } of rows)
        ctx.storage.sql.exec(
          "INSERT OR REPLACE INTO access_log VALUES (?, ?, ?, ?, ?)",
          ...[seq, at, key, body, hash].map((value) => value ?? null),
        );
    });
    expect(await verify(one)).toMatchObject({ fault: { kind: "altered", seq: 1 } });
  });
});

describe("checkpoints", () => {
  test("name nobody, and are written hourly while something happens", async () => {
    const one = await filled(2);
    await checkpoint(one);
    await one.vault.metrics(one.actor);
    await checkpoint(one);
    const { objects } = await env.FILES_EU.list({ prefix: "access/" });
    expect(objects.length).toBeGreaterThanOrEqual(2);
    expect(JSON.stringify(objects.map(({ key }) => key))).not.toContain(one.person.slice(7));
    expect(await verify(one)).toMatchObject({ intact: true, checkpoint: { seq: 3 } });
    const timers = await runInDurableObject(one.vault, (_i, ctx) =>
      ctx.storage.sql.exec("SELECT kind FROM timers WHERE kind = 'access-checkpoint'").toArray(),
    );
    expect(timers).toHaveLength(1);
  });

  /** Writes the checkpoint and says under which name. */
  async function written(one: Fresh): Promise<{ readonly name: string; readonly text: string }> {
    const names = async () => (await env.FILES_EU.list({ prefix: "access/" })).objects.map(({ key }) => key);
    const before = new Set(await names());
    await checkpoint(one);
    const name = (await names()).find((key) => !before.has(key)) ?? "";
    return { name, text: (await (await env.FILES_EU.get(name))?.text()) ?? "" };
  }

  test("are signed with the region's key, for anybody to verify with the published ones", async () => {
    const one = await filled(3);
    const { name } = await written(one);
    const { statement = "" } = (await verify(one)).checkpoint ?? {};
    const keys = keySetSchema.parse(await (await fetchApp("/.well-known/jwks.json")).json());
    const { payload, protectedHeader } = await compactVerify(statement, createLocalJWKSet(keys));
    expect(protectedHeader).toEqual({ alg: "ES256", typ: "access-checkpoint+jws", kid: "local-eu-1" });
    const said = z.strictObject({ log: z.string(), seq: z.number(), hash: z.string(), at: z.number() });
    const { log: named, seq, hash } = said.parse(JSON.parse(new TextDecoder().decode(payload)));
    expect([named, seq]).toEqual([name.split("/")[1], 3]);
    const stored = await runInDurableObject(one.vault, (_i, ctx) =>
      ctx.storage.sql.exec("SELECT hash FROM access_log WHERE seq = 3").one(),
    );
    expect(stored["hash"]).toBe(hash);
    expect(statement).not.toContain(btoa(one.person).slice(0, 12));
  });

  test("of the time before they were signed count on, but none comes after one that is", async () => {
    const one = await filled(3);
    const first = await written(one);
    const { statement: _statement, ...old } = z.looseObject({ statement: z.string() }).parse(JSON.parse(first.text));
    await env.FILES_EU.put(first.name, JSON.stringify(old));
    expect(await verify(one)).toMatchObject({ intact: true, checkpoint: { seq: 3 } });
    const second = await written(one);
    expect(await verify(one)).toMatchObject({ intact: true, checkpoint: { seq: 4 } });
    await env.FILES_EU.put(first.name, first.text);
    const { statement: _second, ...stripped } = z.looseObject({ statement: z.string() }).parse(JSON.parse(second.text));
    await env.FILES_EU.put(second.name, JSON.stringify(stripped));
    expect(await verify(one)).toMatchObject({ fault: { kind: "checkpoint_forged", seq: 4 } });
    const { statement } = z.looseObject({ statement: z.string() }).parse(JSON.parse(first.text));
    await env.FILES_EU.put(second.name, JSON.stringify({ ...stripped, statement }));
    expect(await verify(one)).toMatchObject({ fault: { kind: "checkpoint_forged", seq: 4 } });
  });

  test("that are gone are missed once they must have been written", async () => {
    const one = await filled(3);
    const { name } = await written(one);
    await env.FILES_EU.delete(name);
    expect(await verify(one)).toMatchObject({ intact: true, checkpoint: null });
    vi.useFakeTimers({ now: Date.now() + 8 * 3_600_000, toFake: ["Date"] });
    expect(await verify(one)).toMatchObject({ fault: { kind: "checkpoint_missing", seq: 1 }, checkpoint: null });
    await checkpoint(one);
    expect(await verify(one)).toMatchObject({ intact: true });
  });

  test("that somebody changed are found", async () => {
    const one = await filled(4);
    const { name, text } = await written(one);
    await env.FILES_EU.put(name, text.replace('"seq":4', '"seq":2'));
    expect(await verify(one)).toMatchObject({ fault: { kind: "checkpoint_forged" } });
    await env.FILES_EU.put(name, "not a checkpoint");
    expect(await verify(one)).toMatchObject({ fault: { kind: "checkpoint_forged", seq: 4 } });
    await env.FILES_EU.put(name, text);
    expect(await verify(one)).toMatchObject({ intact: true });
  });
});

/** Recomputes the whole chain after changing one line, with the real key unless another is given. */
async function rewrite({ vault, person }: Fresh, seq: number, own?: Uint8Array): Promise<void> {
  const keys = regionalKeys(env.KEYS_EU);
  await runInDurableObject(vault, (_instance, ctx) => {
    const { sql } = ctx.storage;
    sql.exec(`UPDATE access_log SET body = replace(body, '"read"', '"write"') WHERE seq = ?`, seq);
    let before = genesis(person);
    const rows = sql
      .exec<{ seq: number; at: number; key: string; body: string }>("SELECT seq, at, key, body FROM access_log ORDER BY seq")
      .toArray();
    for (const row of rows) {
      before = linkHash(own ?? chainKey(keys, row.key) ?? new Uint8Array(), row, before);
      sql.exec("UPDATE access_log SET hash = ? WHERE seq = ?", before, row.seq);
    }
  });
}
