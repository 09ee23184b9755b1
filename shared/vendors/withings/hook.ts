import * as z from "zod";
import { DAY_MS, HOUR_MS } from "../../clock";
import { problem } from "../../problem";
import { day, dayRange } from "../fields";
import type { Change, HookCall, Range, VendorHook } from "../vendor";

/** Kind of data → what to read again. */
const RESOURCES: Readonly<Record<number, readonly string[]>> = {
  1: ["measures"],
  2: ["measures"],
  4: ["measures"],
  16: ["activity", "intraday", "workouts"],
  44: ["sleep"],
  54: ["heart"],
  58: ["measures"],
};
const PROFILE = 46;
/** A day is a label in the person's zone, which may be so far from UTC. */
const WIDEST_ZONE_MS = 14 * HOUR_MS;

const seconds = z
  .string()
  .regex(/^\d{1,11}$/)
  .transform((text) => Number(text) * 1000);
const notificationSchema = z.object({
  userid: z.string().regex(/^\d{1,20}$/),
  appli: z
    .string()
    .regex(/^\d{1,4}$/)
    .transform(Number),
  startdate: seconds.optional(),
  enddate: seconds.optional(),
  date: day.optional(),
  action: z.string().max(40).optional(),
});

const decoder = new TextDecoder();

function formOf({ body }: HookCall): Readonly<Record<string, string>> {
  return Object.fromEntries(new URLSearchParams(decoder.decode(body)));
}

/**
 * Notifications of Withings, which are not signed: the secret of the path stands for their proof, and what they name is read again with
 * the person's own token. Withings looks whether anybody is there with HEAD and with an empty POST.
 */
export const WITHINGS_HOOK: VendorHook = {
  accepted: 200,
  handshake(call) {
    const isLook = call.method === "HEAD" || call.method === "GET" || call.body.length === 0;
    return isLook ? { status: 200 } : undefined;
  },
  verify: async () => "genuine",
  read(call) {
    const parsed = notificationSchema.safeParse(formOf(call));
    if (!parsed.success) throw problem("malformed", "This is no notification of Withings.");
    const { userid: userId, appli, action } = parsed.data;
    if (appli === PROFILE) return action === "unlink" || action === "delete" ? { changes: [], ended: [userId] } : { changes: [] };
    const operation = action === "delete" ? "delete" : "upsert";
    const range = rangeOf(parsed.data, call.now);
    return { changes: (RESOURCES[appli] ?? []).map((resource): Change => ({ userId, resource, operation, range })) };
  },
};

/** Seconds from and to, or a day; where there is neither, what a device may have held back since yesterday. */
function rangeOf({ startdate, enddate, date }: z.output<typeof notificationSchema>, now: number): Range {
  if (date !== undefined) {
    const { start, end } = dayRange(date);
    return { from: start - WIDEST_ZONE_MS, to: end + WIDEST_ZONE_MS };
  }
  if (startdate === undefined && enddate === undefined) return { from: now - DAY_MS, to: now };
  const from = startdate ?? enddate ?? now;
  return { from, to: Math.max(from, enddate ?? from) + 1000 };
}
