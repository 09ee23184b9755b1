import { describe, expect, it } from "vitest";
import { hmac, hmacHex, sameBytes } from "./hmac";

const KEY = btoa(String.fromCharCode(...new Uint8Array(32).fill(0x0b)));

describe("hmac", () => {
  it("agrees with an independent implementation", async () => {
    const { createHmac } = await import("node:crypto");
    const expected = createHmac("sha256", Buffer.from(KEY, "base64")).update("purpose\0text ü").digest("hex");
    expect(await hmacHex(KEY, "purpose", "text ü")).toBe(expected);
  });

  it("gives different values for different purposes, and for texts that only look joined alike", async () => {
    expect(await hmacHex(KEY, "a", "text")).not.toBe(await hmacHex(KEY, "b", "text"));
    expect(await hmacHex(KEY, "ab", "c")).not.toBe(await hmacHex(KEY, "a", "bc"));
  });

  it("is 32 bytes wide", async () => {
    expect(await hmac(KEY, "purpose", "")).toHaveLength(32);
  });
});

describe("sameBytes", () => {
  it.each([
    [[], [], true],
    [[1, 2], [1, 2], true],
    [[1, 2], [1, 3], false],
    [[1, 2], [1, 2, 3], false],
    [[0], [], false],
  ])("compares %j with %j", (a, b, same) => {
    expect(sameBytes(Uint8Array.from(a), Uint8Array.from(b))).toBe(same);
  });
});
