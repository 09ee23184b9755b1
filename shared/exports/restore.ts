import type { Source } from "../health/reading";
import type { SourceSettings } from "../health/source-settings";
import type { PersonDetails } from "../person-details";

/**
 * What an import of an export brings back beyond readings. Plain data; every part may be brought twice. Times epoch milliseconds,
 * `source` an index into `sources`.
 */
export interface Restore {
  /** In the order of their numbers, so that a fresh vault counts them alike. */
  readonly sources: readonly { readonly source: Source; readonly firstSeenAt: number }[];
  /** Records that their device or vendor says are gone. */
  readonly deletedRecords: readonly { readonly vendor: string; readonly id: string; readonly version: number; readonly at: number }[];
  /** Ranges that the person deleted; null stands for every metric or source. */
  readonly deletedRanges: readonly {
    readonly metric: string | null;
    readonly source: number | null;
    readonly from: number;
    readonly to: number;
    readonly at: number;
  }[];
  /** Summaries of hours, for those whose samples are not kept any more. */
  readonly hours: readonly RestoredHour[];
  readonly quarantined: readonly {
    readonly metric: string;
    readonly source: number;
    readonly at: number;
    readonly value: number | null;
    readonly unit: string;
    readonly reason: string;
    readonly id: string;
    readonly receivedAt: number;
  }[];
  /** Taken where the account has none of its own. */
  readonly details: Partial<PersonDetails> | undefined;
  readonly retention: readonly { readonly kind: string; readonly keepDays: number | null; readonly keepsSummaries: boolean }[];
  /** Which sources come first; `src_1` is the first of `sources`. Taken where the account has chosen nothing itself. */
  readonly sourceSettings: readonly SourceSettings[];
}

export interface RestoredHour {
  readonly metric: string;
  readonly source: number;
  /** Hours since the epoch. */
  readonly hour: number;
  /** Local date, days since 1970-01-01. */
  readonly date: number;
  readonly n: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly last: number;
  readonly lastAt: number;
  readonly slots: number;
}

/** How many things a restore brings, its sources aside. */
export function restoreSize(restore: Restore): number {
  const { deletedRecords, deletedRanges, hours, quarantined, details, retention, sourceSettings } = restore;
  const lists = [deletedRecords, deletedRanges, hours, quarantined, retention, sourceSettings];
  return lists.reduce((sum, list) => sum + list.length, details === undefined ? 0 : 1);
}
