import { sameBytes } from "../crypto/hmac";
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

/** How far the time of a message may be off. */
const FRESH_MS = 5 * 60_000;

/**
 * Whether a message by Standard Webhooks 1.0 is by somebody who knows the secret, over the exact bytes of its body. Of several signatures one
 * is enough. `stale` beyond five minutes of its time.
 */
export async function verifyWebhook(
  secret: string,
  headers: { get(name: string): string | null },
  body: Uint8Array,
  now: number,
): Promise<"genuine" | "forged" | "stale"> {
  const [id, timestamp, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => headers.get(name) ?? "");
  if (!id || id.length > 256 || !timestamp || !/^\d{1,12}$/.test(timestamp) || !signatures || !isSecret(secret)) return "forged";
  const head = encoder.encode(`${id}.${timestamp}.`);
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  const expected = encoder.encode(`v1,${await signed(secret, bytes)}`);
  const isGenuine = signatures.split(" ", 16).some((one) => sameBytes(encoder.encode(one), expected));
  if (!isGenuine) return "forged";
  return Math.abs(now - Number(timestamp) * 1_000) <= FRESH_MS ? "genuine" : "stale";
}

/** Whether a text may be a secret of a webhook: base 64 of at least 16 bytes, with or without its prefix. */
export function isSecret(secret: string): boolean {
  return /^(?:whsec_)?[A-Za-z0-9+/]{22,}={0,2}$/.test(secret);
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
