import { CATEGORIES, type Category } from "../policy/vocabulary";

/** What is told to subscribers, and in which words it is described to them. */
export const EVENT_TYPES = {
  "readings.created": "New readings of a metric",
  "readings.updated": "Readings of a metric were corrected",
  "readings.deleted": "Readings of a metric were deleted",
  "labs.created": "New laboratory values",
  "labs.updated": "Laboratory values were corrected",
  "labs.deleted": "Laboratory values were deleted",
  "labs.report.created": "A new laboratory report",
  "labs.report.updated": "A laboratory report changed",
  "labs.report.deleted": "A laboratory report was deleted",
  "labs.result.created": "New laboratory results",
  "labs.result.updated": "Laboratory results were corrected",
  "labs.result.deleted": "Laboratory results were deleted",
  "sleep.created": "New sleep sessions",
  "sleep.updated": "Sleep sessions changed",
  "sleep.deleted": "Sleep sessions were deleted",
  "workout.created": "New workouts",
  "workout.updated": "Workouts changed",
  "workout.deleted": "Workouts were deleted",
  "connection.created": "A vendor was connected",
  "connection.state_changed": "A connection works again, or has trouble",
  "connection.reauth_required": "The person must agree at the vendor again",
  "connection.revoked": "A connection was ended",
  "sync.completed": "What was new at a vendor has been read",
  "sync.failed": "Something at a vendor could not be read",
  "backfill.started": "The past at a vendor begins to be read",
  "backfill.completed": "The past at a vendor has been read",
  "summary.daily": "A day is over: its totals, nights and workouts; to endpoints that name it",
  "assessment.weekly": "A week is over: its means as a QuestionnaireResponse; to endpoints that name it",
  "gap.detected": "Readings are missing where there should be some",
} as const satisfies Readonly<Record<string, string>>;
export type EventType = keyof typeof EVENT_TYPES;

/** What a test sends: about nobody, never filtered. */
export const TEST_EVENT = "webhook.test";

const TYPES = Object.keys(EVENT_TYPES) as [EventType, ...EventType[]];

/** What filters may name: each type, and each group of them (`sleep.*`). */
export const EVENT_PATTERNS: readonly [string, ...string[]] = [...TYPES, ...new Set(TYPES.map((type) => `${groupOf(type)}.*` as const))];

/** Something of which subscribers hear, before it is theirs to hear. Times epoch milliseconds. */
export interface Happening {
  readonly type: EventType;
  /** What it is about within its type: a metric's key, `sleep`, `workout`, `lab_result`, a laboratory report's or a connection's id. */
  readonly about: string;
  /** Classes of the data that it tells of: who may see one of them hears of it, as far as they may. */
  readonly categories: readonly Category[];
}

/** Which events an endpoint wants; null wants all. */
export interface EventFilter {
  /** Types, or groups of them. */
  readonly events: readonly string[] | null;
  readonly categories: readonly Category[] | null;
  readonly metrics: readonly string[] | null;
}

/** Whether an endpoint wants an event. An event about no metric passes a filter of metrics. */
export function wantsEvent({ events, categories, metrics }: EventFilter, event: Happening): boolean {
  if (events === null && isScheduled(event.type)) return false;
  if (events !== null && !events.includes(event.type) && !events.includes(`${groupOf(event.type)}.*`)) return false;
  if (categories !== null && !event.categories.some((category) => categories.includes(category))) return false;
  return metrics === null || !isAboutMetric(event.type) || metrics.includes(event.about);
}

/** What is told on a schedule, to whoever names it. */
export function isScheduled(type: EventType): boolean {
  return type === "summary.daily" || type === "assessment.weekly";
}

/** Whether an event tells of readings, so that it is about a metric or a kind of session. */
export function isAboutMetric(type: EventType): boolean {
  return /^(?:readings|labs|sleep|workout|gap)\./.test(type) && labKind(type) === undefined;
}

/** What of a laboratory's an event tells of; undefined for every other. */
export function labKind(type: EventType): "lab_report" | "lab_result" | undefined {
  if (type.startsWith("labs.report.")) return "lab_report";
  return type.startsWith("labs.result.") ? "lab_result" : undefined;
}

/** The type of an event about readings of a metric. */
export function dataEvent(metric: string, category: Category, change: "created" | "updated" | "deleted"): EventType {
  if (metric === "sleep" || metric === "workout") return `${metric}.${change}`;
  return `${category === "labs" ? "labs" : "readings"}.${change}`;
}

/** In the order of the list of categories, each once. */
export function sortedCategories(categories: Iterable<Category>): Category[] {
  const set = new Set(categories);
  return CATEGORIES.filter((category) => set.has(category));
}

function groupOf(type: string): string {
  return type.slice(0, type.indexOf("."));
}
