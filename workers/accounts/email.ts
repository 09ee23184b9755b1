import { hmacHex } from "../../shared/crypto/hmac";
import type { DirectoryKeys, RegionalKeys } from "../../shared/crypto/keys";

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
export async function directoryHashes(keys: DirectoryKeys, email: string): Promise<EmailHashes> {
  return await hashes(
    keys.current,
    Object.entries(keys.keys).map(([version, key]) => [version, key.email]),
    "dir-email",
    email,
  );
}

/** Hashes under which a region's credentials may know an address. */
export async function regionalHashes(keys: RegionalKeys, email: string): Promise<EmailHashes> {
  return await hashes(
    keys.current,
    Object.entries(keys.keys).map(([version, key]) => [version, key.index]),
    "credentials-email",
    email,
  );
}

async function hashes(
  current: string,
  keys: readonly (readonly [version: string, key: string])[],
  prefix: string,
  email: string,
): Promise<EmailHashes> {
  const text = normaliseEmail(email);
  const all = await Promise.all(keys.map(async ([version, key]) => ({ version, hash: await hmacHex(key, prefix, text) })));
  const [first] = all.filter(({ version }) => version === current);
  if (first === undefined) throw new TypeError("the key ring has no current key");
  return [first, ...all.filter(({ version }) => version !== current)];
}
