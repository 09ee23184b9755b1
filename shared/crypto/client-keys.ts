import { importJWK, type JWK } from "jose";
import * as z from "zod";
import { fromBase64Url } from "./base64url";

/**
 * Public keys of machine clients (RFC 7517). Asymmetric ones only: RSA of 2048 to 4096 bits for RS384, P-256 for ES256, P-384 for ES384,
 * Ed25519 for EdDSA, which newer libraries call by its curve (RFC 9864). The key decides the algorithm, never the assertion alone.
 */
export const ASSERTION_ALGORITHMS = ["RS384", "ES384", "ES256", "EdDSA", "Ed25519"] as const;
export type AssertionAlgorithm = (typeof ASSERTION_ALGORITHMS)[number];

const MOST_KEYS = 10;
const RSA_BYTES = { least: 256, most: 512 } as const;

const number = z.string().regex(/^[A-Za-z0-9_-]{1,700}$/);
const common = {
  kid: z.string().min(1).max(200).optional(),
  use: z.literal("sig").optional(),
  key_ops: z.array(z.literal("verify")).min(1).max(1).optional(),
  ext: z.boolean().optional(),
};

const rsa = z.strictObject({
  kty: z.literal("RSA"),
  n: number.refine(isLongEnough, "An RSA key has 2048 to 4096 bits."),
  e: z.literal("AQAB"),
  alg: z.literal("RS384").optional(),
  ...common,
});
const p256 = z.strictObject({
  kty: z.literal("EC"),
  crv: z.literal("P-256"),
  x: number,
  y: number,
  alg: z.literal("ES256").optional(),
  ...common,
});
const p384 = z.strictObject({ ...p256.shape, crv: z.literal("P-384"), alg: z.literal("ES384").optional() });
const ed25519 = z.strictObject({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  x: number,
  alg: z.enum(["EdDSA", "Ed25519"]).optional(),
  ...common,
});
/** A public key. Fields of a private one are unknown, and so refused. */
const clientKey = z.discriminatedUnion("kty", [rsa, z.discriminatedUnion("crv", [p256, p384]), ed25519]);
export type ClientKey = z.output<typeof clientKey>;

/** A set as it is registered: every key must be good. */
export const clientKeySet = z
  .strictObject({ keys: z.array(clientKey).min(1).max(MOST_KEYS) })
  .refine(({ keys }) => keys.length === 1 || keys.every(({ kid }) => kid !== undefined), "Of several keys each needs a kid.")
  .refine(({ keys }) => new Set(keys.map(({ kid }) => kid)).size === keys.length, "Each kid may stand here once.")
  .meta({ id: "ClientKeySet" });
export type ClientKeySet = z.output<typeof clientKeySet>;

const foreignSet = z.looseObject({ keys: z.array(z.unknown()).max(100) });
/** What other sets carry along, and what says nothing about the key itself. */
const DECORATION = ["x5c", "x5t", "x5t#S256", "x5u", "iat", "exp", "nbf"];

/** The usable keys of a set that was read elsewhere: those for other purposes are passed over. Undefined where it is no set. */
export function usableKeys(value: unknown): ClientKey[] | undefined {
  const set = foreignSet.safeParse(value);
  if (!set.success) return undefined;
  const keys = set.data.keys.flatMap((one) => {
    const plain = z.looseObject({}).safeParse(one).data ?? {};
    const parsed = clientKey.safeParse(Object.fromEntries(Object.entries(plain).filter(([name]) => !DECORATION.includes(name))));
    return parsed.success ? [parsed.data] : [];
  });
  return keys.slice(0, MOST_KEYS);
}

/** The algorithms that a key verifies. */
export function algorithmsOf(key: ClientKey): readonly AssertionAlgorithm[] {
  if (key.kty === "RSA") return ["RS384"];
  if (key.kty === "OKP") return ["EdDSA", "Ed25519"];
  return key.crv === "P-256" ? ["ES256"] : ["ES384"];
}

/** The key for WebCrypto. Rejects for numbers that are no key: a point off its curve, say. */
export async function importClientKey(key: ClientKey): Promise<CryptoKey> {
  const [algorithm] = algorithmsOf(key);
  const { kid: _kid, use: _use, key_ops: _ops, ext: _ext, alg: _alg, ...numbers } = key;
  const made = await importJWK(numbers satisfies JWK, algorithm);
  if (made instanceof Uint8Array) throw new TypeError("not an asymmetric key");
  return made;
}

function isLongEnough(text: string): boolean {
  const bytes = fromBase64Url(text);
  const [first = 0] = bytes ?? [];
  if (bytes === undefined || first === 0) return false;
  const bits = (bytes.length - 1) * 8 + (32 - Math.clz32(first));
  return bits >= RSA_BYTES.least * 8 && bits <= RSA_BYTES.most * 8;
}
