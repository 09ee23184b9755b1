import { DAY_MS, HOUR_MS } from "../clock";

/**
 * The most that somebody plausibly does in an hour and on a date, well above what records say (Meridian's proposal): a device that is shaken, a
 * drive that is taken for a ride, and a unit that is mistaken lie above. In canonical units.
 */
interface Most {
  readonly hour: number;
  readonly day: number;
}

/** World records lie at 21.3 km run and 56.8 km cycled in an hour, at some 320 km run and 940 km cycled on a day. */
const MOST: Readonly<Record<string, Most>> = {
  steps: { hour: 15_000, day: 150_000 },
  distance_walk_run: { hour: 22_000, day: 330_000 },
  distance_cycling: { hour: 60_000, day: 950_000 },
  distance_swimming: { hour: 7_000, day: 120_000 },
  distance_wheelchair: { hour: 36_000, day: 400_000 },
  distance_rowing: { hour: 21_000, day: 330_000 },
  floors: { hour: 300, day: 2_500 },
  elevation_gain: { hour: 2_000, day: 22_000 },
  energy_active: { hour: 1_800, day: 15_000 },
  exercise_minutes: { hour: 60, day: 1_200 },
  move_minutes: { hour: 60, day: 1_440 },
  moderate_minutes: { hour: 60, day: 1_200 },
  vigorous_minutes: { hour: 60, day: 960 },
  active_zone_minutes: { hour: 120, day: 1_500 },
  wheelchair_pushes: { hour: 7_200, day: 100_000 },
  swim_strokes: { hour: 5_000, day: 80_000 },
  water_intake: { hour: 2_500, day: 10_000 },
  meal: { hour: 6, day: 16 },
};

/** The most of a metric that counts of an hour, or undefined where nothing is known. */
export function mostOfHour(metric: string): number | undefined {
  return MOST[metric]?.hour;
}

/** The most of a metric that counts of a date. */
export function mostOfDay(metric: string): number | undefined {
  return MOST[metric]?.day;
}

/** A workout as far as it can be doubted. Times epoch milliseconds, distance in metres, energy in kcal. */
export interface Doubted {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly activeS: number;
  readonly distanceM: number;
  readonly energyKcal: number;
}

/** Mean metres a second that nobody keeps up, by what moves them. */
const FASTEST: readonly (readonly [types: RegExp, metresPerSecond: number])[] = [
  [/swim/, 2.2],
  [/hik|walk/, 4.2],
  [/run|treadmill|track/, 7],
  [/row|paddl|kayak|canoe/, 6.5],
  [/cycl|bik|handbike/, 17],
  [/skat/, 15],
  [/ski|snow|sail|surf|motor|driv/, 40],
];
const FASTEST_OF_ALL = 20;
const LEAST_MS = 60_000;
const MOST_KCAL_A_SECOND = 0.5;

/** Why a workout is not believed; undefined where it is. */
export function doubtOf({
  type,
  start,
  end,
  activeS,
  distanceM,
  energyKcal,
}: Doubted): "too_short" | "too_long" | "too_fast" | "too_much_energy" | undefined {
  if (end - start < LEAST_MS) return "too_short";
  if (end - start > DAY_MS + HOUR_MS) return "too_long";
  const seconds = Math.max(Math.min(activeS, (end - start) / 1_000), 1);
  const fastest = FASTEST.find(([types]) => types.test(type))?.[1] ?? FASTEST_OF_ALL;
  if (distanceM / seconds > fastest) return "too_fast";
  return energyKcal / seconds > MOST_KCAL_A_SECOND ? "too_much_energy" : undefined;
}
