import { type RandomBytes, systemRandom } from "../id";
import { closeBox, openBox } from "./box";
import { currentKey, keyOf, type RegionalKeys } from "./keys";

/** A text as it is stored in its row: sealed with a key of the region, whose version stands before it. */
export interface RegionalBox {
  readonly id: string;
  readonly sealed: string;
}

/** A sealed text and the version of the key that it is under. */
export interface Sealed {
  readonly sealed: string;
  readonly version: string;
}

/** Seals a text of a purpose for its row: `<version>.<box>`. For what belongs to no person, who would have a key of their own. */
export async function sealInRegion(
  keys: RegionalKeys,
  purpose: string,
  id: string,
  text: string,
  random: RandomBytes = systemRandom,
): Promise<Sealed> {
  const { version, key } = currentKey(keys.wrapping);
  return { sealed: `${version}.${await closeBox(key, purpose, id, text, random)}`, version };
}

/** The text, or undefined where it was sealed for another row or purpose, or its key is gone. */
export async function openInRegion(keys: RegionalKeys, purpose: string, { id, sealed }: RegionalBox): Promise<string | undefined> {
  const dot = sealed.indexOf(".");
  const key = keyOf(keys.wrapping, sealed.slice(0, Math.max(0, dot)));
  return key === undefined ? undefined : await openBox(key, purpose, id, sealed.slice(dot + 1));
}

/** The same text under the current key; undefined where it does not open. */
export async function resealInRegion(
  keys: RegionalKeys,
  purpose: string,
  stored: RegionalBox,
  random: RandomBytes = systemRandom,
): Promise<Sealed | undefined> {
  const text = await openInRegion(keys, purpose, stored);
  return text === undefined ? undefined : await sealInRegion(keys, purpose, stored.id, text, random);
}
