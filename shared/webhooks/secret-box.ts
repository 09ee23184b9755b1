import type { RegionalKeys } from "../crypto/keys";
import { openInRegion, type RegionalBox, resealInRegion, type Sealed, sealInRegion } from "../crypto/regional-box";
import type { RandomBytes } from "../id";

const PURPOSE = "webhook-secret";

/** A secret as it is stored. */
export type SealedSecret = RegionalBox;

/** Seals a secret for its row. */
export async function sealSecret(keys: RegionalKeys, id: string, secret: string, random?: RandomBytes): Promise<Sealed> {
  return await sealInRegion(keys, PURPOSE, id, secret, random);
}

/** The secret, or undefined where it was sealed for another row or its key is gone. */
export async function openSecret(keys: RegionalKeys, stored: SealedSecret): Promise<string | undefined> {
  return await openInRegion(keys, PURPOSE, stored);
}

/** The same secret under the current key; undefined where it does not open. */
export async function resealSecret(keys: RegionalKeys, stored: SealedSecret, random?: RandomBytes): Promise<Sealed | undefined> {
  return await resealInRegion(keys, PURPOSE, stored, random);
}
