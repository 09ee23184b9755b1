import { METRICS, metric } from "../../../shared/health/catalogue";
import type { MetricFilter } from "../../../shared/live/filter";
import { CATEGORIES, type Category } from "../../../shared/policy/vocabulary";

/** What another person may watch at this moment. */
export interface Grant {
  readonly categories: readonly Category[];
  /** The metrics of those that were asked for, never empty. */
  readonly filter: readonly string[];
  /** When the consents say something else by themselves: one begins or ends. Epoch milliseconds; infinite where never. */
  readonly until: number;
}

/** Nights and workouts are told as changes under these names, which are no metrics of the catalogue. */
const SESSIONS: readonly (readonly [name: string, category: Category])[] = [
  ["sleep", "sleep"],
  ["workout", "activity"],
];

/** The categories of what is asked for. */
export function categoriesAsked(wanted: MetricFilter): readonly Category[] {
  if (wanted === undefined) return CATEGORIES;
  return [...new Set(wanted.map((key) => metric(key)?.sensitivity).filter((category) => category !== undefined))];
}

/** What is asked for, as far as it belongs to these categories: always names, since a filter without any stands for everything. */
export function visibleOf(wanted: MetricFilter, categories: readonly Category[]): string[] {
  const names = METRICS.filter(({ sensitivity }) => categories.includes(sensitivity)).map(({ key }) => key);
  if (wanted !== undefined) return wanted.filter((key) => names.includes(key));
  return [...names, ...SESSIONS.filter(([, category]) => categories.includes(category)).map(([name]) => name)].toSorted();
}
