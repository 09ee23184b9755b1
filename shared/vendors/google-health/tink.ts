import * as z from "zod";
import { importP256, verifyEcdsaP256 } from "../../crypto/webhook-signatures";

const ECDSA_PUBLIC_KEY = "type.googleapis.com/google.crypto.tink.EcdsaPublicKey";
/** hash_type SHA-256, curve NIST P-256, encoding DER. */
const PARAMETERS = [0x08, 0x03, 0x10, 0x02, 0x18, 0x02];
/** Tink's output prefix: a version byte, then the key id as 32 bits big-endian. */
const PREFIX = 5;
const PREFIX_VERSION = 0x01;

const keysetSchema = z.object({
  key: z.array(
    z.object({
      keyData: z.object({ typeUrl: z.string(), value: z.string() }),
      status: z.string(),
      keyId: z.number().int().min(0).max(0xffffffff),
      outputPrefixType: z.string(),
    }),
  ),
});

/** Key id → enabled key. */
export type Keyset = ReadonlyMap<number, CryptoKey>;

/**
 * The usable keys of a Tink JSON keyset: enabled, ECDSA P-256 SHA-256 DER, with Tink's prefix. Others are ignored, so that a key of a
 * new kind does not stop the old ones. Throws where the document is no keyset.
 */
export async function parseKeyset(document: unknown): Promise<Keyset> {
  const keys = new Map<number, CryptoKey>();
  for (const { keyData, status, keyId, outputPrefixType } of keysetSchema.parse(document).key) {
    if (status !== "ENABLED" || outputPrefixType !== "TINK" || keyData.typeUrl !== ECDSA_PUBLIC_KEY) continue;
    const coordinates = parsePublicKey(keyData.value);
    if (coordinates !== undefined) keys.set(keyId, await importP256(coordinates.x, coordinates.y));
  }
  return keys;
}

/** x and y of a Tink `EcdsaPublicKey` (base 64 of its protobuf), or undefined for other parameters or a malformed message. */
export function parsePublicKey(value: string): { readonly x: Uint8Array; readonly y: Uint8Array } | undefined {
  const bytes = fromBase64(value);
  if (bytes === undefined) return undefined;
  const fields = new Map<number, Uint8Array>();
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at] ?? 0;
    const length = bytes[at + 1] ?? 0;
    // The version, a varint, is left out when it is 0. Lengths above 127 do not occur in a key of this size.
    if (tag === 0x08 && length < 0x80) {
      if (length !== 0) return undefined;
      at += 2;
      continue;
    }
    if ((tag & 7) !== 2 || length > 0x7f || at + 2 + length > bytes.length) return undefined;
    fields.set(tag >> 3, bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  const parameters = fields.get(2);
  const x = fields.get(3);
  const y = fields.get(4);
  if (parameters === undefined || x === undefined || y === undefined || x.length > 33 || y.length > 33) return undefined;
  return PARAMETERS.length === parameters.length && PARAMETERS.every((byte, i) => parameters[i] === byte) ? { x, y } : undefined;
}

/** A signature header taken apart: `base64(0x01 ‖ key id ‖ DER)`. */
export interface TinkSignature {
  readonly keyId: number;
  readonly der: Uint8Array;
}

/** Reads a signature header; undefined where it is not one. */
export function parseSignature(header: string): TinkSignature | undefined {
  const bytes = fromBase64(header);
  if (bytes === undefined || bytes.length <= PREFIX || bytes[0] !== PREFIX_VERSION) return undefined;
  const keyId = new DataView(bytes.buffer).getUint32(1);
  return { keyId, der: bytes.subarray(PREFIX) };
}

/** Whether the signature over the exact bytes is by a key of the set. */
export async function verifyTink(keys: Keyset, signature: TinkSignature, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const key = keys.get(signature.keyId);
  return key !== undefined && (await verifyEcdsaP256(key, signature.der, bytes));
}

/** Strict base 64: one value has one spelling. */
function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.length % 4 !== 0 || text.length > 4096) return undefined;
  const binary = atob(text);
  return btoa(binary) === text ? Uint8Array.from(binary, (c) => c.charCodeAt(0)) : undefined;
}
