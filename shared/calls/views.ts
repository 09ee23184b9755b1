import * as z from "zod";
import { CALL_ROLES, MEDIA } from "./frames";

const at = z.iso.datetime();

/** A call as members of its room see it. */
export const callSchema = z
  .object({
    id: z.string(),
    media: z.enum(MEDIA),
    mode: z.enum(["direct", "sfu"]).describe("`direct`: devices connect to each other; `sfu`: to a server that forwards"),
    lobby: z.boolean(),
    by: z.number().int().describe("The member who began it"),
    state: z.enum(["waiting", "ringing", "active", "ended"]),
    startedAt: at,
    opensAt: at.nullable(),
    closesAt: at.nullable(),
    answeredAt: at.nullable(),
    endedAt: at.nullable(),
    reason: z.enum(["ended", "left", "missed", "declined", "window", "too_long", "closed"]).nullable(),
    durationS: z.number().int().describe("Since it was answered"),
    parties: z.array(
      z.object({
        member: z.number().int(),
        role: z.enum(CALL_ROLES),
        state: z.enum(["ringing", "declined", "missed", "waiting", "refused", "joined", "away", "left", "removed"]),
        peer: z.number().int().describe("Grows with every connection. Of two that offer at once, the greater number gives way"),
        audio: z.boolean(),
        video: z.boolean(),
        screen: z.boolean(),
        seconds: z.number().int(),
      }),
    ),
  })
  .meta({ id: "Call" });
export type CallView = z.infer<typeof callSchema>;
