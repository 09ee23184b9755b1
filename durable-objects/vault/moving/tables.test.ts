import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { freshVault } from "../../../test/vaults";
import { vaultOf } from "../../../workers/regional";
import { keyOf } from "./rows";
import { MOVED_TABLES, MOVING } from "./tables";

it("every table of a vault is known to a move, and has a key by which it is copied", async () => {
  const { person, vault, actor } = freshVault();
  await vault.metrics(actor);
  const { names, keyless } = await runInDurableObject(vaultOf(env, person), (_instance, { storage: { sql } }) => {
    const found = sql
      .exec<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\' AND name NOT LIKE 'sqlite_%'",
      )
      .toArray()
      .map(({ name }) => name);
    return { names: found, keyless: MOVING.filter((table) => keyOf(sql, table).length === 0) };
  });
  expect(Object.keys(MOVED_TABLES).toSorted()).toEqual(names.toSorted());
  expect(keyless).toEqual([]);
});
