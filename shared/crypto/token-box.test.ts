import { describe, expect, test } from "vitest";
import { sha256Hex } from "./sha256";
import { sealWithToken, unsealWithToken } from "./token-box";

const place = { table: "sign_in_flows", column: "sealed", row: "google" };

describe("a text sealed with a token", () => {
  test("opens with the token in its place, and nowhere else", async () => {
    const sealed = await sealWithToken("a token of many bits", place, "the answer");
    expect(await unsealWithToken("a token of many bits", place, sealed)).toBe("the answer");
    expect(await unsealWithToken("another token", place, sealed)).toBeUndefined();
    expect(await unsealWithToken("a token of many bits", { ...place, row: "apple" }, sealed)).toBeUndefined();
  });

  test("does not open with the hash that is stored beside it", async () => {
    const sealed = await sealWithToken("a token of many bits", place, "the answer");
    expect(await unsealWithToken(await sha256Hex("a token of many bits"), place, sealed)).toBeUndefined();
  });

  test("does not open once it was altered", async () => {
    const sealed = await sealWithToken("a token of many bits", place, "the answer");
    const altered = sealed.slice(0, -2) + (sealed.endsWith("AA") ? "BB" : "AA");
    expect(await unsealWithToken("a token of many bits", place, altered)).toBeUndefined();
  });
});
