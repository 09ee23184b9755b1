import { closeBox, openBox } from "../crypto/box";
import { currentKey, keyOf, type RegionalKeys } from "../crypto/keys";
import { type RandomBytes, systemRandom } from "../id";

const PURPOSE = "webhook-secret";

/** A secret as it is stored: sealed with the key of its endpoint's region, which stands before it by its version. */
export interface SealedSecret {
  readonly id: string;
  readonly sealed: string;
}

/** Seals a secret for its row. */
export async function sealSecret(
  keys: RegionalKeys,
  id: string,
  secret: string,
  random: RandomBytes = systemRandom,
): Promise<{ readonly sealed: string; readonly version: string }> {
  const { version, key } = currentKey(keys.wrapping);
  return { sealed: `${version}.${await closeBox(key, PURPOSE, id, secret, random)}`, version };
}

/** The secret, or undefined where it was sealed for another row or its key is gone. */
export async function openSecret(keys: RegionalKeys, { id, sealed }: SealedSecret): Promise<string | undefined> {
  const dot = sealed.indexOf(".");
  const key = keyOf(keys.wrapping, sealed.slice(0, Math.max(0, dot)));
  return key === undefined ? undefined : await openBox(key, PURPOSE, id, sealed.slice(dot + 1));
}

/** The same secret under the current key; undefined where it does not open. */
export async function resealSecret(
  keys: RegionalKeys,
  stored: SealedSecret,
  random: RandomBytes = systemRandom,
): Promise<{ readonly sealed: string; readonly version: string } | undefined> {
  const secret = await openSecret(keys, stored);
  return secret === undefined ? undefined : await sealSecret(keys, stored.id, secret, random);
}
