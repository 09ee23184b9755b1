import * as z from "zod";
import { hmacHex } from "./hmac";
import { type DirectoryKeys, type KeyRing, type RegionalKeys, type Versioned, versionsOf } from "./keys";
import type { SealedPlace } from "./sealing";

/** Who somebody is at a provider: the issuer, and a subject that never changes or is given again. Never an address. */
const identitySchema = z.object({ issuer: z.string(), subject: z.string() });
export type Identity = Readonly<z.infer<typeof identitySchema>>;

/** The keyed hashes of an identity: the current version first, then the older ones that rows may still carry. */
export type IdentityHashes = readonly [IdentityHash, ...IdentityHash[]];
export interface IdentityHash {
  readonly version: string;
  readonly hash: string;
}

/** Hashes under which the directory may know an identity. */
export async function directoryHashesOf(keys: Pick<DirectoryKeys, "email">, identity: Identity): Promise<IdentityHashes> {
  return await hashes(keys.email, "dir-identity", identity);
}

/** Hashes under which a region may know an identity. */
export async function regionalHashesOf(keys: Pick<RegionalKeys, "index">, identity: Identity): Promise<IdentityHashes> {
  return await hashes(keys.index, "identities", identity);
}

/** Where an identity is sealed for. */
export function subjectPlace(id: string): SealedPlace {
  return { table: "identities", column: "sealed_subject", row: id };
}

/** An identity as the text that is sealed. */
export function identityText({ issuer, subject }: Identity): string {
  return JSON.stringify({ issuer, subject } satisfies Identity);
}

/** The identity of such a text. */
export function identityOf(text: string): Identity {
  return identitySchema.parse(JSON.parse(text));
}

async function hashes(ring: KeyRing, prefix: string, { issuer, subject }: Identity): Promise<IdentityHashes> {
  const hash = async ({ version, key }: Versioned<string>) => ({ version, hash: await hmacHex(key, prefix, `${issuer}\0${subject}`) });
  const [current, ...others] = versionsOf(ring);
  return [await hash(current), ...(await Promise.all(others.map(hash)))];
}
