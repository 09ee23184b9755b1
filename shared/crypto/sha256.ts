/** SHA-256 of a text as 64 lower-case hexadecimal digits. Only for texts of at least 112 random bits: nothing slows a guesser down. */
export async function sha256Hex(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
