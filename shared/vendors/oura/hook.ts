import * as z from "zod";
import { problem } from "../../problem";
import { instant, recordId, word } from "../fields";
import { FRESH_MS, freshness, hexOf, hmacSha256, isSignature, parseBody } from "../hmac-signature";
import { sameText } from "../same-text";
import type { VendorHook } from "../vendor";

const bodySchema = z.object({
  event_type: z.enum(["create", "update", "delete"]),
  data_type: word,
  object_id: recordId,
  event_time: instant,
  user_id: z.string().min(1).max(200),
});

/**
 * Webhooks of Oura: a challenge by GET when a subscription is made, and then calls that name one document. Their signature is the
 * upper-case hexadecimal HMAC-SHA-256 of timestamp (seconds) and body under our client secret.
 */
export const OURA_HOOK: VendorHook = {
  accepted: 200,
  handshake({ method, query }, { pathSecret }) {
    const challenge = query.get("challenge");
    if (method !== "GET" || challenge === null) return undefined;
    // A wrong token is somebody else's subscription: it must not come to be.
    return sameText(query.get("verification_token") ?? "", pathSecret) ? { status: 200, body: { challenge } } : { status: 401 };
  },
  async verify({ headers, body, now }, { credentials }) {
    const timestamp = headers.get("x-oura-timestamp") ?? "";
    if (!/^\d{1,12}$/.test(timestamp)) return "forged";
    const expected = hexOf(hmacSha256(credentials.clientSecret, timestamp, body)).toUpperCase();
    return isSignature(headers.get("x-oura-signature"), expected) ? freshness(Number(timestamp) * 1000, now) : "forged";
  },
  once: { forMs: 2 * FRESH_MS, signature: "x-oura-signature" },
  read({ body }) {
    const event = bodySchema.safeParse(parseBody(body));
    if (!event.success) throw problem("malformed", "The body is not a notification.");
    const { event_type, data_type, object_id, event_time, user_id } = event.data;
    return {
      changes: [
        {
          userId: user_id,
          resource: data_type,
          operation: event_type === "delete" ? "delete" : "upsert",
          range: { from: event_time, to: event_time + 1 },
          object: object_id,
        },
      ],
    };
  },
};
