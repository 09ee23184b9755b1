import * as z from "zod";
import { DAY_MS } from "../../clock";
import { problem } from "../../problem";
import { day, instant, recordId } from "../fields";
import { hexOf, hmacSha256, isSignature, parseBody } from "../hmac-signature";
import type { Change, VendorHook } from "../vendor";

/** Event → what to read again. A night brings its recovery along, which has no event of its own. */
const EVENTS: Readonly<Record<string, readonly string[]>> = {
  EXERCISE: ["exercises"],
  SLEEP: ["sleep", "nightly-recharge"],
  CONTINUOUS_HEART_RATE: ["continuous-heart-rate"],
  ACTIVITY_SUMMARY: ["activities"],
  PHYSICAL_INFORMATION: ["physical-info"],
};

/** What we subscribe to. */
export const POLAR_EVENTS: readonly string[] = Object.keys(EVENTS);

const pingSchema = z.object({ event: z.literal("PING") });
/** `url` is not read: whatever it says, we only go where we know the way. */
const bodySchema = z.object({
  event: z.string().max(64),
  user_id: z.union([z.number().int(), z.string().min(1).max(64)]).transform(String),
  entity_id: z.union([recordId, z.number().int().transform(String)]).optional(),
  date: day.optional(),
  timestamp: instant,
});

/**
 * Webhooks of Polar: the lower-case hexadecimal HMAC-SHA-256 of the body under the secret that Polar made for the webhook. It pings an
 * endpoint before the secret exists, so a ping is answered whatever its signature, and does nothing.
 */
export const POLAR_HOOK: VendorHook = {
  accepted: 200,
  handshake({ method, body }) {
    return method === "POST" && pingSchema.safeParse(parseBody(body)).success ? { status: 200 } : undefined;
  },
  async verify({ headers, body }, { subscriptionSecrets }) {
    const given = headers.get("polar-webhook-signature");
    let isGenuine = false;
    for (const secret of subscriptionSecrets) {
      // Every secret is tried, so that the time tells nothing about which one it was.
      const matches = isSignature(given, hexOf(hmacSha256(secret, body)));
      isGenuine ||= matches;
    }
    return isGenuine ? "genuine" : "forged";
  },
  // Its body has the time of the event; how old it may be, nobody says.
  once: { forMs: DAY_MS, signature: "polar-webhook-signature" },
  read({ body }) {
    const event = bodySchema.safeParse(parseBody(body));
    if (!event.success) throw problem("malformed", "The body is not a notification.");
    const { user_id: userId, entity_id, date, timestamp } = event.data;
    const object = entity_id ?? date;
    const from = date === undefined ? timestamp : Date.parse(`${date}T00:00:00Z`);
    const range = date === undefined ? { from, to: from + 1 } : { from, to: from + DAY_MS };
    return {
      changes: (EVENTS[event.data.event] ?? []).map((resource): Change => ({
        userId,
        resource,
        operation: "upsert",
        range,
        ...(object === undefined ? {} : { object }),
      })),
    };
  },
};
