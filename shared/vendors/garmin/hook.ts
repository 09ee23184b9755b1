import { z } from "zod";
import { DAY_MS } from "../../clock";
import { problem } from "../../problem";
import { sameText } from "../same-text";
import type { Change, HookContent, VendorHook } from "../vendor";
import { GARMIN_VENDOR } from "./descriptor";
import { slimDetails } from "./map-activities";
import { objectOf } from "./requests";
import { summariesOf } from "./split";

const headSchema = z.looseObject({ userId: z.string().min(1).max(120), callbackURL: z.string().max(2000).optional() });
const permissionsSchema = z.looseObject({ permissions: z.array(z.string()) });
/** Without one of these Garmin sends nothing. */
const EXPORTS = new Set(["HEALTH_EXPORT", "ACTIVITY_EXPORT", "MCT_EXPORT"]);

/**
 * Garmin's pushes and pings, which are not signed: the secret of the path and the header with our own id stand for their proof. One call
 * speaks of several people; those whom we do not know are passed over by the receiver. A push brings summaries themselves, a ping the
 * window to pull them from.
 */
export const GARMIN_HOOK: VendorHook = {
  accepted: 200,
  verify: async (call, { credentials }) =>
    sameText(call.headers.get("garmin-client-id") ?? "", credentials.clientId) ? "genuine" : "forged",
  read(call) {
    try {
      return contentOf(call.body, call.now);
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof TypeError) throw problem("malformed", "This is no push of Garmin.");
      throw error;
    }
  },
};

function contentOf(body: Uint8Array, now: number): HookContent {
  const changes: Change[] = [];
  const ended = new Set<string>();
  const inline = new Map<string, { readonly userId: string; readonly resource: string; readonly reply: unknown[] }>();
  for (const { key, value } of summariesOf(body)) {
    const head = headSchema.safeParse(value);
    if (!head.success) continue;
    const { userId, callbackURL } = head.data;
    if (key === "deregistrations" || (key === "userPermissionsChange" && hasNoneLeft(value))) ended.add(userId);
    if (!Object.hasOwn(GARMIN_VENDOR.resources, key)) continue;
    if (callbackURL === undefined) {
      const known = inline.get(`${key} ${userId}`) ?? { userId, resource: key, reply: [] };
      inline.set(`${key} ${userId}`, known);
      known.reply.push(key === "activityDetails" ? slimDetails(value) : value);
      continue;
    }
    const object = objectOf(key, callbackURL);
    const range = { from: now - DAY_MS, to: now };
    if (object !== undefined) changes.push({ userId, resource: key, operation: "upsert", range, object });
  }
  return {
    changes,
    ...(inline.size === 0 ? {} : { inline: [...inline.values()] }),
    ...(ended.size === 0 ? {} : { ended: [...ended] }),
  };
}

function hasNoneLeft(value: unknown): boolean {
  const { data } = permissionsSchema.safeParse(value);
  return data !== undefined && !data.permissions.some((permission) => EXPORTS.has(permission));
}
