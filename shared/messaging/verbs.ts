import * as z from "zod";
import { chosenName } from "../chosen-name";

/** What a conversation is. `direct`: two people. `broadcast`: a coach or a gym writes, members answer in threads. */
export const ROOM_KINDS = ["direct", "group", "broadcast", "challenge"] as const;
export type RoomKind = (typeof ROOM_KINDS)[number];

/** What somebody is in a room. Owners and moderators are its staff. */
export const MEMBER_ROLES = ["owner", "moderator", "member"] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];

export const CARD_KINDS = ["workout", "meal", "plan", "invoice"] as const;
export const REPORT_REASONS = ["spam", "harassment", "hate", "sexual", "self_harm", "misinformation", "other"] as const;

/** Characters of a message. */
export const LONGEST_TEXT = 8_000;
/** Characters of the ciphertext of a message, base64url. */
export const LONGEST_CIPHERTEXT = 48_000;
/** Characters of one frame of a client: a sealed message with its header fits. */
export const LONGEST_FRAME = 65_536;
export const MOST_ATTACHMENTS = 10;
export const MOST_MENTIONS = 50;
export const MOST_OPTIONS = 20;

const seq = z.int().min(1).max(Number.MAX_SAFE_INTEGER).describe("The number of a message in its room");
const clientId = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[\w.:-]+$/)
  .describe("Made by the client, once for each message: the same id gets the same answer and never a second message");
const text = z
  .string()
  .max(LONGEST_TEXT)
  .refine((value) => value.trim() !== "", { message: "A message says something." })
  .refine((value) => value.isWellFormed() && !value.includes("\0"), { message: "The text is not well formed." });

const member = z.int().min(1).max(1_000_000_000).describe("The number of a member in the room");
const mentions = z
  .array(z.union([member, z.literal("room")]))
  .max(MOST_MENTIONS)
  .describe("Numbers of members, or `room` for everybody (staff alone)");

/** What only the members' own devices can read: the server keeps it as it is. */
export const sealedSchema = z
  .strictObject({
    algorithm: z.string().min(1).max(64).describe("How it was sealed, in the clients' own words"),
    ciphertext: z.base64url().min(1).max(LONGEST_CIPHERTEXT).describe("The message, sealed on the sender's device"),
    header: z.base64url().max(8_192).default("").describe("What the readers' devices need to open it: keys wrapped for their public keys"),
  })
  .meta({ id: "SealedMessage" });
export type Sealed = z.output<typeof sealedSchema>;

export const cardSchema = z
  .strictObject({
    kind: z.enum(CARD_KINDS),
    id: z.string().min(1).max(256).describe("The id of what is shown, among the sender's own: a workout's, a meal's, a CarePlan's"),
  })
  .meta({ id: "MessageCard" });
export type Card = z.output<typeof cardSchema>;

export const pollSchema = z
  .strictObject({
    question: z.string().trim().min(1).max(500),
    options: z.array(z.string().trim().min(1).max(200)).min(2).max(MOST_OPTIONS),
    multiple: z.boolean().default(false).describe("Whether one person may choose several"),
    anonymous: z.boolean().default(false).describe("Whether nobody is shown who chose what"),
    closesAt: z.iso.datetime().optional(),
  })
  .refine(({ options }) => new Set(options).size === options.length, { message: "The options differ.", path: ["options"] })
  .meta({ id: "PollForm" });
export type PollForm = z.output<typeof pollSchema>;

const emoji = z
  .string()
  .max(32)
  .regex(/^\p{RGI_Emoji}$/v)
  .describe("One emoji")
  .meta({ example: "👍" });

/** The fields of a message as a client sends it. Exactly one of text, sealed, card, poll and attachments says what it is. */
export const sendFields = {
  clientId,
  text: text.optional(),
  sealed: sealedSchema.optional(),
  thread: seq.optional().describe("The message that the thread began with"),
  replyTo: seq.optional(),
  mentions: mentions.default([]),
  attachments: z.array(z.string().max(64)).max(MOST_ATTACHMENTS).default([]).describe("Ids of attachments that were uploaded to the room"),
  card: cardSchema.optional(),
  poll: pollSchema.optional(),
};
export const editFields = { text: text.optional(), sealed: sealedSchema.optional(), mentions: mentions.optional() };
export const voteFields = {
  options: z
    .array(
      z
        .int()
        .min(0)
        .max(MOST_OPTIONS - 1),
    )
    .max(MOST_OPTIONS)
    .describe("Indexes of what is chosen; none takes the vote back"),
};
export const readFields = {
  seq: seq.describe("Everything up to and including this message has been shown"),
  thread: seq.optional(),
  private: z.boolean().default(false).describe("Counts for you alone and is shown to nobody"),
};
export const deliveredFields = { seq };
export const unreadFields = { seq: seq.describe("The first message that is to be unread again") };
export const typingFields = { thread: seq.optional(), typing: z.boolean().default(true) };
export const reportFields = {
  reason: z.enum(REPORT_REASONS),
  note: z.string().max(1_000).optional(),
};
export const reactFields = { emoji };

/** Where a member's own settings of a room begin. */
export const ownSettingsFields = {
  receipts: z.enum(["public", "private"]).optional().describe("Whether others see how far you have read"),
  presence: z.enum(["public", "private"]).optional().describe("Whether others see that you are here"),
  notify: z.enum(["all", "mentions", "none"]).optional(),
  mutedUntil: z.iso.datetime().nullable().optional().describe("Nothing is notified until then"),
  archived: z.boolean().optional(),
};

/** The verbs of a room: the same on its socket and by REST. `type` is the verb. */
export const verbSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("send"), ...sendFields }),
  z.strictObject({ type: z.literal("edit"), seq, ...editFields }),
  z.strictObject({ type: z.literal("delete"), seq }),
  z.strictObject({ type: z.literal("react"), seq, ...reactFields }),
  z.strictObject({ type: z.literal("unreact"), seq, ...reactFields }),
  z.strictObject({ type: z.literal("pin"), seq }),
  z.strictObject({ type: z.literal("unpin"), seq }),
  z.strictObject({ type: z.literal("vote"), seq, ...voteFields }),
  z.strictObject({ type: z.literal("close_poll"), seq }),
  z.strictObject({ type: z.literal("read"), ...readFields }),
  z.strictObject({ type: z.literal("delivered"), ...deliveredFields }),
  z.strictObject({ type: z.literal("unread"), ...unreadFields }),
  z.strictObject({ type: z.literal("typing"), ...typingFields }),
  z.strictObject({ type: z.literal("report"), seq, ...reportFields }),
  z.strictObject({ type: z.literal("settings"), ...ownSettingsFields }),
]);
export type Verb = z.output<typeof verbSchema>;
export type VerbInput = z.input<typeof verbSchema>;
export type VerbOf<T extends Verb["type"]> = Extract<Verb, { type: T }>;

/** The answer to a verb: the number of the event that it made, or that had made it so before. 0 where nothing is numbered. */
export interface VerbAnswer {
  readonly seq: number;
  /** ISO 8601. */
  readonly at: string;
}

/** What staff may set of a room. */
export const roomSettingsFields = {
  name: chosenName({ most: 120 }).nullable().optional(),
  whoSends: z.enum(["all", "staff"]).optional().describe("Who may begin a message outside threads"),
  history: z.enum(["all", "joined"]).optional().describe("What somebody who joins sees of the time before"),
  slowModeS: z.int().min(0).max(21_600).optional().describe("Seconds between two messages of one member; staff may write at any time"),
  blocklist: z.array(z.string().trim().min(2).max(60)).max(500).optional().describe("Words and phrases that no message may have"),
  retentionDays: z.int().min(1).max(3_650).nullable().optional().describe("Messages older than this are deleted for good"),
};
export const roomSettingsSchema = z.strictObject(roomSettingsFields);
export type RoomSettings = z.output<typeof roomSettingsSchema>;
