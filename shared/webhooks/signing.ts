import { type RandomBytes, systemRandom } from "../id";

/** https://www.standardwebhooks.com: secrets carry a prefix, so that they are recognised where they leak. */
const PREFIX = "whsec_";
const SECRET_BYTES = 32;
const encoder = new TextEncoder();

/** A fresh secret, as it is shown to its owner once: `whsec_` and 32 bytes in base 64. */
export function newWebhookSecret(random: RandomBytes = systemRandom): string {
  return `${PREFIX}${toBase64(random(new Uint8Array(SECRET_BYTES)))}`;
}

/**
 * The headers of a message by Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`, one signature for each secret, so that a
 * receiver who knows either the old or the new one is served while they rotate.
 *
 * @param at when it is sent, epoch milliseconds; receivers refuse what is older than minutes
 */
export async function webhookHeaders(
  secrets: readonly string[],
  id: string,
  at: number,
  body: string,
): Promise<Readonly<Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string>>> {
  const timestamp = String(Math.floor(at / 1_000));
  const bytes = new Uint8Array(encoder.encode(`${id}.${timestamp}.${body}`));
  const signatures = await Promise.all(secrets.map(async (secret) => `v1,${await signed(secret, bytes)}`));
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}

async function signed(secret: string, bytes: BufferSource): Promise<string> {
  const raw = fromBase64(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret);
  const key = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return toBase64(new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes)));
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}
