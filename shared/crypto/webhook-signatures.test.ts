import { generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ecdsaFromDer, importP256, verifyEcdsaP256 } from "./webhook-signatures";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const jwk = publicKey.export({ format: "jwk" });
const coordinates = [jwk.x, jwk.y].map((text) => new Uint8Array(Buffer.from(text ?? "", "base64url")));
const [x = new Uint8Array(), y = new Uint8Array()] = coordinates;

describe("ECDSA over DER", () => {
  it("verifies what another implementation signs, with or without a leading zero in the coordinates", async () => {
    const keys = [await importP256(x, y), await importP256(Uint8Array.of(0, ...x), Uint8Array.of(0, ...y))];
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const body = new Uint8Array(bytes);
        const der = new Uint8Array(sign("sha256", body, privateKey));
        for (const key of keys) expect(await verifyEcdsaP256(key, der, body)).toBe(true);
        expect(await verifyEcdsaP256(keys[0]!, der, Uint8Array.of(...body, 1))).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  it("refuses every truncation and every extension of a signature", () => {
    const der = new Uint8Array(sign("sha256", new Uint8Array(3), privateKey));
    for (let length = 0; length < der.length; length++) expect(ecdsaFromDer(der.subarray(0, length))).toBeUndefined();
    expect(ecdsaFromDer(Uint8Array.of(...der, 0))).toBeUndefined();
  });

  it.each([
    ["a negative integer", [0x30, 6, 2, 1, 0x80, 2, 1, 1]],
    ["a needless leading zero", [0x30, 7, 2, 2, 0, 1, 2, 1, 1]],
    ["zero", [0x30, 6, 2, 1, 0, 2, 1, 1]],
    ["an empty integer", [0x30, 5, 2, 0, 2, 1, 1]],
    ["a third integer", [0x30, 9, 2, 1, 1, 2, 1, 1, 2, 1, 1]],
    ["another sequence tag", [0x31, 6, 2, 1, 1, 2, 1, 1]],
    ["an integer of 33 significant bytes", [0x30, 39, 2, 34, 0, ...Array.from({ length: 33 }, () => 0xff), 2, 1, 1]],
  ])("refuses %s", (_, bytes) => expect(ecdsaFromDer(Uint8Array.from(bytes))).toBeUndefined());

  it("pads short integers", () => {
    const raw = ecdsaFromDer(Uint8Array.of(0x30, 6, 2, 1, 5, 2, 1, 7));
    expect([raw?.[31], raw?.[63], raw?.length]).toEqual([5, 7, 64]);
  });

  it("refuses coordinates that are too long", async () => {
    await expect(importP256(new Uint8Array(33).fill(1), y)).rejects.toThrow(TypeError);
  });
});
