import * as z from "zod";
import { closeBox, openBox } from "../../shared/crypto/box";
import { currentKey, keyOf, type RegionalKeys } from "../../shared/crypto/keys";
import type { RandomBytes } from "../../shared/id";

const schema = z.object({ to: z.string(), locale: z.string(), secret: z.string() });

/** What the last letter needs when nothing else of the person is left. */
export type LastLetter = z.infer<typeof schema>;
const PURPOSE = "erasure-letter";

/** Seals it with the region's key: the person's own is destroyed before the letter is sent. */
export async function sealLetter(keys: RegionalKeys, id: string, letter: LastLetter, random: RandomBytes): Promise<string> {
  return await closed(keys, id, JSON.stringify(letter), random);
}

/** Undefined where there is none, or its key is gone. */
export async function openLetter(keys: RegionalKeys, id: string, sealed: string | null): Promise<LastLetter | undefined> {
  const text = sealed === null ? undefined : await opened(keys, id, sealed);
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
}

/** The same letter under the region's current key; undefined where it does not open. Nothing is read out of it. */
export async function resealLetter(keys: RegionalKeys, id: string, sealed: string, random: RandomBytes): Promise<string | undefined> {
  const text = await opened(keys, id, sealed);
  return text === undefined ? undefined : await closed(keys, id, text, random);
}

async function closed(keys: RegionalKeys, id: string, text: string, random: RandomBytes): Promise<string> {
  const { version, key } = currentKey(keys.wrapping);
  return `${version}.${await closeBox(key, PURPOSE, id, text, random)}`;
}

async function opened(keys: RegionalKeys, id: string, sealed: string): Promise<string | undefined> {
  const dot = sealed.indexOf(".");
  const key = keyOf(keys.wrapping, sealed.slice(0, dot));
  return key === undefined ? undefined : await openBox(key, PURPOSE, id, sealed.slice(dot + 1));
}
