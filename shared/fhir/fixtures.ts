import type { Metric } from "../health/catalogue";
import type { Reading, SleepSession, Source, Workout } from "../health/reading";
import type { PersonId } from "../id";
import type { Origin } from "./frame";

/** Readings for tests of the mapping: one of every metric and kind. */

export const PERSON = "per_eu_01kad7ws00abcdefghjkmnpqrs" as PersonId;
export const AT = Date.UTC(2026, 10, 20, 7, 30);

export const WATCH: Source = {
  vendor: "healthkit",
  app: "com.apple.health",
  deviceName: "Watch of the test",
  deviceManufacturer: "Apple Inc.",
  deviceModel: "Watch7,5",
  deviceType: "watch",
  recordingMethod: "automatic",
};

export const ORIGIN: Origin = { person: PERSON, number: 3, source: WATCH, updatedAt: AT + 5_000, revision: 2 };

/** A reading of each kind a metric may appear as, with a value in the middle of its bounds. */
export function readingsOf(metric: Metric): Reading[] {
  return metric.kinds.map((kind) => {
    const span = kind === "interval" ? 300_000 : 0;
    const daily = kind === "daily";
    const start = daily ? Date.UTC(2026, 10, 20) : AT;
    return {
      metric: metric.key,
      kind,
      source: ORIGIN.number,
      start,
      end: daily ? start + 86_400_000 : AT + span,
      value: metric.components !== undefined || metric.bounds === undefined || metric.kind === "event" ? null : middle(metric.bounds),
      ...(metric.values?.[0] !== undefined && { text: metric.values[0] }),
      ...(metric.components !== undefined && {
        components: Object.fromEntries(metric.components.map(({ key, bounds }) => [key, middle(bounds)])),
      }),
      zone: daily ? 0x7fffffff : 3_600,
      date: "2026-11-20",
      id: `record-${metric.code}`,
      version: 1_763_600_000_000,
    };
  });
}

export const NIGHT: SleepSession = {
  source: ORIGIN.number,
  start: AT - 8 * 3_600_000,
  end: AT,
  zone: -18_000,
  date: "2026-11-20",
  stages: [
    { start: AT - 8 * 3_600_000, end: AT - 6 * 3_600_000, stage: "light" },
    { start: AT - 6 * 3_600_000, end: AT - 5 * 3_600_000, stage: "deep" },
    { start: AT - 5 * 3_600_000, end: AT - 4.5 * 3_600_000, stage: "awake" },
    { start: AT - 4.5 * 3_600_000, end: AT, stage: "rem" },
  ],
  attributes: { efficiency: 93.75 },
  id: "night-1",
  version: 7,
};

export const RUN: Workout = {
  source: ORIGIN.number,
  start: AT,
  end: AT + 3_600_000,
  zone: 7_200,
  type: "running",
  vendorType: "HKWorkoutActivityTypeRunning",
  durationS: 3_480,
  totals: { energy_active: 612.5, heart_rate_mean: 148, heart_rate_max: 176, steps: 9_120 },
  events: [{ type: "pause", start: AT + 60_000, end: AT + 180_000 }],
  laps: [{ distanceM: 1_000, durationS: 312 }],
  id: "run-1",
  version: 8,
};

function middle([low, high]: readonly [number, number]): number {
  return Math.round(((low + high) / 2) * 10) / 10;
}
