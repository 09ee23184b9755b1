import { hmacHex } from "./hmac";
import { type DirectoryKeys, type KeyRing, type RegionalKeys, type Versioned, versionsOf } from "./keys";

/** The spelling under which an address is found: outer spaces, compatibility forms and case do not make another one. */
export function normaliseEmail(email: string): string {
  return email.trim().normalize("NFKC").toLowerCase();
}

/** The keyed hashes of an address: the current version first, then the older ones that rows may still carry. */
export type EmailHashes = readonly [EmailHash, ...EmailHash[]];
export interface EmailHash {
  readonly version: string;
  readonly hash: string;
}

/** Hashes under which the directory may know an address, with a key that no region has. */
export async function directoryHashes(keys: Pick<DirectoryKeys, "email">, email: string): Promise<EmailHashes> {
  return await hashes(keys.email, "dir-email", email);
}

/** Hashes under which a region's credentials may know an address. */
export async function regionalHashes(keys: Pick<RegionalKeys, "index">, email: string): Promise<EmailHashes> {
  return await hashes(keys.index, "credentials-email", email);
}

async function hashes(ring: KeyRing, prefix: string, email: string): Promise<EmailHashes> {
  const text = normaliseEmail(email);
  const hash = async ({ version, key }: Versioned<string>) => ({ version, hash: await hmacHex(key, prefix, text) });
  const [current, ...others] = versionsOf(ring);
  return [await hash(current), ...(await Promise.all(others.map(hash)))];
}
