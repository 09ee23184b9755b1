import { z } from "zod";

/**
 * Key rings are Worker secrets: one JSON value per region, and one for the directory. Every key has a version, so that a new one can
 * be added before the old one is removed.
 */
const keyText = z.string().regex(/^[A-Za-z0-9+/]{43}=$/, "32 bytes in base 64");

const regionalKeysSchema = z.object({
  current: z.string(),
  keys: z.record(
    z.string(),
    z.object({
      /** Wraps the key of each person. */
      wrapping: keyText,
      /** Blind indexes of regional tables. */
      index: keyText,
      /** Authenticates refresh tokens, cursors and tickets. */
      refresh: keyText,
      /** HMAC key applied to passwords before scrypt. */
      pepper: keyText,
      /** Chains access logs. */
      chain: keyText,
      /** ES256 private key that signs access tokens. */
      signing: z.object({ kty: z.literal("EC"), crv: z.literal("P-256"), x: z.string(), y: z.string(), d: z.string(), kid: z.string() }),
    }),
  ),
});

const directoryKeysSchema = z.object({
  current: z.string(),
  keys: z.record(z.string(), z.object({ email: keyText, vendor: keyText })),
});

export type RegionalKeys = z.infer<typeof regionalKeysSchema>;
export type RegionalKey = RegionalKeys["keys"][string];
export type DirectoryKeys = z.infer<typeof directoryKeysSchema>;

const parsedRings = new Map<string, RegionalKeys>();
const parsedDirectory = new Map<string, DirectoryKeys>();

/** Parses a region's key ring, once per isolate; throws where the secret is missing or malformed. */
export function regionalKeys(secret: string): RegionalKeys {
  let ring = parsedRings.get(secret);
  if (ring === undefined) {
    ring = regionalKeysSchema.parse(JSON.parse(secret));
    parsedRings.set(secret, ring);
  }
  return ring;
}

/** Parses the directory's key ring, once per isolate. */
export function directoryKeys(secret: string): DirectoryKeys {
  let ring = parsedDirectory.get(secret);
  if (ring === undefined) {
    ring = directoryKeysSchema.parse(JSON.parse(secret));
    parsedDirectory.set(secret, ring);
  }
  return ring;
}

/** The key that new values are made with. */
export function currentKey<K>(ring: { readonly current: string; readonly keys: Readonly<Record<string, K>> }): {
  readonly version: string;
  readonly key: K;
} {
  const key = ring.keys[ring.current];
  if (key === undefined) throw new TypeError("the key ring has no current key");
  return { version: ring.current, key };
}

/** The 32 bytes of a key. */
export function keyBytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}
