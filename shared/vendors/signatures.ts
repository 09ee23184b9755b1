import { createHmac } from "node:crypto";
import { freshness, hexOf, hmacSha256, isSignature } from "./hmac-signature";
import type { HookVerdict } from "./vendor";

type Body = Uint8Array<ArrayBuffer>;

/** A header of lower-case hexadecimal digits: HMAC-SHA-256 of the body alone. Suunto and Polar sign so. */
export function verifyHexBody(secret: string, header: string | null, body: Body): HookVerdict {
  return secret !== "" && isSignature(header, hexOf(hmacSha256(secret, body))) ? "genuine" : "forged";
}

const TIMED = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/;

/** `t=<seconds>,v1=<hex>`: HMAC-SHA-256 of `t`, a dot and the body. Terra signs so, and Strava where it signs at all. */
export function verifyTimed(secret: string, header: string | null, body: Body, now: number): HookVerdict {
  const [, seconds = "", signature = ""] = TIMED.exec(header ?? "") ?? [];
  if (secret === "" || seconds === "") return "forged";
  const expected = hexOf(hmacSha256(secret, `${seconds}.`, body));
  return isSignature(signature, expected) ? freshness(Number(seconds) * 1000, now) : "forged";
}

/** Fitbit's `X-Fitbit-Signature`: base 64 of HMAC-SHA-1 of the body, under the client secret and an ampersand. */
export function verifyFitbit(clientSecret: string, header: string | null, body: Body): HookVerdict {
  const expected = createHmac("sha1", `${clientSecret}&`).update(body).digest("base64");
  return isSignature(header, expected) ? "genuine" : "forged";
}

/** What Withings wants of its signed calls: hexadecimal HMAC-SHA-256 of the values, in the order of their names, with commas between. */
export function signValues(secret: string, values: Readonly<Record<string, string>>): string {
  const names = Object.keys(values).toSorted();
  return hexOf(hmacSha256(secret, names.map((name) => values[name]).join(",")));
}
