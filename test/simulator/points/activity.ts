/** Interval types read from the day's trace: steps, distance, climbing, energy, activity levels and zones. */
import { HOUR, MINUTE } from "../person/civil.ts";
import { chance } from "../person/random.ts";
import { activeKcal, basalKcalPerDay, traceOf, zoneOf } from "../person/trace.ts";
import type { MinuteOfDay } from "../person/trace.ts";
import type { Person } from "../person/traits.ts";
import { int64, interval, round } from "../person/wire.ts";
import type { JsonObject } from "../person/wire.ts";
import type { Draft, Generator, Origin } from "./point.ts";

type Reading = (minute: MinuteOfDay) => JsonObject | undefined;

/** One point per minute that has a value. */
function perMinute(person: Person, day: number, read: Reading, origin: Origin = "watch"): Draft[] {
  const drafts: Draft[] = [];
  for (const minute of traceOf(person, day)) {
    if (!minute.worn) continue;
    const value = read(minute);
    if (value) drafts.push(draft(person, minute.startMs, minute.startMs + MINUTE, value, origin));
  }
  return drafts;
}

function draft(person: Person, startMs: number, endMs: number, value: JsonObject, origin: Origin): Draft {
  return { startMs, endMs, origin, value: { interval: interval(person.zone, startMs, endMs), ...value } };
}

/** The phone counts too while it is carried: about two hours in three, and it misses some of the steps. */
function onPhone(person: Person, day: number, read: Reading): Draft[] {
  const drafts: Draft[] = [];
  for (const minute of traceOf(person, day)) {
    if (minute.steps < 20 || minute.workout?.type === "SWIMMING_POOL") continue;
    if (!chance(0.66, person.key, "carried", Math.floor(minute.startMs / HOUR))) continue;
    const value = read(minute);
    if (value) drafts.push(draft(person, minute.startMs, minute.startMs + MINUTE, value, "phone"));
  }
  return drafts;
}

const stepsGenerator: Generator = (person, day) => [
  ...perMinute(person, day, (m) => (m.steps > 0 ? { count: int64(m.steps) } : undefined)),
  ...onPhone(person, day, (m) => ({ count: int64(m.steps * 0.93) })),
];

const distanceGenerator: Generator = (person, day) => [
  ...perMinute(person, day, (m) => (m.distanceMm > 0 ? { millimeters: int64(m.distanceMm) } : undefined)),
  ...onPhone(person, day, (m) => (m.steps > 0 ? { millimeters: int64(m.distanceMm * 0.95) } : undefined)),
];

/** Adjacent minutes of one kind become one interval. */
function runs<K extends string>(
  person: Person,
  day: number,
  kindOf: (minute: MinuteOfDay) => K | undefined,
): { kind: K; startMs: number; endMs: number }[] {
  const found: { kind: K; startMs: number; endMs: number }[] = [];
  for (const minute of traceOf(person, day)) {
    const kind = minute.worn ? kindOf(minute) : undefined;
    const last = found.at(-1);
    if (kind && last?.kind === kind && last.endMs === minute.startMs) last.endMs += MINUTE;
    else if (kind) found.push({ kind, startMs: minute.startMs, endMs: minute.startMs + MINUTE });
  }
  return found;
}

type Level = "SEDENTARY" | "LIGHTLY_ACTIVE" | "MODERATELY_ACTIVE" | "VERY_ACTIVE";

function levelOf(minute: MinuteOfDay): Level {
  if (minute.met >= 6) return "VERY_ACTIVE";
  if (minute.met >= 3) return "MODERATELY_ACTIVE";
  return minute.met >= 1.5 ? "LIGHTLY_ACTIVE" : "SEDENTARY";
}

/** Sums of energy over blocks of minutes. */
function energy(person: Person, day: number, blockMinutes: number, perMinuteKcal: (minute: MinuteOfDay) => number): Draft[] {
  const trace = traceOf(person, day);
  const drafts: Draft[] = [];
  for (let i = 0; i < trace.length; i += blockMinutes) {
    const block = trace.slice(i, i + blockMinutes);
    const first = block[0];
    const kcal = block.reduce((sum, minute) => sum + perMinuteKcal(minute), 0);
    if (first && kcal > 0.05) {
      drafts.push(draft(person, first.startMs, first.startMs + block.length * MINUTE, { kcal: round(kcal, 3) }, "derived"));
    }
  }
  return drafts;
}

const ZONE_MINUTES = { MODERATE: ["FAT_BURN", 1], VIGOROUS: ["CARDIO", 2], PEAK: ["PEAK", 2] } as const;

export const activityGenerators = {
  steps: stepsGenerator,
  distance: distanceGenerator,
  floors: (person, day) => perMinute(person, day, (m) => (m.floors ? { count: int64(m.floors) } : undefined)),
  altitude: (person, day) => perMinute(person, day, (m) => (m.floors ? { gainMillimeters: int64(3048 * m.floors) } : undefined)),
  "active-energy-burned": (person, day) => energy(person, day, 15, (m) => (m.worn ? activeKcal(person, m) : 0)),
  "basal-energy-burned": (person, day) => energy(person, day, 60, () => basalKcalPerDay(person) / 1440),
  "total-calories": (person, day) => energy(person, day, 15, (m) => basalKcalPerDay(person) / 1440 + (m.worn ? activeKcal(person, m) : 0)),
  "active-zone-minutes": (person, day) =>
    perMinute(person, day, (m) => {
      const zone = m.asleep ? undefined : zoneOf(person, m.heart);
      if (!zone || zone === "LIGHT") return undefined;
      const [heartRateZone, minutes] = ZONE_MINUTES[zone];
      return { heartRateZone, activeZoneMinutes: int64(minutes) };
    }),
  "active-minutes": (person, day) =>
    perMinute(person, day, (m) => {
      const level = levelOf(m);
      if (level === "SEDENTARY" || m.asleep) return undefined;
      const activityLevel = { LIGHTLY_ACTIVE: "LIGHT", MODERATELY_ACTIVE: "MODERATE", VERY_ACTIVE: "VIGOROUS" }[level];
      return { activeMinutesByActivityLevel: [{ activityLevel, activeMinutes: "1" }] };
    }),
  "activity-level": (person, day) =>
    runs(person, day, levelOf).map((run) => draft(person, run.startMs, run.endMs, { activityLevelType: run.kind }, "derived")),
  "sedentary-period": (person, day) =>
    runs(person, day, (m) => (!m.asleep && levelOf(m) === "SEDENTARY" ? "still" : undefined))
      .filter((run) => run.endMs - run.startMs >= 10 * MINUTE)
      .map((run) => draft(person, run.startMs, run.endMs, {}, "derived")),
  "time-in-heart-rate-zone": (person, day) =>
    runs(person, day, (m) => (m.asleep ? undefined : zoneOf(person, m.heart))).map((run) =>
      draft(person, run.startMs, run.endMs, { heartRateZoneType: run.kind }, "derived"),
    ),
  "calories-in-heart-rate-zone": (person, day) =>
    perMinute(
      person,
      day,
      (m) => {
        const zone = m.asleep ? undefined : zoneOf(person, m.heart);
        return zone && { heartRateZone: zone, kcal: round(basalKcalPerDay(person) / 1440 + activeKcal(person, m), 3) };
      },
      "derived",
    ),
} satisfies Record<string, Generator>;
