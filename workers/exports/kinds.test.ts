import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { EXPORT_KINDS, LEFT_OUT } from "../../durable-objects/vault/export/kinds";
import { freshVault } from "../../test/vaults";
import { ACCOUNT_KINDS, RECORDS_LEFT_OUT } from "./account-kinds";

/** Tables as the databases themselves have them; those of the platform begin with an underscore and `cf`. */
const TABLES =
  "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\' AND name NOT LIKE 'sqlite%' ORDER BY name";

test("every table of a vault is in an export, or left out for a reason", async () => {
  const tables = await runInDurableObject(freshVault().vault, (_, ctx) =>
    ctx.storage.sql
      .exec<{ name: string }>(TABLES)
      .toArray()
      .map(({ name }) => name),
  );
  const known = [...EXPORT_KINDS.flatMap(({ tables: shown }) => shown), ...Object.keys(LEFT_OUT)];
  expect(tables.length).toBeGreaterThan(20);
  expect(known.toSorted()).toEqual(tables);
});

test("every table of the records and of the directory is in an export, or left out for a reason", async () => {
  const found = await Promise.all(
    [env.RECORDS_EU, env.DIRECTORY].map(async (database) =>
      (await database.prepare(TABLES).all<{ name: string }>()).results.map(({ name }) => name),
    ),
  );
  const tables = [...new Set(found.flat())].toSorted();
  const known = [...ACCOUNT_KINDS.flatMap(({ tables: shown }) => shown), ...Object.keys(RECORDS_LEFT_OUT)];
  expect(tables.length).toBeGreaterThan(10);
  expect(known.toSorted()).toEqual(tables);
});

test("kinds have names of their own, and reasons are sentences", () => {
  const names = [...EXPORT_KINDS, ...ACCOUNT_KINDS].map(({ kind }) => kind);
  expect(new Set(names).size).toBe(names.length);
  for (const reason of [...Object.values(LEFT_OUT), ...Object.values(RECORDS_LEFT_OUT)]) expect(reason).toMatch(/^[A-Z].{10,}\.$/);
});

test("what an export asks of the records, and the cleaning of sessions, is found by an index", async () => {
  for (const { kind, sql } of ACCOUNT_KINDS) {
    const { results } = await env.RECORDS_EU.prepare(`EXPLAIN QUERY PLAN ${sql}`).bind("per_eu_x").all<{ detail: string }>();
    expect(
      results.map(({ detail }) => detail).filter((detail) => /^SCAN (?!CONSTANT|\(subquery)/.test(detail)),
      kind,
    ).toEqual([]);
  }
});
