import { z } from "zod";
import { closeBox, openBox } from "../../shared/crypto/box";
import { currentKey, keyOf, type RegionalKeys } from "../../shared/crypto/keys";
import type { RandomBytes } from "../../shared/id";

const schema = z.object({ to: z.string(), locale: z.string(), secret: z.string() });

/** What the last letter needs when nothing else of the person is left. */
export type LastLetter = z.infer<typeof schema>;
const PURPOSE = "erasure-letter";

/** Seals it with the region's key: the person's own is destroyed before the letter is sent. */
export async function sealLetter(keys: RegionalKeys, id: string, letter: LastLetter, random: RandomBytes): Promise<string> {
  const { version, key } = currentKey(keys.wrapping);
  return `${version}.${await closeBox(key, PURPOSE, id, JSON.stringify(letter), random)}`;
}

/** Undefined where there is none, or its key is gone. */
export async function openLetter(keys: RegionalKeys, id: string, sealed: string | null): Promise<LastLetter | undefined> {
  if (sealed === null) return undefined;
  const dot = sealed.indexOf(".");
  const key = keyOf(keys.wrapping, sealed.slice(0, dot));
  const text = key === undefined ? undefined : await openBox(key, PURPOSE, id, sealed.slice(dot + 1));
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
}
