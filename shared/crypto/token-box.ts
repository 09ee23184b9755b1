import { type RandomBytes, systemRandom } from "../id";
import { seal, type SealedPlace, SealBroken, type SealingKey, unseal } from "./sealing";

/**
 * Seals a text with a token that is given away and not kept: what is stored beside the token's hash can be read by nobody until the token
 * comes back. `token` has at least 128 random bits.
 */
export async function sealWithToken(token: string, place: SealedPlace, text: string, random: RandomBytes = systemRandom): Promise<string> {
  return await seal(await keyOf(token), place, text, random);
}

/** The text, or undefined where it was altered, or sealed with another token or for another place. */
export async function unsealWithToken(token: string, place: SealedPlace, sealed: string): Promise<string | undefined> {
  try {
    return await unseal(await keyOf(token), place, sealed);
  } catch (error) {
    if (error instanceof SealBroken) return undefined;
    throw error;
  }
}

/** Another hash than the one that tables store, so that it gives no key. */
async function keyOf(token: string): Promise<SealingKey> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`token box\0${token}`));
  return { version: "token", key: await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]) };
}
