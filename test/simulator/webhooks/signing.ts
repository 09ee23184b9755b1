/** The webhook signing key: P-256, published as a Tink JSON keyset, signing with the Tink prefix and DER. */
import { createECDH, createHash, createPrivateKey, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { JsonObject } from "../person/wire.ts";

export interface SigningKey {
  keyId: number;
  privateKey: KeyObject;
  x: Buffer;
  y: Buffer;
  status: "ENABLED" | "DISABLED";
}

/** Tink ECDSA parameters: hash SHA-256, curve P-256, signature encoding DER. */
const PARAMETERS = Buffer.from("080310021802", "hex");

/** The key of a generation; derived from the seed, so a restart keeps the published keys valid. */
export function signingKey(seed: number, generation: number): SigningKey {
  const digest = createHash("sha256").update(`simulator webhook key ${seed} ${generation}`).digest();
  // Clearing the top bit keeps the scalar below the order of the curve.
  digest[0] = (digest[0] ?? 0) & 0x7f;
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(digest);
  const point = ecdh.getPublicKey();
  const x = point.subarray(1, 33);
  const y = point.subarray(33, 65);
  const jwk = { kty: "EC", crv: "P-256", x: x.toString("base64url"), y: y.toString("base64url"), d: digest.toString("base64url") };
  const keyId = createHash("sha256").update(point).digest().readUInt32BE(0);
  return { keyId, privateKey: createPrivateKey({ key: jwk, format: "jwk" }), x: Buffer.from(x), y: Buffer.from(y), status: "ENABLED" };
}

/** Tink EcdsaPublicKey: field 2 parameters, field 3 x, field 4 y; coordinates carry a leading zero byte. */
export function publicKeyValue(key: Pick<SigningKey, "x" | "y">): string {
  const field = (number: number, bytes: Buffer): Buffer => Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
  const padded = (coordinate: Buffer): Buffer => Buffer.concat([Buffer.from([0]), coordinate]);
  return Buffer.concat([field(2, PARAMETERS), field(3, padded(key.x)), field(4, padded(key.y))]).toString("base64");
}

/** The keyset as published; the newest key is the primary. */
export function publicKeyset(keys: readonly SigningKey[]): JsonObject {
  return {
    primaryKeyId: keys.at(-1)?.keyId ?? 0,
    key: keys.map((key) => ({
      keyData: {
        typeUrl: "type.googleapis.com/google.crypto.tink.EcdsaPublicKey",
        value: publicKeyValue(key),
        keyMaterialType: "ASYMMETRIC_PUBLIC",
      },
      status: key.status,
      keyId: key.keyId,
      outputPrefixType: "TINK",
    })),
  };
}

/** base64(0x01 ‖ key id, big-endian ‖ DER signature over the body). */
export function signBody(key: SigningKey, body: string): string {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(1, 0);
  prefix.writeUInt32BE(key.keyId, 1);
  return Buffer.concat([prefix, sign("sha256", Buffer.from(body, "utf8"), { key: key.privateKey, dsaEncoding: "der" })]).toString("base64");
}
