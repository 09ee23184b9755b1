const encoder = new TextEncoder();

/** HMAC-SHA-1 in base 64: what TURN servers (`use-auth-secret`) and Twilio's signatures are made of. For nothing of our own. */
export async function hmacSha1(secret: string, text: string): Promise<string> {
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), { name: "HMAC", hash: "SHA-1" }, false, ["sign"]);
  return btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text)))));
}
