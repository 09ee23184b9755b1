import { hmacHex } from "../crypto/hmac";
import type { DirectoryKeys } from "../crypto/keys";

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
  const current = keys.keys[keys.current];
  if (current === undefined) throw new TypeError("the key ring has no current key");
  const others = Object.entries(keys.keys).filter(([version]) => version !== keys.current);
  const hash = (key: string) => hmacHex(key, "vendor-account", `${vendor}:${userId}`);
  const older = await Promise.all(others.map(async ([version, { vendor: key }]) => ({ version, hash: await hash(key) })));
  return [{ version: keys.current, hash: await hash(current.vendor) }, ...older];
}
