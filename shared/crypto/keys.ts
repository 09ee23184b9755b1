import * as z from "zod";

/**
 * Key rings are Worker secrets: one JSON value per region, and one for the directory. Each kind of key has a ring of its own, in which
 * every key has a version: a new one is added before it is used, and the old one removed when nothing needs it any more.
 */
const keyText = z.string().regex(/^[A-Za-z0-9+/]{43}=$/, "32 bytes in base 64");
/** Versions stand in stored values before a dot or a comma. */
const version = z.string().regex(/^[A-Za-z0-9-]{1,32}$/, "a version");
const signingKey = z.object({
  kty: z.literal("EC"),
  crv: z.literal("P-256"),
  x: z.string(),
  y: z.string(),
  d: z.string(),
  kid: z.string(),
});

/** RS256 private key that signs id tokens for apps: SMART and OpenID Connect want RSA. 2048 bits, since two of 3072 do not fit into a secret. */
const identityKey = z.object({
  kty: z.literal("RSA"),
  n: z.string(),
  e: z.string(),
  d: z.string(),
  p: z.string(),
  q: z.string(),
  dp: z.string(),
  dq: z.string(),
  qi: z.string(),
  kid: z.string(),
});
export type IdentityKey = z.infer<typeof identityKey>;

/** All kinds of a region, and what each is for. */
const REGIONAL = {
  /** Wraps the key of each person; seals what is kept for a day. */
  wrapping: keyText,
  /** Blind indexes of regional tables. */
  index: keyText,
  /** Authenticates refresh tokens, cursors and tickets. */
  refresh: keyText,
  /** HMAC key applied to passwords before scrypt. */
  pepper: keyText,
  /** Chains access logs and security events. */
  chain: keyText,
  /** ES256 private key that signs access tokens. */
  signing: signingKey,
};
/** The kinds of the directory: blind indexes of addresses and of vendors' accounts. */
const DIRECTORY = { email: keyText, vendor: keyText };

export const REGIONAL_KINDS = ["wrapping", "index", "refresh", "pepper", "chain", "signing"] as const satisfies (keyof typeof REGIONAL)[];
export type RegionalKind = (typeof REGIONAL_KINDS)[number];
export const DIRECTORY_KINDS = ["email", "vendor"] as const satisfies (keyof typeof DIRECTORY)[];
export type DirectoryKind = (typeof DIRECTORY_KINDS)[number];

/** The versions of one kind of key. New values are made with the current one; values of the others are still read. */
export interface KeyRing<Key = string> {
  readonly current: string;
  readonly keys: Readonly<Record<string, Key>>;
}
export type SigningKey = z.infer<typeof signingKey>;
export type RegionalKeys = { readonly [Kind in RegionalKind]: KeyRing<Kind extends "signing" ? SigningKey : string> } & {
  /** Missing in secrets that were made before there were apps: then nobody is told of id tokens, until `rotate` has added a key. */
  readonly identity?: KeyRing<IdentityKey> | undefined;
};
export type DirectoryKeys = { readonly [Kind in DirectoryKind]: KeyRing };

/** When versions were added and made current, for the tool that rotates them; the service does not look at it. */
const times = z.record(z.string(), z.number()).optional();

function ringOf<Key extends z.ZodType>(key: Key) {
  return z
    .object({ current: version, keys: z.record(version, key), added: times, used: times })
    .refine(({ current, keys }) => Object.hasOwn(keys, current), "the current key is not in the ring");
}

const regionalRings = z.object({
  wrapping: ringOf(REGIONAL.wrapping),
  index: ringOf(REGIONAL.index),
  refresh: ringOf(REGIONAL.refresh),
  pepper: ringOf(REGIONAL.pepper),
  chain: ringOf(REGIONAL.chain),
  signing: ringOf(REGIONAL.signing),
  identity: ringOf(identityKey).optional(),
});
const directoryRings = z.object({ email: ringOf(DIRECTORY.email), vendor: ringOf(DIRECTORY.vendor) });
/** The first form of the secrets: one version for all kinds together. */
const regionalTogether = ringOf(z.object(REGIONAL));
const directoryTogether = ringOf(z.object(DIRECTORY));

/** The rings of a region as they stand in the secret, with the times of the rotation. */
export type StoredRegionalKeys = z.infer<typeof regionalRings>;
export type StoredDirectoryKeys = z.infer<typeof directoryRings>;

/** Reads a region's secret of either form. Throws where it is missing or malformed. */
export function readRegionalKeys(secret: string): StoredRegionalKeys {
  const value: unknown = JSON.parse(secret);
  if (!isTogether(value)) return regionalRings.parse(value);
  const ring = regionalTogether.parse(value);
  return regionalRings.parse(Object.fromEntries(REGIONAL_KINDS.map((kind) => [kind, only(ring, kind)])));
}

/** Reads the directory's secret of either form. Throws where it is missing or malformed. */
export function readDirectoryKeys(secret: string): StoredDirectoryKeys {
  const value: unknown = JSON.parse(secret);
  if (!isTogether(value)) return directoryRings.parse(value);
  const ring = directoryTogether.parse(value);
  return directoryRings.parse(Object.fromEntries(DIRECTORY_KINDS.map((kind) => [kind, only(ring, kind)])));
}

function isTogether(value: unknown): boolean {
  return typeof value === "object" && value !== null && "current" in value;
}

function only<Kind extends string>({ current, keys }: KeyRing<{ readonly [K in Kind]: unknown }>, kind: Kind): KeyRing<unknown> {
  return { current, keys: Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, key[kind]])) };
}

const parsedRings = new Map<string, RegionalKeys>();
const parsedDirectory = new Map<string, DirectoryKeys>();

/** Parses a region's key rings, once per isolate; throws where the secret is missing or malformed. */
export function regionalKeys(secret: string): RegionalKeys {
  let rings = parsedRings.get(secret);
  if (rings === undefined) {
    rings = readRegionalKeys(secret);
    parsedRings.set(secret, rings);
  }
  return rings;
}

/** Parses the directory's key rings, once per isolate. */
export function directoryKeys(secret: string): DirectoryKeys {
  let rings = parsedDirectory.get(secret);
  if (rings === undefined) {
    rings = readDirectoryKeys(secret);
    parsedDirectory.set(secret, rings);
  }
  return rings;
}

/** The key that new values are made with. */
export function currentKey<Key>(ring: KeyRing<Key>): { readonly version: string; readonly key: Key } {
  const key = keyOf(ring, ring.current);
  if (key === undefined) throw new TypeError("the key ring has no current key");
  return { version: ring.current, key };
}

/** The key of a version, which may come from outside; undefined where the ring does not have it. */
export function keyOf<Key>(ring: KeyRing<Key>, name: string): Key | undefined {
  return Object.hasOwn(ring.keys, name) ? ring.keys[name] : undefined;
}

/** Every version, the current one first. */
export function versionsOf<Key>(ring: KeyRing<Key>): readonly [Versioned<Key>, ...Versioned<Key>[]] {
  const others = Object.entries(ring.keys).filter(([name]) => name !== ring.current);
  return [currentKey(ring), ...others.map(([name, key]) => ({ version: name, key }))];
}
export interface Versioned<Key> {
  readonly version: string;
  readonly key: Key;
}

/** The 32 bytes of a key. */
export function keyBytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}
