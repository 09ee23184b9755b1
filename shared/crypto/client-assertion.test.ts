import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { newId } from "../id";
import { toBase64Url } from "./base64url";
import { peekAssertion, proveAssertion } from "./client-assertion";
import { clientKeySet, usableKeys } from "./client-keys";

const NOW = Date.UTC(2026, 10, 20, 12);
const S = NOW / 1000;
const CLIENT = newId("client", "eu", NOW);
const US = ["https://api.meridian.test/eu", "https://api.meridian.test/oauth/token"];

async function keyOf(alg: string) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2_048 });
  const { kty, crv, x, y, n, e } = await exportJWK(publicKey);
  const jwk: unknown = JSON.parse(JSON.stringify({ kty, crv, x, y, n, e, kid: alg }));
  return { privateKey, jwk };
}

const p256 = await keyOf("ES256");
const rsa = await keyOf("RS384");
const { keys } = clientKeySet.parse({ keys: [p256.jwk, rsa.jwk] });

const sign = async (key: CryptoKey, header: { alg: string; kid?: string }, claims: object = {}) =>
  await new SignJWT({ iss: CLIENT, sub: CLIENT, aud: US[0], jti: "1", exp: S + 60, ...claims }).setProtectedHeader(header).sign(key);

async function prove(text: string, now = NOW, audiences = US) {
  const claim = peekAssertion(text, "client");
  return claim === undefined ? undefined : await proveAssertion(text, claim, keys, audiences, now);
}

describe("an assertion", () => {
  test("is proven with the key that it names, or with one that fits", async () => {
    expect(await prove(await sign(p256.privateKey, { alg: "ES256", kid: "ES256" }))).toEqual({ jti: "1", expiresAt: S + 60 });
    expect(await prove(await sign(rsa.privateKey, { alg: "RS384" }))).toBeDefined();
    expect(await prove(await sign(rsa.privateKey, { alg: "RS384", kid: "ES256" }))).toBeUndefined();
  });

  test("is good up to the tolerance of clocks, and for five minutes at most", async () => {
    const text = await sign(p256.privateKey, { alg: "ES256" });
    expect(await prove(text, NOW + 64_000)).toBeDefined();
    expect(await prove(text, NOW + 65_000)).toBeUndefined();
    expect(await prove(await sign(p256.privateKey, { alg: "ES256" }, { exp: S + 305 }))).toBeDefined();
    expect(await prove(await sign(p256.privateKey, { alg: "ES256" }, { exp: S + 306 }))).toBeUndefined();
  });

  test("uses the algorithm of the key, not one that it chooses", async () => {
    const rs256 = await crypto.subtle.importKey(
      "pkcs8",
      await crypto.subtle.exportKey("pkcs8", rsa.privateKey),
      { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
      false,
      ["sign"],
    );
    expect(await prove(await sign(rs256, { alg: "RS256", kid: "RS384" }))).toBeUndefined();
  });

  test.each(["", "x", "a.b.c", "..", "x".repeat(9_000)])("is not %j", (text) => {
    expect(peekAssertion(text, "client")).toBeUndefined();
  });
});

describe("keys of a client", () => {
  test.each<[string, object]>([
    ["a private part", { d: "AAAA" }],
    ["a symmetric key", { kty: "oct", k: "AAAA" }],
    ["another curve", { crv: "P-521" }],
    ["another use", { use: "enc" }],
    ["another algorithm", { alg: "ES384" }],
    ["other operations", { key_ops: ["verify", "sign"] }],
  ])("are none with %s, and such are passed over in a set that was read", (_name, change) => {
    const bad = { ...(p256.jwk as object), ...change };
    expect(clientKeySet.safeParse({ keys: [bad] }).success).toBe(false);
    expect(usableKeys({ keys: [bad, rsa.jwk] })).toHaveLength(1);
  });

  test("of RSA have 2048 to 4096 bits and the usual exponent", () => {
    const good = rsa.jwk as { n: string };
    const short = toBase64Url(new Uint8Array(128).fill(255));
    for (const jwk of [
      { ...good, n: short },
      { ...good, e: "Aw" },
      { ...good, n: toBase64Url(new Uint8Array(513).fill(255)) },
      { ...good, n: "A".repeat(342) },
    ])
      expect(clientKeySet.safeParse({ keys: [jwk] }).success).toBe(false);
    expect(clientKeySet.safeParse({ keys: [good] }).success).toBe(true);
  });

  test("are a set, or nothing", () => {
    for (const value of [null, [], {}, { keys: "x" }, "x"]) expect(usableKeys(value)).toBeUndefined();
    expect(usableKeys({ keys: [null, 1, "x"] })).toEqual([]);
  });
});
