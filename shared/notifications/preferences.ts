import { HOUR_MS } from "../clock";
import { offsetAt } from "../health/zone";
import { nextWallTime, type QuietHours, quietUntil, isQuiet } from "./quiet-hours";
import { type Channel, type Level, type Mode, type NotificationType, type OuterChannel, type Priority, specOf } from "./types";

/** How much a message that leaves the house says. `plain`: that there is something. `names`: who and what. `details`: others' words too. */
export const CONTENTS = ["plain", "names", "details"] as const;
export type Content = (typeof CONTENTS)[number];

/** What a person has chosen; what is not named holds by the type. Times of the day in minutes, in the person's zone. */
export interface Preferences {
  readonly modes: Readonly<Partial<Record<NotificationType, Readonly<Partial<Record<Channel, Mode>>>>>>;
  readonly quietHours: (QuietHours & { readonly exceptHigh: boolean }) | null;
  /** When the day's digest goes out. */
  readonly digestAt: number;
  readonly content: Content;
  /** Nothing leaves the house until then; epoch milliseconds. */
  readonly snoozedUntil: number | null;
}

export const DEFAULT_PREFERENCES: Preferences = {
  modes: {},
  quietHours: null,
  digestAt: 8 * 60,
  content: "plain",
  snoozedUntil: null,
};

/** How a channel serves a type. What is about rights and safety is always in the inbox. */
export function modeOf({ modes }: Preferences, type: NotificationType, channel: Channel): Mode {
  const spec = specOf(type);
  if (channel === "inbox" && spec.isKept === true) return "now";
  return modes[type]?.[channel] ?? (channel === "inbox" || channel === "socket" ? "now" : spec[channel]);
}

/** Whether somebody wants to be told of something in a conversation. What is neither said there nor leads there is not chatter. */
export function levelAllows(level: Level, type: NotificationType): boolean {
  if (type === "message" || type === "reaction") return level === "all";
  return level !== "none" || !["mention", "room_invitation", "room_added"].includes(type);
}

export interface Due {
  readonly at: number;
  /** Whether it is gathered with others that are due then. */
  readonly isDigest: boolean;
}

/**
 * When something may leave by a channel at the earliest, from `now` on: by its mode, after a snooze, outside the quiet hours. Undefined
 * where it never does.
 */
export function dueOf(
  preferences: Preferences,
  zone: string,
  { type, channel, priority }: { readonly type: NotificationType; readonly channel: OuterChannel; readonly priority: Priority },
  now: number,
): Due | undefined {
  const mode = modeOf(preferences, type, channel);
  if (mode === "off") return undefined;
  const at = mode === "hourly" ? nextHour(zone, now) : mode === "daily" ? nextWallTime(zone, preferences.digestAt, now) : now;
  return { at: allowedFrom(preferences, zone, priority, at), isDigest: mode !== "now" };
}

/** The first instant from `at` on at which the person may be disturbed. */
export function allowedFrom({ snoozedUntil, quietHours }: Preferences, zone: string, priority: Priority, at: number): number {
  const awake = Math.max(at, snoozedUntil ?? 0);
  if (quietHours === null || (quietHours.exceptHigh && priority === "high")) return awake;
  return quietUntil(zone, quietHours, awake);
}

/** Whether the person may be disturbed at an instant. */
export function isAllowed({ snoozedUntil, quietHours }: Preferences, zone: string, priority: Priority, at: number): boolean {
  if (snoozedUntil !== null && at < snoozedUntil) return false;
  return quietHours === null || (quietHours.exceptHigh && priority === "high") || !isQuiet(zone, quietHours, at);
}

/** The next full hour of the person's clock. */
function nextHour(zone: string, now: number): number {
  const shift = (offsetAt(zone, now) * 1_000) % HOUR_MS;
  return (Math.floor((now + shift) / HOUR_MS) + 1) * HOUR_MS - shift;
}
