import * as z from "zod";
import { LONGEST_SDP, startFields } from "../../shared/calls/frames";
import { callSchema } from "../../shared/calls/views";

const id = z.string().min(1).max(64);
const ROOM = "rom_eu_01kad7wjcm0000000000000000";
export const roomParam = z.strictObject({ roomId: id.meta({ example: ROOM }) });
export const callParam = roomParam.extend({ callId: z.string().max(9).meta({ example: "1" }) });
export const sfuParam = callParam.extend({ sfuSession: z.string().min(1).max(128).meta({ example: "e8b5c3" }) });

export const startBody = z.strictObject(startFields).meta({ id: "CallInput", example: { clientId: "call-1", media: "video", ring: [2] } });
export const callAnswerSchema = z.object({ call: callSchema });
export const callListSchema = z.object({ items: z.array(callSchema), next: z.string().nullable() }).meta({ id: "CallList" });

export const iceSchema = z
  .object({
    iceServers: z.array(z.object({ urls: z.array(z.string()), username: z.string().optional(), credential: z.string().optional() })),
    expiresAt: z.iso.datetime(),
    relayed: z.boolean().describe("False where devices behind strict networks do not find each other"),
  })
  .meta({ id: "IceServers" });

export const sfuSessionSchema = z.object({ session: z.string() }).meta({ id: "CallSession" });
const description = z.strictObject({ type: z.enum(["offer", "answer"]), sdp: z.string().max(LONGEST_SDP) });
const name = z.string().min(1).max(128);
const mid = z.string().min(1).max(64);
export const tracksBody = z
  .strictObject({
    push: z.array(z.strictObject({ mid, name })).max(32).default([]),
    pull: z
      .array(z.strictObject({ session: z.string().min(1).max(128), name }))
      .max(32)
      .default([]),
    offer: description.optional(),
  })
  .refine(({ push, pull }) => push.length + pull.length > 0, "Push or pull something.")
  .meta({ id: "CallTracksInput", example: { push: [{ mid: "0", name: "camera" }], offer: { type: "offer", sdp: "v=0" } } });
export const answerBody = z
  .strictObject({ answer: description })
  .meta({ id: "CallSessionAnswer", example: { answer: { type: "answer", sdp: "v=0" } } });
export const closeBody = z
  .strictObject({ mids: z.array(mid).min(1).max(64), offer: description.optional() })
  .meta({ id: "CallTracksClose", example: { mids: ["0"] } });
export const sfuAnswerSchema = z
  .object({
    description: description.nullable().describe("Of the server; an offer is to be answered"),
    renegotiate: z.boolean(),
    tracks: z.array(z.object({ name: z.string().nullable(), mid: z.string().nullable(), refused: z.string().nullable() })),
  })
  .meta({ id: "CallSessionChange" });
export const trackListSchema = z
  .object({ items: z.array(z.object({ session: z.string(), name: z.string(), member: z.number().int() })), next: z.null() })
  .meta({ id: "CallTrackList" });
