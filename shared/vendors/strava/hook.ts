import * as z from "zod";
import { problem } from "../../problem";
import { parseBody } from "../hmac-signature";
import { sameText } from "../same-text";
import { verifyTimed } from "../signatures";
import type { VendorHook } from "../vendor";
import { stravaId } from "./map-activity";

const eventSchema = z.object({
  object_type: z.enum(["activity", "athlete"]),
  object_id: stravaId,
  aspect_type: z.enum(["create", "update", "delete"]),
  owner_id: stravaId,
  subscription_id: stravaId,
  event_time: z.number().int().nonnegative().max(8_640_000_000_000),
  updates: z.looseObject({ authorized: z.union([z.string(), z.boolean()]).optional() }).nullish(),
});

/**
 * Events of Strava. The secret of the path, the id of our own subscription, and reading again with the athlete's own token stand for
 * their proof. A signature is checked where there is one; nothing is believed for having one, since Strava does not document it.
 */
export const STRAVA_HOOK: VendorHook = {
  accepted: 200,
  handshake(call, { pathSecret }) {
    if (call.method !== "GET") return undefined;
    const challenge = call.query.get("hub.challenge");
    const isOurs = call.query.get("hub.mode") === "subscribe" && sameText(call.query.get("hub.verify_token") ?? "", pathSecret);
    return isOurs && challenge !== null ? { status: 200, body: { "hub.challenge": challenge } } : { status: 403 };
  },
  async verify(call, { credentials, subscriptionIds }) {
    const event = eventSchema.safeParse(parseBody(call.body));
    if (event.success && !subscriptionIds.includes(event.data.subscription_id)) return "forged";
    const signature = call.headers.get("x-strava-signature");
    return signature === null ? "genuine" : verifyTimed(credentials.clientSecret, signature, call.body, call.now);
  },
  read(call) {
    const event = eventSchema.safeParse(parseBody(call.body));
    if (!event.success) throw problem("malformed", "This is no event of Strava.");
    const { object_type, object_id, aspect_type, owner_id: userId, event_time, updates } = event.data;
    if (object_type === "athlete") {
      const hasLeft = String(updates?.authorized) === "false";
      return hasLeft ? { changes: [], ended: [userId] } : { changes: [] };
    }
    const at = event_time * 1000;
    const operation = aspect_type === "delete" ? "delete" : "upsert";
    return { changes: [{ userId, resource: "activity", operation, range: { from: at, to: at + 1 }, object: object_id }] };
  },
};
