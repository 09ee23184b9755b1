import { DAY_MS, HOUR_MS, MINUTE_MS } from "../clock";

/** How soon somebody should look: decides urgency at push services, and what quiet hours may let through. */
export const PRIORITIES = ["low", "normal", "high"] as const;
export type Priority = (typeof PRIORITIES)[number];

/** Where a notification goes. `inbox` is the list itself, `socket` the person's live stream; the others leave the house. */
export const CHANNELS = ["inbox", "socket", "push", "email", "sms"] as const;
export type Channel = (typeof CHANNELS)[number];
export const OUTER_CHANNELS = ["push", "email", "sms"] as const satisfies readonly Channel[];
export type OuterChannel = (typeof OUTER_CHANNELS)[number];

/** How a channel is served: at once, gathered by the hour or the day, or not at all. */
export const MODES = ["off", "now", "hourly", "daily"] as const;
export type Mode = (typeof MODES)[number];

/** What of a kind holds unless the person chooses otherwise. */
export interface TypeSpec {
  readonly priority: Priority;
  /** After this nobody needs to be woken for it any more; it stays in the inbox. Milliseconds. */
  readonly ttlMs: number;
  /** Modes of the outer channels. */
  readonly push: Mode;
  readonly email: Mode;
  readonly sms: Mode;
  /** About rights and safety: the inbox always has it. */
  readonly isKept?: true;
}

const spec = (priority: Priority, ttlMs: number, push: Mode, email: Mode = "off", sms: Mode = "off"): TypeSpec => ({
  priority,
  ttlMs,
  push,
  email,
  sms,
});
const WEEK_MS = 7 * DAY_MS;

/** Everything that people are notified of: a closed list. */
export const NOTIFICATION_TYPES = {
  message: spec("normal", DAY_MS, "now"),
  mention: spec("high", DAY_MS, "now"),
  /** Somebody asks the person into a conversation. */
  room_invitation: spec("normal", WEEK_MS, "now"),
  /** A friend has begun a conversation; what they write there is told as well. */
  room_added: spec("low", DAY_MS, "off"),
  /** A clinician, a coach or an app wrote something into the inbox of partners. */
  care: spec("high", WEEK_MS, "now", "now"),
  plan: spec("normal", WEEK_MS, "now"),
  friend_request: spec("normal", WEEK_MS, "now"),
  friend_accepted: spec("low", WEEK_MS, "now"),
  follow_request: spec("low", WEEK_MS, "now"),
  buddy_request: spec("normal", WEEK_MS, "now"),
  buddy_accepted: spec("low", WEEK_MS, "now"),
  /** A buddy cheers somebody on. */
  nudge: spec("low", DAY_MS, "now"),
  group_invitation: spec("normal", WEEK_MS, "now"),
  group_request: spec("normal", WEEK_MS, "now"),
  challenge_invitation: spec("normal", WEEK_MS, "now"),
  challenge_started: spec("normal", DAY_MS, "now"),
  challenge_ended: spec("normal", 3 * DAY_MS, "now"),
  challenge_rank: spec("low", 6 * HOUR_MS, "hourly"),
  achievement: spec("low", 3 * DAY_MS, "now"),
  reward: spec("normal", WEEK_MS, "now"),
  /** A connection needs a new sign-in. */
  sync_failure: spec("normal", WEEK_MS, "now", "now"),
  /** A connection brings nothing, and nobody can do more than look: the vendor, or something on the way, fails. */
  sync_trouble: spec("low", 3 * DAY_MS, "daily"),
  gap: spec("low", 3 * DAY_MS, "daily"),
  consent: { ...spec("normal", WEEK_MS, "off"), isKept: true },
  /** Somebody new has read, an app was let in, the glass was broken. */
  access: { ...spec("high", WEEK_MS, "now", "now"), isKept: true },
  sign_in: { ...spec("normal", DAY_MS, "off"), isKept: true },
  appointment: spec("high", 12 * HOUR_MS, "now", "now"),
  call: spec("high", MINUTE_MS, "now"),
  comment: spec("normal", 3 * DAY_MS, "now"),
  reaction: spec("low", DAY_MS, "hourly"),
  moderation: { ...spec("normal", WEEK_MS, "now"), isKept: true },
} as const satisfies Readonly<Record<string, TypeSpec>>;
export type NotificationType = keyof typeof NOTIFICATION_TYPES;
// The keys are the closed list above.
export const NOTIFICATION_TYPE_NAMES = Object.keys(NOTIFICATION_TYPES) as [NotificationType, ...NotificationType[]];

export function isNotificationType(text: string): text is NotificationType {
  return Object.hasOwn(NOTIFICATION_TYPES, text);
}

export function specOf(type: NotificationType): TypeSpec {
  return NOTIFICATION_TYPES[type];
}

/** How much of a conversation somebody wants to be told. */
export const LEVELS = ["all", "mentions", "none"] as const;
export type Level = (typeof LEVELS)[number];

/** What a notification is called by in texts. Never health data: no reading, no diagnosis, nothing of a special class. */
export interface Words {
  /** Who did it, as the person knows them. */
  readonly who?: string;
  /** What it is about by name: a group, a challenge, an appointment. */
  readonly what?: string;
  /** Words that others wrote. Shown outside only to whoever wants that. */
  readonly text?: string;
}

/** Something that somebody is to be told once. */
export interface News {
  readonly type: NotificationType;
  /** Names the fact within its type: told again, it changes nothing. Opaque ids only. */
  readonly key: string;
  /** Pointers to what it is about, by name: ids, never data. */
  readonly about: Readonly<Record<string, string>>;
  readonly words?: Words;
  /** What it belongs to (`room/…`, `connection/…`): unread ones of a thread become one, and are read together. */
  readonly thread?: string;
  /** The conversation whose level decides, where it is about one. */
  readonly conversation?: string;
  readonly priority?: Priority;
  /** When it is not worth waking anybody any more, epoch milliseconds. */
  readonly expiresAt?: number;
  /** Channels on which the person hears of it by another way. */
  readonly without?: readonly OuterChannel[];
}

/** What became of it. `muted`: by the person's choice. `gone`: nobody is there to be told. */
export type Noted = { readonly kind: "noted" | "repeated"; readonly id: string } | { readonly kind: "muted" } | { readonly kind: "gone" };
