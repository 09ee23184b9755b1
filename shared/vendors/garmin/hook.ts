import * as z from "zod";
import { DAY_MS } from "../../clock";
import { problem } from "../../problem";
import { sameText } from "../same-text";
import type { Change, HookContent, VendorHook } from "../vendor";
import { GARMIN_VENDOR } from "./descriptor";
import { slimDetails } from "./map-activities";
import { objectOf } from "./requests";
import { summariesOf } from "./split";

const headSchema = z.looseObject({ userId: z.string().min(1).max(120), callbackURL: z.string().max(2000).optional() });
/** Bytes of summaries of one kind and person, as they came, that go to the vault at once. */
const PART_BYTES = 4_000_000;

/**
 * Garmin's pushes and pings, which are not signed: the secret of the path and the header with our own id stand for their proof. One call
 * speaks of several people; those whom we do not know are passed over by the receiver. A push brings summaries themselves, a ping the
 * window to pull them from. That somebody left or permits less is a reason to ask and nothing more: such calls come late and again.
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

interface Part {
  readonly userId: string;
  readonly resource: string;
  readonly reply: unknown[];
  bytes: number;
}

function contentOf(body: Uint8Array, now: number): HookContent {
  const changes: Change[] = [];
  const ended = new Set<string>();
  const permissions = new Set<string>();
  const inline: Part[] = [];
  const open = new Map<string, Part>();
  for (const { key, value, bytes } of summariesOf(body)) {
    const head = headSchema.safeParse(value);
    if (!head.success) continue;
    const { userId, callbackURL } = head.data;
    if (key === "deregistrations") ended.add(userId);
    if (key === "userPermissionsChange") permissions.add(userId);
    if (!Object.hasOwn(GARMIN_VENDOR.resources, key)) continue;
    if (callbackURL === undefined) {
      let part = open.get(`${key} ${userId}`);
      // Epochs of the same quarter belong together.
      if (part === undefined || (key !== "epochs" && part.bytes + bytes > PART_BYTES)) {
        part = { userId, resource: key, reply: [], bytes: 0 };
        inline.push(part);
        open.set(`${key} ${userId}`, part);
      }
      part.reply.push(key === "activityDetails" ? slimDetails(value) : value);
      part.bytes += bytes;
      continue;
    }
    const object = objectOf(key, callbackURL);
    const range = { from: now - DAY_MS, to: now };
    if (object !== undefined) changes.push({ userId, resource: key, operation: "upsert", range, object });
  }
  return {
    changes,
    ...(inline.length === 0 ? {} : { inline: inline.map(({ userId, resource, reply }) => ({ userId, resource, reply })) }),
    ...(permissions.size === 0 ? {} : { permissions: [...permissions] }),
    ...(ended.size === 0 ? {} : { ended: [...ended] }),
  };
}
