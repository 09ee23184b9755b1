import { sameBytes } from "../crypto/hmac";
import { hmacSha1 } from "../crypto/hmac-sha1";
import { verifyWebhook } from "../webhooks/signing";

const encoder = new TextEncoder();

/**
 * Whether a call comes from the SMS service: HMAC-SHA1 of the full URL, followed by each field's name and value in order of names, in base 64
 * (`X-Twilio-Signature`).
 */
export async function verifySmsCall(
  token: string,
  url: string,
  fields: Readonly<Record<string, string>>,
  signature: string | undefined,
): Promise<boolean> {
  if (signature === undefined || signature.length > 64) return false;
  return sameBytes(encoder.encode(await smsSignature(token, url, fields)), encoder.encode(signature));
}

export async function smsSignature(token: string, url: string, fields: Readonly<Record<string, string>>): Promise<string> {
  const text =
    url +
    Object.keys(fields)
      .toSorted()
      .map((name) => `${name}${fields[name] ?? ""}`)
      .join("");
  return await hmacSha1(token, text);
}

/** Whether a call comes from the mail service: Standard Webhooks, whose headers this service calls by another name. */
export async function verifyMailCall(
  secret: string,
  headers: { get(name: string): string | null },
  body: Uint8Array,
  now: number,
): Promise<"genuine" | "forged" | "stale"> {
  return await verifyWebhook(secret, { get: (name) => headers.get(name.replace("webhook-", "svix-")) ?? headers.get(name) }, body, now);
}
