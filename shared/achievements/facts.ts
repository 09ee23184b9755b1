import type { Category } from "../policy/vocabulary";

/** What achievements are computed from: one number of a local date each. */
export interface Measure {
  /** Key of the catalogue whose day it is; absent for what is counted from sessions. */
  readonly metric?: string;
  readonly unit: string;
  /** The class of data that it shows; decides whether others may ever see what was earned by it. */
  readonly category: Category;
  /** Whether what was typed in counts: of meals and water nothing else tells, everything else a device can measure. */
  readonly takesTyped: boolean;
}

/** The closed list of measures. */
export const MEASURES = {
  steps: { metric: "steps", unit: "{steps}", category: "activity", takesTyped: false },
  walked: { metric: "distance_walk_run", unit: "m", category: "activity", takesTyped: false },
  cycled: { metric: "distance_cycling", unit: "m", category: "activity", takesTyped: false },
  swum: { metric: "distance_swimming", unit: "m", category: "activity", takesTyped: false },
  floors: { metric: "floors", unit: "{flight}", category: "activity", takesTyped: false },
  exercise: { metric: "exercise_minutes", unit: "min", category: "activity", takesTyped: false },
  water: { metric: "water_intake", unit: "mL", category: "nutrition", takesTyped: true },
  mindful: { metric: "mindful_minutes", unit: "min", category: "mental", takesTyped: true },
  meals: { unit: "{meals}", category: "nutrition", takesTyped: true },
  workouts: { unit: "{workouts}", category: "activity", takesTyped: false },
  trained: { unit: "min", category: "activity", takesTyped: false },
  longest: { unit: "min", category: "activity", takesTyped: false },
  slept: { unit: "min", category: "sleep", takesTyped: false },
} as const satisfies Readonly<Record<string, Measure>>;
export type MeasureName = keyof typeof MEASURES;
export const MEASURE_NAMES = Object.keys(MEASURES) as MeasureName[];

/** What a local date says. A date of which nothing is known has no facts. */
export interface DayFacts {
  /** Days since 1970-01-01, of the wall clock where the person was. */
  readonly date: number;
  /** Seconds east of UTC on that date, where a session or a daily total tells it. */
  readonly zone: number | null;
  readonly values: Readonly<Partial<Record<MeasureName, number>>>;
  /** Minutes after midnight at which workouts began, by the wall clock where they were, in order. */
  readonly starts: readonly number[];
}

/** Whether a date says anything. */
export function saysSomething({ values, starts }: DayFacts): boolean {
  return starts.length > 0 || Object.keys(values).length > 0;
}
