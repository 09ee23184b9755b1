import { describe, expect, it } from "vitest";
import { parseKeyset, parsePublicKey, parseSignature, verifyTink } from "./tink";

/** The P-256 key of RFC 6979 A.2.5 as a Tink keyset, and a signature by it. */
const VALUE = "EgYIAxACGAIaIQBg/tS6JVqdMclh63TGNW1owEm4kjth+mzmaWIuYPKftiIhAHkD/hAIuLyZpBrp6VYovGTy8bIMLX6fUXejwpTURiKZ";
const KEY = {
  keyData: { typeUrl: "type.googleapis.com/google.crypto.tink.EcdsaPublicKey", value: VALUE, keyMaterialType: "ASYMMETRIC_PUBLIC" },
  status: "ENABLED",
  keyId: 305419896,
  outputPrefixType: "TINK",
};
const BODY =
  '[{"data":{"version":"1","clientProvidedSubscriptionName":"s1","healthUserId":"u1","operation":"UPSERT","dataType":"steps","intervals":[{"physicalTimeInterval":{"startTime":"2026-11-20T00:00:00Z","endTime":"2026-11-20T01:00:00Z"}}]}}]';
const SIGNATURE = "ARI0VngwRQIgAdocJRwrOBQucdJIq6eycXMSJSQ0tn2mFMO+9cEfjUECIQDJJcUc42y1EuGKmXm4eYKLQwacEE0tgpxgp8e/Q7ZCJQ==";

const bytes = (text: string) => new TextEncoder().encode(text);
const keyset = (extra: object = {}) => ({ primaryKeyId: KEY.keyId, key: [{ ...KEY, ...extra }] });

async function verifies(header: string, body = BODY, document: unknown = keyset()): Promise<boolean> {
  const signature = parseSignature(header);
  return signature !== undefined && (await verifyTink(await parseKeyset(document), signature, new Uint8Array(bytes(body))));
}

/** The header with its decoded bytes changed. */
function altered(change: (raw: Uint8Array) => Uint8Array): string {
  return Buffer.from(change(new Uint8Array(Buffer.from(SIGNATURE, "base64")))).toString("base64");
}

describe("Tink signatures", () => {
  it("verifies the known answer", async () => expect(await verifies(SIGNATURE)).toBe(true));

  it("reads coordinates with a leading zero", () => {
    const sample = parsePublicKey(
      "EgYIAxACGAIaIQBDWg3kaiabjtrVXbSSbcn6e3QqiCLD+B4GuhC/Z1C6miIhACarm0VQv9WjNZG/AB0itXCIGFW5ddInmBFUjK/8w0v3",
    );
    expect(Buffer.from(sample?.x ?? []).toString("hex")).toBe("00435a0de46a269b8edad55db4926dc9fa7b742a8822c3f81e06ba10bf6750ba9a");
    expect(Buffer.from(sample?.y ?? []).toString("hex")).toBe("0026ab9b4550bfd5a33591bf001d22b570881855b975d2279811548caffcc34bf7");
  });

  it.each([
    ["a changed body byte", SIGNATURE, BODY.replace("steps", "steqs"), undefined],
    ["another key id", altered((raw) => raw.with(4, raw[4]! ^ 1)), BODY, undefined],
    ["another version byte", altered((raw) => raw.with(0, 0)), BODY, undefined],
    ["a truncated signature", altered((raw) => raw.subarray(0, -1)), BODY, undefined],
    ["a prefix alone", altered((raw) => raw.subarray(0, 5)), BODY, undefined],
    ["a byte too many", altered((raw) => Uint8Array.of(...raw, 0)), BODY, undefined],
    ["base 64 of the URL kind", SIGNATURE.replaceAll("+", "-").replaceAll("/", "_"), BODY, undefined],
    ["base 64 without padding", SIGNATURE.slice(0, -2), BODY, undefined],
    ["hex", Buffer.from(SIGNATURE, "base64").toString("hex"), BODY, undefined],
    ["an empty header", "", BODY, undefined],
    ["a disabled key", SIGNATURE, BODY, keyset({ status: "DISABLED" })],
    [
      "a key of another kind",
      SIGNATURE,
      BODY,
      keyset({ keyData: { ...KEY.keyData, typeUrl: "type.googleapis.com/google.crypto.tink.Ed25519PublicKey" } }),
    ],
    ["a key without Tink's prefix", SIGNATURE, BODY, keyset({ outputPrefixType: "RAW" })],
  ])("refuses %s", async (_, header, body, document) => expect(await verifies(header, body, document)).toBe(false));

  it.each([
    ["SHA-512", [8, 4, 16, 2, 24, 2]],
    ["P-384", [8, 3, 16, 3, 24, 2]],
    ["IEEE encoding", [8, 3, 16, 2, 24, 1]],
  ])("ignores keys with %s", (_, parameters) => {
    const raw = new Uint8Array(Buffer.from(VALUE, "base64"));
    raw.set(parameters, 2);
    expect(parsePublicKey(Buffer.from(raw).toString("base64"))).toBeUndefined();
  });

  it.each([["not base 64!"], [""], ["EgYIAxACGAI="], ["GiEA"]])("ignores the key value %j", (value) =>
    expect(parsePublicKey(value)).toBeUndefined(),
  );

  it("throws for a document that is no keyset", async () => {
    await expect(parseKeyset({ keys: [] })).rejects.toThrow("expected array");
  });
});
