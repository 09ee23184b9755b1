import type { Card, MemberRole, RoomKind, Sealed } from "./verbs";

/** Who wrote something: a number within the room, and who that is, unless they go by an alias there or have been erased. */
export interface AuthorView {
  readonly member: number;
  readonly person: string | null;
  readonly alias: string | null;
}

export interface AttachmentView {
  readonly id: string;
  /** Sniffed from the bytes. */
  readonly type: string;
  readonly kind: "image" | "audio" | "video" | "document" | "sealed";
  readonly size: number;
  readonly name: string | null;
  readonly width: number | null;
  readonly height: number | null;
  /** Of a voice note, as its client said. */
  readonly durationMs: number | null;
}

export interface PollView {
  readonly question: string;
  readonly multiple: boolean;
  readonly anonymous: boolean;
  readonly closesAt: string | null;
  readonly isClosed: boolean;
  readonly voters: number;
  readonly options: readonly { readonly text: string; readonly votes: number; readonly members: readonly number[] | null }[];
}

/** A message as members get it; the same for everybody. */
export interface MessageView {
  readonly seq: number;
  readonly at: string;
  /** Null for the main timeline. */
  readonly thread: number | null;
  readonly kind: "text" | "sealed" | "card" | "poll" | "files" | "system";
  /** Null for what the room itself says. */
  readonly author: AuthorView | null;
  readonly text: string | null;
  readonly sealed: Sealed | null;
  readonly replyTo: number | null;
  readonly mentions: readonly (number | "room")[];
  readonly attachments: readonly AttachmentView[];
  /** A reference: what it shows is asked for by each reader, and is what that reader may see. */
  readonly card: Card | null;
  readonly poll: PollView | null;
  /** What a system message is about. */
  readonly system: { readonly code: string; readonly about: Readonly<Record<string, string | number | null>> } | null;
  readonly reactions: readonly { readonly emoji: string; readonly count: number; readonly members: readonly number[] }[];
  readonly replies: number;
  readonly editedAt: string | null;
  readonly deletedAt: string | null;
  readonly pinnedAt: string | null;
}

export interface MemberView extends AuthorView {
  readonly role: MemberRole;
  readonly state: MemberState;
  readonly joinedAt: string;
}

export type MemberState = "active" | "invited" | "left" | "removed" | "banned" | "erased";

/** A change of a room in its place: `seq` has no gaps. */
export interface EventView {
  readonly seq: number;
  readonly at: string;
  readonly kind:
    | "message"
    | "edit"
    | "delete"
    | "react"
    | "unreact"
    | "pin"
    | "unpin"
    | "vote"
    | "close_poll"
    | "member"
    | "settings"
    | "erased"
    | "call";
  /** The number of the member who did it; 0 for the room itself. */
  readonly by: number;
  readonly [thing: string]: unknown;
}

export interface RoomView {
  readonly id: string;
  readonly kind: RoomKind;
  readonly name: string | null;
  readonly sealed: boolean;
  /** Members come and go with a group or a challenge, and not by calls of this room. */
  readonly managed: boolean;
  readonly createdAt: string;
  readonly closedAt: string | null;
  readonly settings: {
    readonly whoSends: "all" | "staff";
    readonly history: "all" | "joined";
    readonly slowModeS: number;
    /** Shown to staff alone. */
    readonly blocklist: readonly string[] | null;
    readonly retentionDays: number | null;
  };
  readonly members: number;
  /** In a direct room, the other one. */
  readonly peer: AuthorView | null;
  readonly head: number;
  readonly floor: number;
  readonly last: MessageView | null;
  readonly own: {
    readonly member: number;
    readonly role: MemberRole;
    readonly state: MemberState;
    readonly receipts: "public" | "private";
    readonly presence: "public" | "private";
    readonly notify: "all" | "mentions" | "none";
    readonly mutedUntil: string | null;
    readonly archived: boolean;
    readonly silencedUntil: string | null;
  };
  readonly unread: UnreadView;
}

export interface UnreadView {
  /** Messages of others after the read mark in the main timeline, without those deleted. */
  readonly messages: number;
  readonly mentions: number;
  /** The person said themselves that there is something. */
  readonly marked: boolean;
  readonly readTo: number;
  readonly threads: readonly { readonly thread: number; readonly messages: number; readonly mentions: number }[];
}
