import { toBase64Url } from "./base64url";

/** SHA-256 of a text as 64 lower-case hexadecimal digits. Only for texts of at least 112 random bits: nothing slows a guesser down. */
export async function sha256Hex(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** SHA-256 of a text as 43 letters of base64url: what PKCE calls the challenge of a verifier (RFC 7636 §4.2). Only for texts as random as those of `sha256Hex`. */
export async function sha256Base64Url(text: string): Promise<string> {
  return toBase64Url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));
}
