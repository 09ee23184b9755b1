import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { DAY_MS } from "../../shared/clock";
import { regionalKeys } from "../../shared/crypto/keys";
import { send } from "../../test/people";
import { regional } from "../regional";
import { appendSecurityEvent } from "./append-event";
import { checkpointEvents } from "./checkpoint-events";
import { countSecurity, settleCounts } from "./count";
import { genesis, hashOf, type SecurityPorts } from "./events";
import { listSecurityEvents } from "./list-events";
import { verifySecurityEvents } from "./verify-events";

/** Every test has a table and a folder of its own: a chain is one for its region, and other tests append to the real ones. */
let made = 0;
async function freshChain(now = Date.now): Promise<SecurityPorts & { readonly table: string }> {
  const { records, files, keys } = regional(env, "ap");
  const table = `security_events_${++made}`;
  await records.exec(
    `create table ${table} (seq integer primary key, at integer not null, key text not null, body text not null, hash text not null) strict`,
  );
  const other = { prepare: (sql: string) => records.prepare(sql.replaceAll("security_events", table)) };
  const folder = `test-${crypto.randomUUID()}/`;
  const bucket = {
    head: async (name: string) => await files.head(folder + name),
    get: async (name: string) => await files.get(folder + name),
    put: async (name: string, text: string) => await files.put(folder + name, text),
    list: async ({ prefix, limit }: { prefix: string; limit: number }) => {
      const listed = await files.list({ prefix: folder + prefix, limit });
      return { objects: listed.objects.map(({ key }) => ({ key: key.slice(folder.length) })) };
    },
  };
  return { region: "ap", records: other as D1Database, files: bucket as unknown as R2Bucket, keys: regionalKeys(keys), now, table };
}

const event = (n: number) => ({ kind: "operator", actor: "operator", detail: { n } }) as const;

async function filled(n: number) {
  const ports = await freshChain();
  for (let i = 1; i <= n; i++) await appendSecurityEvent(ports, event(i));
  return ports;
}

/** What somebody with the database in their hands does. */
const tamper = async ({ table }: { table: string }, sql: string) =>
  await regional(env, "ap").records.prepare(sql.replaceAll("events", table)).run();

describe("security events", () => {
  test("are numbered without gaps, and read newest first", async () => {
    const ports = await filled(3);
    const events = await listSecurityEvents(ports, undefined, 2);
    expect(events).toEqual([
      { seq: 3, at: expect.any(Number), ...event(3) },
      { seq: 2, at: expect.any(Number), ...event(2) },
    ]);
    expect(await listSecurityEvents(ports, 2, 10)).toHaveLength(1);
    expect(await verifySecurityEvents(ports)).toEqual({ intact: true, fault: null, proven: 3 });
  });

  test("of many at once are all written, one after the other", async () => {
    const ports = await freshChain();
    const numbers = await Promise.all(Array.from({ length: 10 }, (_, i) => appendSecurityEvent(ports, event(i))));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, i) => i + 1));
    expect(await verifySecurityEvents(ports)).toMatchObject({ intact: true, proven: 10 });
  });

  test.each([
    ["altered", 2, `update events set body = replace(body, '"n":2', '"n":9') where seq = 2`],
    ["altered", 3, "update events set at = at + 1 where seq = 3"],
    ["missing", 2, "delete from events where seq = 2"],
    ["truncated", 3, "delete from events where seq > 2"],
    ["truncated", 1, "delete from events"],
  ])("that are %s at %i are found there", async (kind, seq, sql) => {
    const ports = await filled(4);
    expect(await checkpointEvents(ports)).toBe(1);
    expect(await checkpointEvents(ports)).toBe(0);
    await tamper(ports, sql);
    expect(await verifySecurityEvents(ports)).toMatchObject({ intact: false, fault: { kind, seq } });
  });

  test("rewritten as a whole by somebody who has the key are found by the checkpoint", async () => {
    const ports = await filled(2);
    await checkpointEvents(ports);
    await tamper(ports, "delete from events");
    const row = { seq: 1, at: 1, key: ports.keys.chain.current, body: JSON.stringify(event(7)) };
    const first = hashOf(ports.keys, row, genesis("ap")) ?? "";
    const next = { ...row, seq: 2 };
    for (const [one, hash] of [
      [row, first],
      [next, hashOf(ports.keys, next, first)],
    ] as const)
      await ports.records
        .prepare("insert into security_events (seq, at, key, body, hash) values (?, ?, ?, ?, ?)")
        .bind(one.seq, one.at, one.key, one.body, hash)
        .run();
    expect(await verifySecurityEvents(ports)).toMatchObject({ fault: { kind: "rewritten", seq: 2 } });
  });

  test("have checkpoints whose forgery is found", async () => {
    const ports = await filled(2);
    await checkpointEvents(ports);
    const [{ key } = { key: "" }] = (await ports.files.list({ prefix: "security/", limit: 1 })).objects;
    await ports.files.put(key, '{"seq":1}');
    expect(await verifySecurityEvents(ports)).toMatchObject({ fault: { kind: "checkpoint_forged", seq: 2 } });
  });

  test("are read by the primary key alone", async () => {
    const { results } = await regional(env, "eu")
      .records.prepare("explain query plan select seq, hash from security_events order by seq desc limit 1")
      .all<{ detail: string }>();
    expect(results.map(({ detail }) => detail).join()).not.toContain("TEMP B-TREE");
  });
});

describe("what belongs to nobody in particular", () => {
  test("is counted by day, and becomes one event once the day is over", async () => {
    const day = 40_000 + Math.floor(Math.random() * 1e6);
    const ports = await freshChain(() => (day + 1) * DAY_MS);
    await regional(env, "ap").records.prepare("delete from security_counts").run();
    for (let i = 0; i < 3; i++) await countSecurity(ports.records, "sign_ins_unknown", day * DAY_MS + i);
    await countSecurity(ports.records, "sign_ins_unknown", (day + 1) * DAY_MS);
    expect(await settleCounts(ports)).toBe(1);
    expect(await listSecurityEvents(ports, undefined, 10)).toEqual([
      { seq: 1, at: (day + 1) * DAY_MS, kind: "sign_ins_unknown", actor: "system", detail: { day, n: 3 } },
    ]);
    expect(await settleCounts(ports)).toBe(0);
  });

  test("is a sign-in with an address that nobody has, in the region whose gate counted it, without the address", async () => {
    const total = async () => {
      const counts = await Promise.all(
        (["eu", "us", "ap"] as const).map(
          async (region) =>
            await regional(env, region).records.prepare("select coalesce(sum(n), 0) as n from security_counts").first<number>("n"),
        ),
      );
      return counts.reduce<number>((sum, n) => sum + (n ?? 0), 0);
    };
    const before = await total();
    const { status } = await send("POST", "/v1/sessions", {
      email: `nobody-${crypto.randomUUID()}@people.test`,
      password: "does not matter",
    });
    expect(status).toBe(401);
    await expect.poll(total).toBe(before + 1);
  });
});
