import { base64Of, freshness, hexOf, hmacSha256, isSignature } from "./hmac-signature";
import type { HookVerdict } from "./vendor";

type Body = Uint8Array<ArrayBuffer>;

/** A header of lower-case hexadecimal digits: HMAC-SHA-256 of the body alone. Suunto and Polar sign so. */
export async function verifyHexBody(secret: string, header: string | null, body: Body): Promise<HookVerdict> {
  return secret !== "" && isSignature(header, hexOf(hmacSha256(secret, body))) ? "genuine" : "forged";
}

const TIMED = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/;

/** `t=<seconds>,v1=<hex>`: HMAC-SHA-256 of `t`, a dot and the body. Terra signs so, and Strava where it signs at all. */
export async function verifyTimed(secret: string, header: string | null, body: Body, now: number): Promise<HookVerdict> {
  const [, seconds = "", signature = ""] = TIMED.exec(header ?? "") ?? [];
  if (secret === "" || seconds === "") return "forged";
  const expected = hexOf(hmacSha256(secret, `${seconds}.`, body));
  return isSignature(signature, expected) ? freshness(Number(seconds) * 1000, now) : "forged";
}

/** Fitbit's `X-Fitbit-Signature`: base 64 of HMAC-SHA-1 of the body, under the client secret and an ampersand. */
export async function verifyFitbit(clientSecret: string, header: string | null, body: Body): Promise<HookVerdict> {
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(`${clientSecret}&`), { name: "HMAC", hash: "SHA-1" }, false, [
    "sign",
  ]);
  const expected = base64Of(new Uint8Array(await crypto.subtle.sign("HMAC", key, body)));
  return isSignature(header, expected) ? "genuine" : "forged";
}

/** What Withings wants of its signed calls: hexadecimal HMAC-SHA-256 of the values, in the order of their names, with commas between. */
export async function signValues(secret: string, values: Readonly<Record<string, string>>): Promise<string> {
  const names = Object.keys(values).toSorted();
  return hexOf(hmacSha256(secret, names.map((name) => values[name]).join(",")));
}
