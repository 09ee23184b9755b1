import * as z from "zod";

/** A member's number in the room. */
const member = z.int().min(1).max(1_000_000_000);
const callId = z
  .string()
  .regex(/^[1-9]\d{0,8}$/)
  .describe("The number of a call in its room");
const clientId = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[\w.:-]+$/)
  .describe("Made by the client, once for each frame: the same again is relayed once");

export const MEDIA = ["audio", "video"] as const;
export type Media = (typeof MEDIA)[number];
export const CALL_ROLES = ["host", "participant"] as const;

/** Characters of a session description; those of a browser with screen and camera have some ten thousand. */
export const LONGEST_SDP = 48_000;

export const startFields = {
  clientId,
  media: z.enum(MEDIA).default("video"),
  lobby: z.boolean().default(false).describe("Whether whoever joins waits until a host lets them in"),
  ring: z.array(member).max(50).optional().describe("Whom it rings; everybody where absent, in rooms of at most 50"),
  opensAt: z.iso.datetime().optional().describe("Nobody joins before: the beginning of an appointment's window"),
  closesAt: z.iso.datetime().optional().describe("Nobody joins after, and then the call ends"),
};
export const stateFields = {
  audio: z.boolean().optional().describe("Whether your microphone is on"),
  video: z.boolean().optional().describe("Whether your camera is on"),
  screen: z.boolean().optional().describe("Whether you show your screen"),
};
const description = z.strictObject({ type: z.enum(["offer", "answer", "rollback"]), sdp: z.string().max(LONGEST_SDP).default("") });
const candidate = z.strictObject({
  candidate: z.string().max(2_048),
  sdpMid: z.string().max(64).nullish(),
  sdpMLineIndex: z.int().min(0).max(1_024).nullish(),
  usernameFragment: z.string().max(256).nullish(),
});

/** What members say about calls: on the room's socket, and by REST where that makes sense. */
export const callFrameSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("call.start"), ...startFields }),
  z.strictObject({
    type: z.literal("call.join"),
    call: callId,
    peer: z.int().min(1).optional().describe("Your connection that goes on after its socket was lost"),
    ...stateFields,
  }),
  z.strictObject({ type: z.literal("call.decline"), call: callId }),
  z.strictObject({ type: z.literal("call.leave"), call: callId }),
  z.strictObject({ type: z.literal("call.end"), call: callId }),
  z.strictObject({ type: z.literal("call.admit"), call: callId, member, admit: z.boolean().default(true) }),
  z.strictObject({ type: z.literal("call.remove"), call: callId, member }),
  z.strictObject({ type: z.literal("call.host"), call: callId, member, host: z.boolean().default(true) }),
  z.strictObject({ type: z.literal("call.mute"), call: callId, member }),
  z.strictObject({ type: z.literal("call.state"), call: callId, ...stateFields }),
  z.strictObject({
    type: z.literal("call.signal"),
    call: callId,
    to: member,
    clientId,
    description: description.optional(),
    candidate: candidate.nullable().optional(),
  }),
  z.strictObject({ type: z.literal("call.resume"), call: callId, after: z.int().min(0).default(0) }),
  z.strictObject({ type: z.literal("call.get"), call: callId }),
  z.strictObject({ type: z.literal("call.list"), before: z.int().min(1).optional(), limit: z.int().min(1).max(201).default(50) }),
]);
export type CallFrame = z.output<typeof callFrameSchema>;
export type CallFrameOf<T extends CallFrame["type"]> = Extract<CallFrame, { type: T }>;

const session = z.string().min(1).max(128);
const name = z.string().min(1).max(128);
/** What the routes note of sessions at the forwarding server, after they have asked it. Never taken from a socket. */
export const sfuFrameSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("call.sfu.may"), call: callId }),
  z.strictObject({ type: z.literal("call.sfu.own"), call: callId, session }),
  z.strictObject({
    type: z.literal("call.sfu.use"),
    call: callId,
    session,
    pull: z.array(z.strictObject({ session, name })).max(64).default([]),
  }),
  z.strictObject({
    type: z.literal("call.sfu.pushed"),
    call: callId,
    session,
    tracks: z.array(z.strictObject({ name, mid: z.string().max(64) })).max(64),
  }),
  z.strictObject({ type: z.literal("call.sfu.closed"), call: callId, session, mids: z.array(z.string().max(64)).max(64) }),
  z.strictObject({ type: z.literal("call.sfu.tracks"), call: callId }),
]);
export type SfuFrame = z.output<typeof sfuFrameSchema>;
