import { hmacHex } from "../crypto/hmac";
import { type DirectoryKeys, type Versioned, versionsOf } from "../crypto/keys";

/** A vendor's account as the directory knows it. */
export interface AccountHash {
  readonly version: string;
  /** 64 hexadecimal digits. */
  readonly hash: string;
}

/** The keyed hashes of a vendor's id of its user, under every key of the ring, the current one first. */
export async function accountHashes(
  keys: DirectoryKeys,
  vendor: string,
  userId: string,
): Promise<readonly [AccountHash, ...AccountHash[]]> {
  const hash = async ({ version, key }: Versioned<string>) => ({
    version,
    hash: await hmacHex(key, "vendor-account", `${vendor}:${userId}`),
  });
  const [current, ...others] = versionsOf(keys.vendor);
  return [await hash(current), ...(await Promise.all(others.map(hash)))];
}
