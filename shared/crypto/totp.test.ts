import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromBase32, matchingStep, stepAt, toBase32, totpCode, totpUri } from "./totp";

const bytes = (text: string) => new Uint8Array(new TextEncoder().encode(text));
const SECRET = bytes("12345678901234567890");

describe("codes", () => {
  // RFC 6238, appendix B, the rows of SHA-1.
  it.each([
    [59, "94287082"],
    [1_111_111_109, "07081804"],
    [1_111_111_111, "14050471"],
    [1_234_567_890, "89005924"],
    [2_000_000_000, "69279037"],
    [20_000_000_000, "65353130"],
  ])("at second %i is %s", async (second, code) => {
    expect(await totpCode(SECRET, stepAt(second * 1000), 8)).toBe(code);
  });

  // RFC 4226, appendix D.
  it.each([
    [0, "755224"],
    [1, "287082"],
    [9, "520489"],
  ])("of step %i is %s", async (step, code) => {
    expect(await totpCode(SECRET, step)).toBe(code);
  });

  it("count in their own step and the one after it", async () => {
    const now = 1_700_000_000_000;
    const step = stepAt(now);
    const codeOf = async (at: number) => await totpCode(SECRET, at);
    expect(await matchingStep(SECRET, await codeOf(step), now)).toBe(step);
    expect(await matchingStep(SECRET, await codeOf(step - 1), now)).toBe(step - 1);
    expect(await matchingStep(SECRET, await codeOf(step - 2), now)).toBeUndefined();
    expect(await matchingStep(SECRET, await codeOf(step + 1), now)).toBeUndefined();
  });
});

describe("base 32", () => {
  // RFC 4648 §10, without padding.
  it.each([
    ["", ""],
    ["f", "MY"],
    ["fo", "MZXQ"],
    ["foo", "MZXW6"],
    ["foob", "MZXW6YQ"],
    ["fooba", "MZXW6YTB"],
    ["foobar", "MZXW6YTBOI"],
  ])("of %j is %s", (text, encoded) => {
    expect(toBase32(bytes(text))).toBe(encoded);
  });

  it("comes back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (given) => {
        expect(fromBase32(toBase32(given))).toEqual(given);
      }),
    );
  });

  it("has no other letters", () => {
    expect(fromBase32("M1")).toBeUndefined();
    expect(fromBase32("my")).toBeUndefined();
  });
});

it("apps are told issuer, name and secret", () => {
  expect(totpUri("Meridian", "Ada & Co", "MZXW6")).toBe(
    "otpauth://totp/Meridian:Ada%20%26%20Co?secret=MZXW6&issuer=Meridian&algorithm=SHA1&digits=6&period=30",
  );
});
