import { SLOTS_A_DAY } from "./rolls";

export const GAP_CLASSES = ["not_worn", "sync_failure", "permission_missing", "vendor_outage", "partial"] as const;
export type GapClass = (typeof GAP_CLASSES)[number];

/** `open`: found, to be looked at again. `repairing`: its one repair is under way. The others are where a gap ends. */
export const GAP_STATES = ["open", "repairing", "repaired", "reported", "dismissed"] as const;
export type GapState = (typeof GAP_STATES)[number];

/** How much a source told of a metric by local date, in five-minute slots of data; a date without anything is not in it. */
export type Coverage = ReadonlyMap<number, number>;

/** How the way from the vendor or the phone to us does. */
export type FeedState = "fine" | "failed" | "outage" | "forbidden";

/** Dates before the one in question that say what is usual. */
export const HABIT_DAYS = 14;
/** What is told on fewer dates, or on a smaller share of them since it began, is no habit. */
const LEAST_DATES = 5;
const REGULAR = 0.7;
/** Less than this share of the usual is part of a day; only of what is usually told for hours. */
const PART = 0.5;
const LEAST_USUAL = SLOTS_A_DAY / 4;

/** The usual slots of a date, by the dates before it; undefined where there is no habit, so that nothing is missing either. */
export function habitOf(coverage: Coverage, date: number): number | undefined {
  const told: number[] = [];
  let first = date;
  for (let day = date - 1; day >= date - HABIT_DAYS; day--) {
    const slots = coverage.get(day);
    if (slots === undefined) continue;
    told.push(slots);
    first = day;
  }
  if (told.length < LEAST_DATES || told.length < REGULAR * (date - first)) return undefined;
  return told.toSorted((a, b) => a - b)[Math.floor(told.length / 2)];
}

/**
 * What is missing on a date: everything, part of what is usual, or nothing.
 *
 * @param isSteady whether the metric is told all the time that the device is worn, so that less means worn or synced for less
 */
export function missingOf(coverage: Coverage, date: number, isSteady: boolean): "all" | "part" | undefined {
  const usual = habitOf(coverage, date);
  if (usual === undefined) return undefined;
  const told = coverage.get(date);
  if (told === undefined) return "all";
  return isSteady && usual >= LEAST_USUAL && told < PART * usual ? "part" : undefined;
}

/** What is known about a missing date. */
export interface GapEvidence {
  readonly missing: "all" | "part";
  /** Nothing of any metric came from the device for that date. */
  readonly isDeviceSilent: boolean;
  readonly feed: FeedState;
}

/** The class of a gap: what stands in the way comes before what the device did. */
export function classify({ missing, isDeviceSilent, feed }: GapEvidence): GapClass {
  if (feed === "forbidden") return "permission_missing";
  if (feed === "outage") return "vendor_outage";
  if (feed === "failed") return "sync_failure";
  return missing === "all" && isDeviceSilent ? "not_worn" : "partial";
}

/** How many dates later than yesterday a feed is judged, which is asked so often; looked at so many hours after midnight. */
export function lagDays(cadenceMs: number, hoursAfterMidnight: number): number {
  return Math.max(0, Math.ceil((cadenceMs - hoursAfterMidnight * 3_600_000) / 86_400_000));
}

/** What may be expected of a metric day by day: what devices tell by themselves. Nights count once, as `sleep`. */
export function isWatched({
  key,
  kind,
  sensitivity,
}: {
  readonly key: string;
  readonly kind: string;
  readonly sensitivity: string;
}): boolean {
  if (key === "sleep") return true;
  return kind !== "event" && DEVICE_DATA.has(sensitivity);
}

const DEVICE_DATA: ReadonlySet<string> = new Set(["vitals", "activity", "body"]);
