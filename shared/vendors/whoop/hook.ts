import * as z from "zod";
import { DAY_MS } from "../../clock";
import { problem } from "../../problem";
import { recordId } from "../fields";
import { base64Of, FRESH_MS, freshness, hmacSha256, isSignature, parseBody } from "../hmac-signature";
import type { VendorHook } from "../vendor";

const bodySchema = z.object({
  user_id: z.union([z.number().int().nonnegative(), z.string().min(1).max(64)]).transform(String),
  id: z.union([recordId, z.number().int().transform(String)]),
  type: z.string().regex(/^[a-z_]{1,40}\.(updated|deleted)$/),
});

/** A recovery cannot be asked for by the night that is its id: this far back its list is read again. */
const RECOVERY_BACK_MS = 14 * DAY_MS;

/** Webhooks of WHOOP: base 64 of the HMAC-SHA-256 of timestamp (milliseconds) and body under our client secret. */
export const WHOOP_HOOK: VendorHook = {
  async verify({ headers, body, now }, { credentials }) {
    const timestamp = headers.get("x-whoop-signature-timestamp") ?? "";
    if (!/^\d{1,15}$/.test(timestamp)) return "forged";
    const expected = base64Of(hmacSha256(credentials.clientSecret, timestamp, body));
    return isSignature(headers.get("x-whoop-signature"), expected) ? freshness(Number(timestamp), now) : "forged";
  },
  once: { forMs: 2 * FRESH_MS, signature: "x-whoop-signature" },
  read({ body, now }) {
    const event = bodySchema.safeParse(parseBody(body));
    if (!event.success) throw problem("malformed", "The body is not a notification.");
    const { user_id: userId, id: object } = event.data;
    const [resource = "", what] = event.data.type.split(".");
    const range = { from: now, to: now + 1 };
    if (what === "deleted") return { changes: [{ userId, resource, operation: "delete", range, object }] };
    const change = resource === "recovery" ? { range: { from: now - RECOVERY_BACK_MS, to: now + DAY_MS } } : { range, object };
    return { changes: [{ userId, resource, operation: "upsert", ...change }] };
  },
};
