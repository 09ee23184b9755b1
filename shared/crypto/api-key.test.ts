import { expect, it } from "vitest";
import { systemRandom } from "../id";
import { REGIONS } from "../region";
import { newApiKey, regionOfApiKey } from "./api-key";

it.each(REGIONS)("a key of %s says so, and no two are the same", (region) => {
  const keys = Array.from({ length: 50 }, () => newApiKey(region, systemRandom));
  expect(new Set(keys).size).toBe(50);
  for (const key of keys) expect(regionOfApiKey(key)).toBe(region);
});

it("no other letter fits anywhere in a key", () => {
  const key = newApiKey("eu", systemRandom);
  for (let i = 0; i < key.length; i++) {
    const altered = `${key.slice(0, i)}${key[i] === "a" ? "b" : "a"}${key.slice(i + 1)}`;
    expect(regionOfApiKey(altered), altered).toBeUndefined();
  }
});

it.each(["", "mk_", "mk_eu_", `mk_zz_${"A".repeat(43)}_00000000`, `rt_eu_${"A".repeat(43)}_00000000`])("%j is no key", (text) => {
  expect(regionOfApiKey(text)).toBeUndefined();
});
