import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { freshSecrets } from "../../scripts/local-secrets";
import { regionalKeys, type RegionalKeys } from "./keys";
import { isSealed, newPersonKey, openPersonKey, rewrapPersonKey, seal, sealBytes, unseal, unsealBytes } from "./sealing";

const PLACE = { table: "connection_secrets", column: "sealed", row: "con_eu_1/tokens" };

function ring(): RegionalKeys {
  return regionalKeys(freshSecrets()["KEYS_EU"] ?? "");
}

/** The ring with a second version that is current. */
function rotated(before: RegionalKeys): RegionalKeys {
  return { ...before, wrapping: { current: "2", keys: { ...before.wrapping.keys, 2: randomBytes(32).toString("base64") } } };
}

describe("sealing", () => {
  it("opens what it sealed, and never seals the same way twice", async () => {
    const keys = ring();
    const key = await openPersonKey(keys, "per_eu_1", await newPersonKey(keys, "per_eu_1"));
    const sealed = await seal(key, PLACE, "refresh-1");
    expect(sealed).toMatch(/^v1\.[\w-]{16}\.[\w-]+$/);
    expect(await seal(key, PLACE, "refresh-1")).not.toBe(sealed);
    expect(await unseal(key, PLACE, sealed)).toBe("refresh-1");
  });

  it.each([
    ["another row", { ...PLACE, row: "con_eu_2/tokens" }],
    ["another column", { ...PLACE, column: "other" }],
    ["another table", { ...PLACE, table: "other" }],
  ])("does not open in %s", async (_, place) => {
    const keys = ring();
    const key = await openPersonKey(keys, "per_eu_1", await newPersonKey(keys, "per_eu_1"));
    await expect(unseal(key, place, await seal(key, PLACE, "x"))).rejects.toThrow("the seal does not open here");
  });

  it.each([[""], ["v1"], ["v2.AAAAAAAAAAAAAAAA.AAAA"], ["v1.AAAA.AAAA"], ["v1.AAAAAAAAAAAAAAAA.AAAA.x"]])(
    "refuses the malformed value %j",
    async (sealed) => {
      const keys = ring();
      const key = await openPersonKey(keys, "p", await newPersonKey(keys, "p"));
      await expect(unseal(key, PLACE, sealed)).rejects.toThrow("seal");
    },
  );

  it("does not open a wrapped key moved to another person", async () => {
    const keys = ring();
    await expect(openPersonKey(keys, "per_eu_2", await newPersonKey(keys, "per_eu_1"))).rejects.toThrow("the seal does not open here");
  });

  it("survives a rotation of the region's key: values stay, the old version can go", async () => {
    const before = ring();
    const after = rotated(before);
    const stored = await newPersonKey(before, "per_eu_1");
    const sealed = await seal(await openPersonKey(before, "per_eu_1", stored), PLACE, "refresh-1");
    const moved = await rewrapPersonKey(after, "per_eu_1", stored);
    expect(moved?.version).toBe("2");
    const { 1: _, ...rest } = after.wrapping.keys;
    const without = { ...after, wrapping: { current: "2", keys: rest } };
    const key = await openPersonKey(without, "per_eu_1", moved ?? stored);
    expect(await unseal(key, PLACE, sealed)).toBe("refresh-1");
    expect(await rewrapPersonKey(after, "per_eu_1", moved ?? stored)).toBeUndefined();
    await expect(openPersonKey(without, "per_eu_1", stored)).rejects.toThrow("not in the ring");
  });

  it("opens sealed bytes in their place alone, and no altered, shortened or unsealed ones", async () => {
    const keys = ring();
    const key = await openPersonKey(keys, "per_eu_1", await newPersonKey(keys, "per_eu_1"));
    const bytes = new Uint8Array(new TextEncoder().encode("%PDF-1.7 a file"));
    const sealed = await sealBytes(key, PLACE, bytes);
    expect([isSealed(sealed), isSealed(bytes)]).toEqual([true, false]);
    expect(new TextDecoder().decode(sealed)).not.toContain("PDF");
    expect(await unsealBytes(key, PLACE, sealed)).toEqual(bytes);
    const altered = sealed.slice();
    altered.set([(altered.at(-1) ?? 0) ^ 1], altered.length - 1);
    for (const [place, given] of [
      [{ ...PLACE, row: "other" }, sealed],
      [PLACE, altered],
      [PLACE, sealed.slice(0, -1)],
      [PLACE, bytes],
    ] as const)
      await expect(unsealBytes(key, place, given)).rejects.toThrow("seal");
  });
});
