import fc from "fast-check";
import { expect, test } from "vitest";
import { DAY_MS, HOUR_MS } from "../clock";
import { allowedFrom, DEFAULT_PREFERENCES, dueOf, isAllowed, levelAllows, modeOf, type Preferences } from "./preferences";
import { isQuiet } from "./quiet-hours";
import { CHANNELS, LEVELS, MODES, NOTIFICATION_TYPE_NAMES, OUTER_CHANNELS, PRIORITIES, specOf } from "./types";

const minute = fc.integer({ min: 0, max: 1_439 });
const zone = fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu");
const now = fc.integer({ min: 0, max: 366 * 24 * 60 }).map((at) => Date.parse("2026-01-01T00:00Z") + at * 60_000 + 31);
const type = fc.constantFrom(...NOTIFICATION_TYPE_NAMES);
const channel = fc.constantFrom(...OUTER_CHANNELS);
const priority = fc.constantFrom(...PRIORITIES);
const preferences: fc.Arbitrary<Preferences> = fc.record({
  modes: fc.dictionary(type, fc.dictionary(channel, fc.constantFrom(...MODES), { maxKeys: 3 }), { maxKeys: 8 }),
  quietHours: fc.option(fc.record({ from: minute, to: minute, exceptHigh: fc.boolean() })),
  digestAt: minute,
  content: fc.constantFrom("plain", "names", "details"),
  snoozedUntil: fc.constant(null),
});

test("whatever is chosen: a channel that is off sends nothing, any other sends, and never while it is quiet or put off", () => {
  fc.assert(
    fc.property(
      preferences,
      zone,
      type,
      channel,
      priority,
      now,
      fc.integer({ min: -100, max: 100 }),
      (chosen, where, what, by, how, at, snooze) => {
        const put = { ...chosen, snoozedUntil: snooze < 0 ? null : at + snooze * HOUR_MS };
        const due = dueOf(put, where, { type: what, channel: by, priority: how }, at);
        const mode = modeOf(put, what, by);
        expect(due === undefined).toBe(mode === "off");
        if (due === undefined) return;
        const { quietHours, snoozedUntil } = put;
        const isLet = quietHours === null || (quietHours.exceptHigh && how === "high") || !isQuiet(where, quietHours, due.at);
        expect([isLet, isAllowed(put, where, how, due.at), due.at >= at, due.at >= (snoozedUntil ?? 0)]).toEqual([true, true, true, true]);
        // What is decided again at that time goes out then.
        expect(allowedFrom(put, where, how, due.at)).toBe(due.at);
        // Nothing is lost: a digest, a night and a day of other clocks later it goes.
        expect(due.at).toBeLessThanOrEqual(Math.max(at, snoozedUntil ?? 0) + 3 * DAY_MS);
        expect(due.isDigest).toBe(mode === "hourly" || mode === "daily");
      },
    ),
    { numRuns: 300 },
  );
});

test("every type has a mode for every channel, and what is about rights cannot leave the list", () => {
  for (const one of NOTIFICATION_TYPE_NAMES) {
    const off = { ...DEFAULT_PREFERENCES, modes: { [one]: Object.fromEntries(CHANNELS.map((by) => [by, "off"])) } };
    expect(CHANNELS.map((by) => modeOf(off, one, by))).toEqual([specOf(one).isKept === true ? "now" : "off", "off", "off", "off", "off"]);
    for (const by of CHANNELS) expect(MODES).toContain(modeOf(DEFAULT_PREFERENCES, one, by));
  }
});

test("a level lets through all, mentions or nothing of a conversation, and has no say about anything else", () => {
  const heard = LEVELS.map((level) =>
    (["message", "mention", "room_invitation", "room_added", "friend_request", "call"] as const).map((one) => levelAllows(level, one)),
  );
  expect(heard).toEqual([
    [true, true, true, true, true, true],
    [false, true, true, true, true, true],
    [false, false, false, false, true, true],
  ]);
});
