import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newId } from "../id";
import { REGIONS, type Region } from "../region";
import { openRefreshToken, type RefreshRing, sealRefreshToken } from "./refresh-token";

const key = (fill: number): string => btoa(String.fromCharCode(...new Uint8Array(32).fill(fill)));
const RINGS: Readonly<Record<Region, RefreshRing>> = {
  eu: { refresh: { current: "2", keys: { "1": key(1), "2": key(2) } } },
  us: { refresh: { current: "1", keys: { "1": key(3) } } },
  ap: { refresh: { current: "1", keys: { "1": key(4) } } },
};
const ringOf = (region: Region): RefreshRing => RINGS[region];

describe("refresh tokens", () => {
  it("say their region, session and generation", async () => {
    for (const region of REGIONS) {
      const session = newId("session", region, Date.now());
      const token = await sealRefreshToken(RINGS[region], session, 12);
      expect(token).toMatch(new RegExp(`^rt_${region}_[0-9a-z]{26}\\.12\\.[\\w-]{43}$`));
      expect(await openRefreshToken(ringOf, token)).toEqual({ region, session, n: 12 });
    }
  });

  it("are the same however often they are made", async () => {
    const session = newId("session", "us", Date.now());
    expect(await sealRefreshToken(RINGS.us, session, 3)).toBe(await sealRefreshToken(RINGS.us, session, 3));
  });

  it("are still opened under an older key version", async () => {
    const session = newId("session", "eu", Date.now());
    const old = await sealRefreshToken({ refresh: { current: "1", keys: RINGS.eu.refresh.keys } }, session, 0);
    expect(await openRefreshToken(ringOf, old)).toMatchObject({ session, n: 0 });
  });

  it("of one region are not another's, even for the same session text", async () => {
    const session = newId("session", "eu", Date.now());
    const token = await sealRefreshToken(RINGS.eu, session, 1);
    expect(await openRefreshToken(ringOf, token.replace("rt_eu_", "rt_us_"))).toBeUndefined();
    expect(await openRefreshToken(() => RINGS.us, token)).toBeUndefined();
  });

  it("do not open after any change of one character", async () => {
    const token = await sealRefreshToken(RINGS.us, newId("session", "us", Date.now()), 41);
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(..."abcXYZ019._-=\n ".split("")), async (at, character) => {
        fc.pre(token[at] !== character);
        expect(await openRefreshToken(ringOf, token.slice(0, at) + character + token.slice(at + 1))).toBeUndefined();
      }),
    );
  });

  it.each(["", "rt_", "rt_eu_", "rt_xx_01k.0.a", "a.b.c", "rt_eu_01kad7aaaaaaaaaaaaaaaaaaaa.00.", "null"])("are not %j", async (text) => {
    expect(await openRefreshToken(ringOf, text)).toBeUndefined();
  });
});
