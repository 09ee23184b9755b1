/** Something that is kept for a time. Days; null stands for good. */
export interface RetentionKind {
  readonly kind: string;
  readonly title: string;
  readonly default: number | null;
  /** What a person may choose: not less, and not more where `most` is a number. Both the same: it is not theirs to choose. */
  readonly least: number;
  readonly most: number | null;
}

const SIX_YEARS = 2_192;

/** Everything in a vault that does not stay for good by itself, or need not. */
export const RETENTION_KINDS = [
  { kind: "raw_samples", title: "Single samples of dense series; hours and days can stay", default: null, least: 30, most: null },
  { kind: "quarantine", title: "Readings that were kept apart", default: 90, least: 7, most: null },
  { kind: "gaps", title: "Dates on which readings were missing", default: 365, least: 30, most: null },
  { kind: "connection_events", title: "What happened to connections", default: 365, least: 30, most: null },
  { kind: "connection_jobs", title: "Syncs that were asked for", default: 90, least: 1, most: 365 },
  { kind: "connection_windows", title: "What was read over connections that have ended", default: 90, least: 30, most: 365 },
  { kind: "forwarding_deliveries", title: "Deliveries to FHIR servers that have ended", default: 90, least: 7, most: 365 },
  {
    kind: "webhook_events",
    title: "What subscribers were to be told; a delivery can be repeated as long",
    default: 30,
    least: 7,
    most: 90,
  },
  {
    kind: "subscription_events",
    title: "What FHIR Subscriptions were to be told; it can be asked for by its number as long",
    default: 30,
    least: 7,
    most: 90,
  },
  { kind: "inbox", title: "Entries of the inbox that were read; what they point to stays", default: 365, least: 30, most: null },
  { kind: "notifications", title: "Notifications, read or not", default: 180, least: 7, most: null },
  { kind: "notification_sends", title: "Which notifications were sent, and what became of it", default: 90, least: 7, most: 365 },
  { kind: "notification_facts", title: "Marks of what was told, so that it is told once", default: 365, least: 365, most: 365 },
  { kind: "subscription_messages", title: "Messages of FHIR Subscriptions", default: 30, least: 30, most: 30 },
  { kind: "exports", title: "Which exports there were", default: 365, least: 365, most: 365 },
  { kind: "minutes", title: "Summaries of minutes, which are computed from samples after that", default: 2, least: 2, most: 2 },
  {
    kind: "live_log",
    title: "Copies of readings for watchers who reconnect; mostly gone after ten minutes",
    default: 1,
    least: 1,
    most: 1,
  },
  // The documentation rule of HIPAA, 45 CFR 164.316(b)(2)(i).
  { kind: "access_log", title: "Who did what with the data", default: SIX_YEARS, least: SIX_YEARS, most: null },
] as const satisfies readonly RetentionKind[];
export type RetainedKind = (typeof RETENTION_KINDS)[number]["kind"];

/** What a person chooses. */
export interface RetentionSettings {
  /** Days, or null for good; a kind that is not named is kept as its default says. */
  readonly keep: Readonly<Partial<Record<string, number | null>>>;
  /** Whether hours and days stay where their samples go. */
  readonly keepSummaries: boolean;
}

/** One kind with its setting and what was done about it. Times epoch milliseconds. */
export interface RetentionLine extends RetentionKind {
  readonly keep: number | null;
  readonly lastRunAt: number | null;
  /** Rows that the last run removed, and all runs together. */
  readonly removed: number;
  readonly removedInAll: number;
}

export interface RetentionView {
  readonly kinds: readonly RetentionLine[];
  readonly keepSummaries: boolean;
  /** When the vault looks next; null where nothing in it will ever be too old. */
  readonly nextRunAt: number | null;
}

/** What is wrong with a choice: the kinds that are unknown or out of bounds. */
export function refusedKinds(keep: RetentionSettings["keep"]): readonly { readonly kind: string; readonly message: string }[] {
  return Object.entries(keep).flatMap(([kind, days]) => {
    const known: RetentionKind | undefined = RETENTION_KINDS.find((one) => one.kind === kind);
    if (known === undefined) return [{ kind, message: "There is no such kind." }];
    const isFine =
      days === null || days === undefined ? known.most === null : days >= known.least && (known.most === null || days <= known.most);
    if (isFine) return [];
    return [{ kind, message: `Between ${known.least} days and ${known.most === null ? "forever" : `${known.most} days`}.` }];
  });
}
