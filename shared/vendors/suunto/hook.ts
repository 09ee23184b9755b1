import * as z from "zod";
import { problem } from "../../problem";
import { parseBody } from "../hmac-signature";
import { verifyHexBody } from "../signatures";
import type { HookContent, VendorHook } from "../vendor";
import { workoutKey } from "./map-workouts";

const head = { username: z.string().min(1).max(200) };
const samples = z.array(z.unknown()).max(50_000);
const eventSchema = z.object({ ...head, type: z.string().max(64) });
const workoutEvent = z.object({
  ...head,
  type: z.literal("WORKOUT_CREATED"),
  workout: z.looseObject({ workoutKey, startTime: z.number().int().nonnegative().max(8.64e15).optional() }),
});
const sampleEvent = z.object({ ...head, type: z.string(), samples });

/** Event → the resource whose samples it brings. */
const BRINGS: Readonly<Record<string, string>> = {
  SUUNTO_247_ACTIVITY_CREATED: "activity",
  SUUNTO_247_SLEEP_CREATED: "sleep",
  SUUNTO_247_RECOVERY_CREATED: "recovery",
};

/**
 * Notifications of Suunto: the lower-case hexadecimal HMAC-SHA-256 of the body under the notification secret of the portal. Samples of
 * days come with them; of a workout its key does, and the workout is read with the person's own token.
 */
export const SUUNTO_HOOK: VendorHook = {
  accepted: 200,
  verify: async ({ headers, body }, { credentials }) =>
    verifyHexBody(credentials.more["notificationSecret"] ?? "", headers.get("x-hmac-sha256-signature"), body),
  read({ body, now }) {
    const raw = parseBody(body) ?? formOf(body);
    const event = eventSchema.safeParse(raw);
    if (!event.success) throw malformed();
    return contentOf(raw, event.data.type, event.data.username, now);
  },
};

function contentOf(raw: unknown, type: string, userId: string, now: number): HookContent {
  if (type === "WORKOUT_CREATED") {
    const told = workoutEvent.safeParse(raw);
    if (!told.success) throw malformed();
    const from = told.data.workout.startTime ?? now;
    return {
      changes: [{ userId, resource: "workouts", operation: "upsert", range: { from, to: from + 1 }, object: told.data.workout.workoutKey }],
    };
  }
  const resource = Object.hasOwn(BRINGS, type) ? BRINGS[type] : undefined;
  // Routes that somebody draws are nothing that was measured.
  if (resource === undefined) return { changes: [] };
  const told = sampleEvent.safeParse(raw);
  if (!told.success) throw malformed();
  return { changes: [], inline: [{ userId, resource, reply: told.data.samples }] };
}

/** The older form of a notification: `username` and `workoutid`, as a form. */
function formOf(body: Uint8Array): unknown {
  const form = new URLSearchParams(new TextDecoder().decode(body));
  const [username, key] = [form.get("username"), form.get("workoutid")];
  return username === null || key === null ? undefined : { type: "WORKOUT_CREATED", username, workout: { workoutKey: key } };
}

const malformed = () => problem("malformed", "The body is no notification of Suunto.");
