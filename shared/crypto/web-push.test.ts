import fc from "fast-check";
import { createLocalJWKSet, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { fromBase64Url, toBase64Url } from "./base64url";
import { decryptPush, encryptPush, isSubscriptionKeys, jwkOf, LONGEST_PUSH, newPointPair, vapidHeader } from "./web-push";

/** RFC 8291, appendix A. */
const VECTOR = {
  sender: {
    publicKey: "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
    privateKey: "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
  },
  browser: {
    publicKey: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    privateKey: "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94",
  },
  auth: "BTBZMqHH6r4Tts7J_aSIgg",
  salt: "DGv6ra1nlYgDCS1FRnbzlw",
  text: "When I grow up, I want to be a watermelon",
  body: "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
};
const bytes = (text: string) => new Uint8Array(new TextEncoder().encode(text));
const text = (content: Uint8Array) => new TextDecoder().decode(content);

describe("a message of RFC 8291", () => {
  test("is the one of the standard's appendix, byte by byte", async () => {
    const salt = fromBase64Url(VECTOR.salt);
    const body = await encryptPush({ p256dh: VECTOR.browser.publicKey, auth: VECTOR.auth }, bytes(VECTOR.text), {
      pair: VECTOR.sender,
      ...(salt !== undefined && { salt }),
    });
    expect(toBase64Url(body)).toBe(VECTOR.body);
    expect(text(await decryptPush(VECTOR.browser, VECTOR.auth, body))).toBe(VECTOR.text);
  });

  test("opens for its browser alone, whatever it says, and no two are alike", async () => {
    const [browser, other] = [await newPointPair(), await newPointPair()];
    const auth = toBase64Url(crypto.getRandomValues(new Uint8Array(16)));
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (content) => {
        const message = new Uint8Array(content);
        const body = await encryptPush({ p256dh: browser.publicKey, auth }, message);
        expect(await decryptPush(browser, auth, body)).toEqual(message);
        expect(await encryptPush({ p256dh: browser.publicKey, auth }, message)).not.toEqual(body);
        await expect(decryptPush(other, auth, body)).rejects.toThrow();
      }),
      { numRuns: 20 },
    );
  });

  test("has at most 4,096 bytes", async () => {
    const { publicKey } = await newPointPair();
    const keys = { p256dh: publicKey, auth: VECTOR.auth };
    expect((await encryptPush(keys, new Uint8Array(LONGEST_PUSH))).length).toBe(4_096);
    await expect(encryptPush(keys, new Uint8Array(LONGEST_PUSH + 1))).rejects.toThrow(RangeError);
  });

  test.each([
    ["a point that is not on the curve", { p256dh: toBase64Url(new Uint8Array(65).fill(4)), auth: VECTOR.auth }],
    ["a short point", { p256dh: "BCVx", auth: VECTOR.auth }],
    ["a secret of another length", { p256dh: VECTOR.browser.publicKey, auth: "BTBZ" }],
    ["no base 64", { p256dh: "§", auth: VECTOR.auth }],
  ])("is not made for %s", async (_what, keys) => {
    expect(await isSubscriptionKeys(keys)).toBe(false);
    expect(await isSubscriptionKeys({ p256dh: VECTOR.browser.publicKey, auth: VECTOR.auth })).toBe(true);
  });
});

test("Meridian shows a push service who it is: a token of RFC 8292 for the endpoint's origin, of less than a day", async () => {
  const pair = await newPointPair();
  const now = Date.now();
  const header = await vapidHeader(pair, "https://push.example/send/abc?x=1", "mailto:ops@meridian.example", now);
  const [, token = "", key = ""] = /^vapid t=([^,]+), k=(\S+)$/.exec(header) ?? [];
  expect(key).toBe(pair.publicKey);
  const { d: _private, ...jwk } = jwkOf(pair);
  const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: [jwk] }), {
    audience: "https://push.example",
    algorithms: ["ES256"],
  });
  expect(payload).toMatchObject({ sub: "mailto:ops@meridian.example", exp: Math.floor((now + 12 * 3_600_000) / 1_000) });
});
