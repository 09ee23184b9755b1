import * as z from "zod";
import { chosenName } from "../../shared/chosen-name";
import {
  cardSchema,
  editFields,
  MEMBER_ROLES,
  reactFields,
  readFields,
  REPORT_REASONS,
  reportFields,
  ROOM_KINDS,
  roomSettingsFields,
  sealedSchema,
  sendFields,
  typingFields,
  unreadFields,
  voteFields,
  deliveredFields,
  ownSettingsFields,
} from "../../shared/messaging/verbs";

const at = z.iso.datetime();
const nullable = <T extends z.ZodType>(schema: T) => schema.nullable();
const seqParam = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).meta({ example: 7 });

export const roomParam = z.strictObject({ roomId: z.string().min(1).max(64) });
export const messageParam = roomParam.extend({ seq: seqParam });
export const reactionParam = messageParam.extend({ emoji: z.string().min(1).max(64).meta({ example: "👍" }) });
export const memberParam = roomParam.extend({ no: z.coerce.number().int().min(1).max(1_000_000_000).meta({ example: 2 }) });
export const numberParam = roomParam.extend({ no: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).meta({ example: 1 }) });
export const attachmentParam = roomParam.extend({ attachmentId: z.string().min(1).max(64) });

export const authorSchema = z
  .object({
    member: z.int().describe("Their number in the room"),
    person: nullable(z.string()).describe("Null for whoever goes by an alias here, and once they are erased"),
    alias: nullable(z.string()),
  })
  .meta({ id: "RoomAuthor" });

export const attachmentSchema = z
  .object({
    id: z.string(),
    type: z.string().describe("Sniffed from the bytes"),
    kind: z.enum(["image", "audio", "video", "document", "sealed"]),
    size: z.int().describe("Bytes"),
    name: nullable(z.string()),
    width: nullable(z.int()).describe("Pixels"),
    height: nullable(z.int()).describe("Pixels"),
    durationMs: nullable(z.int()).describe("Of a voice note, as its client said"),
  })
  .meta({ id: "RoomAttachment" });

const pollView = z.object({
  question: z.string(),
  multiple: z.boolean(),
  anonymous: z.boolean(),
  closesAt: nullable(at),
  isClosed: z.boolean(),
  voters: z.int(),
  options: z.array(z.object({ text: z.string(), votes: z.int(), members: nullable(z.array(z.int())) })),
});

export const messageSchema = z
  .object({
    seq: z.int().describe("The message's number in the room"),
    at,
    thread: nullable(z.int()),
    kind: z.enum(["text", "sealed", "card", "poll", "files", "system"]),
    author: nullable(authorSchema).describe("Null for what the room itself says"),
    text: nullable(z.string()),
    sealed: nullable(sealedSchema),
    replyTo: nullable(z.int()),
    mentions: z.array(z.union([z.int(), z.literal("room")])),
    attachments: z.array(attachmentSchema),
    card: nullable(cardSchema),
    poll: nullable(pollView),
    system: nullable(z.object({ code: z.string(), about: z.record(z.string(), z.union([z.string(), z.number(), z.null()])) })),
    reactions: z.array(z.object({ emoji: z.string(), count: z.int(), members: z.array(z.int()) })),
    replies: z.int(),
    editedAt: nullable(at),
    deletedAt: nullable(at).describe("Nothing but the place is left"),
    pinnedAt: nullable(at),
  })
  .meta({ id: "RoomMessage" });
export const ownMessageSchema = messageSchema.extend({ ownVotes: z.array(z.int()) }).meta({ id: "RoomMessageOfReader" });

export const unreadSchema = z
  .object({
    messages: z.int().describe("Of others after the read mark, without those deleted"),
    mentions: z.int(),
    marked: z.boolean().describe("Marked as unread by yourself"),
    readTo: z.int(),
    threads: z.array(z.object({ thread: z.int(), messages: z.int(), mentions: z.int() })),
  })
  .meta({ id: "RoomUnread" });

export const roomSchema = z
  .object({
    id: z.string(),
    kind: z.enum(ROOM_KINDS),
    name: nullable(z.string()),
    sealed: z.boolean().describe("Messages are sealed on the members' devices"),
    managed: z.boolean().describe("Members come and go with a group or a challenge"),
    createdAt: at,
    closedAt: nullable(at),
    settings: z.object({
      whoSends: z.enum(["all", "staff"]),
      history: z.enum(["all", "joined"]),
      slowModeS: z.int(),
      blocklist: nullable(z.array(z.string())).describe("Shown to staff alone"),
      retentionDays: nullable(z.int()),
    }),
    members: z.int(),
    peer: nullable(authorSchema).describe("The other one of a direct room"),
    head: z.int().describe("The number of the last event"),
    floor: z.int().describe("The last number that is not kept any more"),
    last: nullable(messageSchema),
    own: z.object({
      member: z.int(),
      role: z.enum(MEMBER_ROLES),
      state: z.enum(["active", "invited", "left", "removed", "banned", "erased"]),
      receipts: z.enum(["public", "private"]),
      presence: z.enum(["public", "private"]),
      notify: z.enum(["all", "mentions", "none"]),
      mutedUntil: nullable(at),
      archived: z.boolean(),
      silencedUntil: nullable(at),
    }),
    unread: unreadSchema,
  })
  .meta({ id: "Room" });

export const roomListSchema = z.object({ items: z.array(roomSchema), next: nullable(z.string()) }).meta({ id: "RoomList" });
export const roomListQuery = z.strictObject({
  state: z.enum(["active", "invited"]).default("active").describe("`invited`: what others ask you to join"),
  archived: z.enum(["with", "without", "only"]).default("without"),
  limit: z.coerce.number().int().min(1).max(50).default(20),
  cursor: z.string().max(2_048).optional().describe("`next` of the page before"),
});
export const totalsSchema = z
  .object({ rooms: z.int().describe("With something unread"), messages: z.int(), mentions: z.int(), invitations: z.int() })
  .meta({ id: "UnreadTotals" });

export const newRoomBody = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("direct"), person: z.string().max(64), sealed: z.boolean().default(false) }),
    z.strictObject({
      kind: z.enum(["group", "broadcast"]),
      name: chosenName({ most: 120 }),
      people: z.array(z.string().max(64)).max(100).default([]).describe("Whom you ask to join"),
      sealed: z.boolean().default(false),
    }),
  ])
  .meta({ id: "NewRoom", example: { kind: "group", name: "Sunday runs", people: [] } });

export const settingsBody = z.strictObject(roomSettingsFields).meta({ id: "RoomSettings", example: { slowModeS: 10 } });
export const membershipBody = z.strictObject(ownSettingsFields).meta({ id: "RoomMembershipChange", example: { notify: "mentions" } });
export const invitationBody = z.strictObject({ accept: z.boolean() }).meta({ id: "InvitationAnswer", example: { accept: true } });
export const inviteBody = z
  .strictObject({ people: z.array(z.string().max(64)).min(1).max(100) })
  .meta({ id: "RoomInvitations", example: { people: ["per_eu_01k0000000000000000000000a"] } });
export const memberSchema = authorSchema
  .extend({
    role: z.enum(MEMBER_ROLES),
    state: z.enum(["active", "invited", "left", "removed", "banned", "erased"]),
    joinedAt: at,
  })
  .meta({ id: "RoomMember" });
export const memberListSchema = z.object({ items: z.array(memberSchema), next: nullable(z.int()) }).meta({ id: "RoomMemberList" });
export const memberBody = z
  .strictObject({
    role: z.enum(MEMBER_ROLES).optional(),
    silencedUntil: z.iso.datetime().nullable().optional(),
    banned: z.boolean().optional(),
    reason: z.string().max(500).optional(),
  })
  .meta({ id: "RoomMemberChange", example: { silencedUntil: "2027-01-01T00:00:00Z", reason: "Advertising" } });
export const reasonQuery = z.strictObject({ reason: z.string().max(500).optional() });

export const answerSchema = z
  .object({ seq: z.int().describe("The number of the event; 0 where nothing is numbered"), at })
  .meta({ id: "RoomAnswer", example: { seq: 7, at: "2026-11-20T07:30:00.000Z" } });

export const sendBody = z.strictObject(sendFields).meta({ id: "NewMessage", example: { clientId: "01k-1", text: "Well done!" } });
export const editBody = z.strictObject(editFields).meta({ id: "MessageEdit", example: { text: "Very well done!" } });
export const voteBody = z.strictObject(voteFields).meta({ id: "PollVote", example: { options: [0] } });
export const readBody = z.strictObject(readFields).meta({ id: "ReadMark", example: { seq: 7 } });
export const deliveredBody = z.strictObject(deliveredFields).meta({ id: "DeliveredMark", example: { seq: 7 } });
export const unreadBody = z.strictObject(unreadFields).meta({ id: "UnreadMark", example: { seq: 7 } });
export const typingBody = z.strictObject(typingFields).meta({ id: "TypingNote", example: { typing: true } });
export const reportBody = z.strictObject(reportFields).meta({ id: "MessageReport", example: { reason: "spam" } });
export const scheduleBody = z
  .strictObject({ at: z.iso.datetime(), message: z.strictObject(sendFields) })
  .meta({ id: "NewScheduledMessage", example: { at: "2026-12-24T18:00:00Z", message: { clientId: "01k-2", text: "Merry Christmas!" } } });
export const scheduledSchema = z
  .object({ no: z.int(), at, message: z.looseObject({ clientId: z.string() }) })
  .meta({ id: "ScheduledMessage" });
export const scheduledListSchema = z.object({ items: z.array(scheduledSchema) }).meta({ id: "ScheduledMessageList" });
export { reactFields };

export const historyQuery = z.strictObject({
  thread: z.coerce.number().int().min(1).optional(),
  before: z.coerce.number().int().min(1).optional().describe("Messages before this number, the nearest"),
  after: z.coerce.number().int().min(0).optional().describe("Messages after this number, the nearest"),
  around: z.coerce.number().int().min(1).optional().describe("Messages on both sides of this number, with it"),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const historySchema = z
  .object({
    items: z.array(messageSchema).describe("In the order of their numbers"),
    before: nullable(z.int()).describe("What to send as `before` for the page before; null where there is none"),
    after: nullable(z.int()),
  })
  .meta({ id: "RoomHistory" });
export const editsSchema = z
  .object({ items: z.array(z.object({ at, text: nullable(z.string()), sealed: nullable(sealedSchema) })) })
  .meta({ id: "MessageEdits" });
export const messagesSchema = z.object({ items: z.array(messageSchema) }).meta({ id: "RoomMessages" });
export const threadsSchema = z
  .object({ items: z.array(z.object({ root: messageSchema, unread: z.int(), mentions: z.int() })) })
  .meta({ id: "RoomThreads" });
export const eventsQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(200),
});
export const eventSchema = z
  .looseObject({
    seq: z.int(),
    at,
    kind: z.enum([
      "message",
      "edit",
      "delete",
      "react",
      "unreact",
      "pin",
      "unpin",
      "vote",
      "close_poll",
      "member",
      "settings",
      "erased",
      "call",
    ]),
    by: z.int().describe("The number of the member; 0 for the room itself"),
  })
  .meta({ id: "RoomEvent" });
export const eventsSchema = z
  .object({
    items: z.array(eventSchema),
    head: z.int(),
    isReset: z.boolean().describe("Some of what came after is not kept any more: read the history instead"),
  })
  .meta({ id: "RoomEvents" });

export const searchQuery = z.strictObject({
  q: z.string().trim().min(1).max(200).meta({ example: "breakfast" }),
  author: z.coerce.number().int().min(1).optional().describe("The number of a member"),
  kind: z.enum(["text", "card"]).optional(),
  from: z.iso.datetime().optional(),
  to: z.iso.datetime().optional(),
  before: z.coerce.number().int().min(1).optional().describe("The number of the last message of the page before"),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});
export const ownSearchQuery = z.strictObject({
  q: z.string().trim().min(1).max(200).meta({ example: "breakfast" }),
  limit: z.coerce.number().int().min(1).max(50).default(20),
});
const hit = z.object({
  message: messageSchema,
  highlights: z.array(z.tuple([z.int(), z.int()])).describe("Where the words stand in the text: offsets in UTF-16 units"),
});
export const searchSchema = z.object({ items: z.array(hit) }).meta({ id: "RoomSearch" });
export const ownSearchSchema = z
  .object({
    items: z.array(hit.extend({ room: z.string() })),
    searched: z.int().describe("Rooms that were looked through, the latest first"),
  })
  .meta({ id: "OwnRoomSearch" });

export const reportsQuery = z.strictObject({
  state: z.enum(["open", "dismissed", "upheld"]).default("open"),
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});
export const moderationSchema = z
  .object({
    no: z.int(),
    message: nullable(messageSchema),
    reason: z.enum(REPORT_REASONS),
    note: nullable(z.string()),
    at,
    state: z.enum(["open", "dismissed", "upheld"]),
    decidedBy: nullable(z.int()),
    decidedAt: nullable(at),
  })
  .meta({ id: "RoomReport" });
export const moderationListSchema = z.object({ items: z.array(moderationSchema) }).meta({ id: "RoomReportList" });
export const decisionBody = z
  .strictObject({
    decision: z.enum(["dismiss", "remove", "silence", "ban"]),
    reason: z.string().max(500).optional(),
    until: z.iso.datetime().optional().describe("Of a silence; a day where absent"),
  })
  .meta({ id: "RoomReportDecision", example: { decision: "remove" } });
export const actionListSchema = z
  .object({
    items: z.array(
      z.object({
        no: z.int(),
        at,
        by: z.int(),
        action: z.string(),
        concerned: nullable(z.int()),
        message: nullable(z.int()),
        reason: nullable(z.string()),
      }),
    ),
  })
  .meta({ id: "ModerationLog" });
export const backQuery = z.strictObject({
  before: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const membersQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(200).default(100),
});

export const uploadQuery = z.strictObject({
  durationMs: z.coerce.number().int().min(0).max(3_600_000).optional().describe("Of a voice note"),
});
export const attachmentListSchema = z
  .object({ items: z.array(attachmentSchema.extend({ message: z.int() })) })
  .meta({ id: "RoomAttachmentList" });
export const linkSchema = z
  .object({ url: z.string().describe("For you alone, as long as you are in the room"), expiresIn: z.int().describe("Seconds") })
  .meta({ id: "AttachmentLink" });
export const fileParam = z.strictObject({ token: z.string().min(1).max(1_000) });

export const cardViewSchema = z
  .object({
    kind: z.enum(["workout", "meal", "plan", "invoice"]),
    id: z.string(),
    state: z.enum(["shown", "not_shared"]).describe("`not_shared`: it is not there, or you may not see it"),
    data: z.looseObject({}).nullable().describe("What you may see of it now"),
  })
  .meta({ id: "CardView" });

export const keyBody = z
  .strictObject({
    algorithm: z.string().min(1).max(64),
    publicKey: z.string().min(16).max(4_096),
  })
  .meta({ id: "NewRoomKey", example: { algorithm: "ECDH-P256", publicKey: "BEl62iUYgUivxIkv69yViEuiBIa…" } });
export const keySchema = z
  .object({ no: z.int(), member: z.int(), algorithm: z.string(), publicKey: z.string(), at })
  .meta({ id: "RoomKey" });
export const keyListSchema = z.object({ items: z.array(keySchema) }).meta({ id: "RoomKeyList" });
export const keyNumberSchema = z.object({ no: z.int() }).meta({ id: "RoomKeyNumber" });

export const liveQuery = z.strictObject({
  after: z.coerce.number().int().min(0).optional().describe("The last number seen: what came after it is sent first"),
  ticket: z.string().max(1_000).optional().describe("A ticket of `POST /v1/tickets`, where no header can be sent"),
});
