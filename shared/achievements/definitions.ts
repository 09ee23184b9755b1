import type { Category } from "../policy/vocabulary";
import { MEASURES, type MeasureName } from "./facts";

/** How it is earned. Every kind is computed from days in their order, and from nothing else. */
export type Rule =
  /** Days on which a measure reaches something. */
  | { readonly kind: "count"; readonly of: MeasureName; readonly atLeast: number }
  /** What a measure adds up to over all days. */
  | { readonly kind: "total"; readonly of: MeasureName }
  /** Days in a row on which a measure reaches something. */
  | { readonly kind: "streak"; readonly of: MeasureName; readonly atLeast: number }
  /** Weekends in a row with something on Saturday and on Sunday. */
  | { readonly kind: "weekends"; readonly of: MeasureName; readonly atLeast: number }
  /** A day better than all before it, once there were so many. */
  | { readonly kind: "record"; readonly of: MeasureName; readonly after: number }
  /** Days with a workout that began in a part of the day: minutes after midnight, `to` exclusive. */
  | { readonly kind: "time_of_day"; readonly from: number; readonly to: number }
  /** Something done on a day of the calendar. */
  | { readonly kind: "calendar"; readonly of: MeasureName; readonly atLeast: number; readonly month: number; readonly day: number }
  /** Something done again after so many days without. */
  | { readonly kind: "return"; readonly of: MeasureName; readonly atLeast: number; readonly idleDays: number }
  /** Points of all other achievements together. */
  | { readonly kind: "level" };
export type RuleKind = Rule["kind"];

/** A step of a progressive achievement. */
export interface Step {
  readonly at: number;
  readonly points: number;
}

/** An achievement: steps that are reached once each, or something that can be earned again and again. */
export interface Definition {
  /** Opaque to clients, the same for ever. */
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly rule: Rule;
  /** Shown to nobody before it is earned. */
  readonly isHidden?: true;
  /** In rising order; empty for what repeats. */
  readonly steps: readonly Step[];
  /** Points of each time, for what repeats. */
  readonly each?: number;
}

const once = (points: number): readonly Step[] => [{ at: 1, points }];
const steps = (...list: readonly (readonly [at: number, points: number])[]): readonly Step[] =>
  list.map(([at, points]) => ({ at, points }));

/** Every achievement of Meridian. New ones are added; the meaning of an id never changes. */
export const DEFINITIONS: readonly Definition[] = [
  {
    id: "workouts",
    title: "Workouts",
    text: "Finish workouts.",
    rule: { kind: "total", of: "workouts" },
    steps: steps([1, 10], [10, 20], [50, 50], [100, 100], [200, 150], [500, 250], [1_000, 500]),
  },
  {
    id: "workout-streak",
    title: "Every day",
    text: "Work out on days in a row.",
    rule: { kind: "streak", of: "workouts", atLeast: 1 },
    steps: steps([3, 15], [7, 40], [14, 80], [30, 200], [100, 500]),
  },
  {
    id: "weekend-warrior",
    title: "Whole weekends",
    text: "Work out on Saturday and Sunday, weekends in a row.",
    rule: { kind: "weekends", of: "workouts", atLeast: 1 },
    steps: steps([1, 15], [4, 80], [12, 200]),
  },
  {
    id: "training-time",
    title: "Hours of training",
    text: "Minutes of workouts, all together.",
    rule: { kind: "total", of: "trained" },
    steps: steps([60, 10], [600, 30], [3_000, 80], [6_000, 150], [30_000, 400]),
  },
  {
    id: "longest-workout",
    title: "Longer than ever",
    text: "A workout longer than all before it.",
    rule: { kind: "record", of: "longest", after: 5 },
    steps: [],
    each: 5,
  },
  {
    id: "early-bird",
    title: "Early bird",
    text: "Begin a workout before six in the morning.",
    rule: { kind: "time_of_day", from: 3 * 60, to: 6 * 60 },
    steps: steps([1, 10], [10, 40], [50, 120]),
  },
  {
    id: "night-owl",
    title: "Night owl",
    text: "Begin a workout after eleven at night.",
    rule: { kind: "time_of_day", from: 23 * 60, to: 24 * 60 },
    isHidden: true,
    steps: steps([1, 10], [10, 40]),
  },
  {
    id: "new-year",
    title: "First of the year",
    text: "Work out on 1 January.",
    rule: { kind: "calendar", of: "workouts", atLeast: 1, month: 1, day: 1 },
    isHidden: true,
    steps: [],
    each: 25,
  },
  {
    id: "comeback",
    title: "Back again",
    text: "Work out again after thirty days without.",
    rule: { kind: "return", of: "workouts", atLeast: 1, idleDays: 30 },
    isHidden: true,
    steps: [],
    each: 20,
  },
  {
    id: "ten-thousand",
    title: "Ten thousand",
    text: "Days of ten thousand steps.",
    rule: { kind: "count", of: "steps", atLeast: 10_000 },
    steps: steps([1, 10], [10, 30], [50, 80], [100, 150], [365, 400]),
  },
  {
    id: "step-streak",
    title: "On your feet",
    text: "Days in a row of eight thousand steps.",
    rule: { kind: "streak", of: "steps", atLeast: 8_000 },
    steps: steps([3, 15], [7, 40], [30, 150], [100, 400]),
  },
  {
    id: "steps",
    title: "Steps",
    text: "Steps, all together.",
    rule: { kind: "total", of: "steps" },
    steps: steps([100_000, 20], [1_000_000, 100], [5_000_000, 250], [10_000_000, 500]),
  },
  {
    id: "step-record",
    title: "More steps than ever",
    text: "A day of more steps than all before it.",
    rule: { kind: "record", of: "steps", after: 14 },
    steps: [],
    each: 5,
  },
  {
    id: "walked",
    title: "On foot",
    text: "Metres walked and run, all together.",
    rule: { kind: "total", of: "walked" },
    steps: steps([42_195, 20], [100_000, 40], [1_000_000, 200], [5_000_000, 500]),
  },
  {
    id: "cycled",
    title: "By bicycle",
    text: "Metres cycled, all together.",
    rule: { kind: "total", of: "cycled" },
    steps: steps([100_000, 20], [1_000_000, 100], [10_000_000, 500]),
  },
  {
    id: "swum",
    title: "In the water",
    text: "Metres swum, all together.",
    rule: { kind: "total", of: "swum" },
    steps: steps([1_000, 10], [34_000, 100], [100_000, 250]),
  },
  {
    id: "floors",
    title: "Upstairs",
    text: "Floors climbed, all together.",
    rule: { kind: "total", of: "floors" },
    steps: steps([100, 10], [1_000, 60], [2_900, 150]),
  },
  {
    id: "active-days",
    title: "Half an hour",
    text: "Days with thirty minutes of exercise.",
    rule: { kind: "count", of: "exercise", atLeast: 30 },
    steps: steps([1, 10], [10, 30], [100, 150]),
  },
  {
    id: "water",
    title: "Water",
    text: "Days in a row with two litres of water.",
    rule: { kind: "streak", of: "water", atLeast: 2_000 },
    steps: steps([3, 5], [7, 10], [30, 40]),
  },
  {
    id: "meals",
    title: "Food diary",
    text: "Days in a row with three meals written down.",
    rule: { kind: "streak", of: "meals", atLeast: 3 },
    steps: steps([3, 5], [7, 10], [30, 40]),
  },
  {
    id: "nights",
    title: "Good nights",
    text: "Nights of seven hours.",
    rule: { kind: "count", of: "slept", atLeast: 420 },
    steps: steps([7, 15], [30, 60], [100, 150]),
  },
  {
    id: "calm",
    title: "A moment of calm",
    text: "Days with ten mindful minutes.",
    rule: { kind: "count", of: "mindful", atLeast: 10 },
    steps: steps([1, 5], [10, 15], [50, 60]),
  },
  {
    id: "marathon-day",
    title: "Marathon",
    text: "Walk or run the length of a marathon on one day.",
    rule: { kind: "count", of: "walked", atLeast: 42_195 },
    isHidden: true,
    steps: once(100),
  },
  {
    id: "level",
    title: "Level",
    text: "Points of all achievements together.",
    rule: { kind: "level" },
    steps: steps([50, 0], [150, 0], [300, 0], [600, 0], [1_000, 0], [2_000, 0], [4_000, 0], [8_000, 0]),
  },
];

const byId = new Map(DEFINITIONS.map((one) => [one.id, one]));

/** The achievement of an id, or undefined. */
export function definitionOf(id: string): Definition | undefined {
  return byId.get(id);
}

/** The class of data that an achievement shows; activity for those that count points of all. */
export function categoryOf({ rule }: Definition): Category {
  const of: MeasureName = "of" in rule ? rule.of : "workouts";
  return MEASURES[of].category;
}

/** The unit (UCUM) in which its progress is told. */
export function unitOf({ rule }: Definition): string {
  switch (rule.kind) {
    case "total":
    case "record":
      return MEASURES[rule.of].unit;
    case "level":
      return "{points}";
    case "weekends":
      return "{weekends}";
    case "count":
    case "streak":
    case "time_of_day":
      return "{days}";
    case "calendar":
    case "return":
      return "{times}";
  }
}

/** Points of one award. */
export function pointsOf(definition: Definition, key: string): number {
  const step = /^step:(\d+)$/.exec(key)?.[1];
  return step === undefined ? (definition.each ?? 0) : (definition.steps.find(({ at }) => at === Number(step))?.points ?? 0);
}

/** Tells one state of the rules from another, so that what was computed by older ones is computed anew. FNV-1a over what decides. */
export function rulesMark(definitions: readonly Definition[]): string {
  let hash = 0x811c9dc5;
  for (const char of JSON.stringify(definitions.map(({ id, rule, steps: all, each }) => [id, rule, all, each]))) {
    hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0;
  }
  return hash.toString(16);
}
