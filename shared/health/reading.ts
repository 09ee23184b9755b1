/**
 * The canonical model: what every door (phone push, file import, vendor pull, live stream) turns its input into, and what the
 * vault stores. Times are epoch milliseconds UTC, zones are seconds east of UTC, values are in the metric's canonical UCUM unit.
 * Everything is plain data and typed arrays, so that a batch crosses RPC as one structured clone.
 */

export type RecordingMethod = "automatic" | "active" | "manual" | "unknown";

/** Where readings come from. Two sources are the same when all their fields are. */
export interface Source {
  /** The door or vendor: `healthkit`, `health_connect`, `samsung_health`, `apple_health_export`, `google_health`, `live`, `manual`. */
  readonly vendor: string;
  /** The connection id for cloud vendors. */
  readonly connection?: string;
  /** The app that wrote it (bundle id, package name, or the export's source name). */
  readonly app?: string;
  readonly deviceName?: string;
  readonly deviceManufacturer?: string;
  readonly deviceModel?: string;
  /** `watch`, `phone`, `ring`, `scale`, `band`, `chest_strap`, … in the canonical spelling. */
  readonly deviceType?: string;
  readonly recordingMethod?: RecordingMethod;
}

/** The zone of a reading was not told: the vault uses the person's own zone at that instant. */
export const ZONE_UNKNOWN = 0x7fffffff;

/**
 * Many numeric readings of one metric from one source, by column. `end` is present for intervals. Columns have equal length and
 * need not be sorted. `ids` holds vendor record ids (empty text for none). A higher `version` of the same instant wins; replays of
 * lower versions change nothing.
 */
export interface Series {
  readonly metric: string;
  readonly kind: "sample" | "interval";
  /** Index into the batch's sources. */
  readonly source: number;
  readonly start: Float64Array;
  readonly end?: Float64Array;
  readonly value: Float64Array;
  readonly zone: Int32Array;
  readonly ids?: readonly string[];
  readonly version: Float64Array;
}

/** One reading that carries more than a number: events, panels, daily totals, annotated samples. */
export interface Reading {
  readonly metric: string;
  readonly kind: "sample" | "interval" | "daily" | "event";
  readonly source: number;
  readonly start: number;
  readonly end: number;
  /** Null for events and panels without a top value. */
  readonly value: number | null;
  /** The coded value of an event (one of the metric's `values`), or a vendor's label. */
  readonly text?: string;
  /** Values of a panel's components, e.g. `{ systolic: 118, diastolic: 76 }`. */
  readonly components?: Readonly<Record<string, number>>;
  /** Anything else worth keeping, JSON-safe and small (≤ 16 KB). */
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly zone: number;
  /** The vendor's own day label (YYYY-MM-DD); it wins over any computation. Required for `daily`. */
  readonly date?: string;
  readonly id?: string;
  readonly version: number;
}

export const SLEEP_STAGES = ["in_bed", "awake", "out_of_bed", "light", "deep", "rem", "asleep_unspecified", "unknown"] as const;
export type SleepStage = (typeof SLEEP_STAGES)[number];

/** One stretch of one stage. HealthKit tells stages only; the vault assembles its sessions from them. */
export interface SleepStretch {
  readonly source: number;
  readonly start: number;
  readonly end: number;
  readonly stage: SleepStage;
  readonly zone: number;
  readonly id?: string;
  readonly version: number;
}

/** A night or nap as the vendor states it. */
export interface SleepSession {
  readonly source: number;
  readonly start: number;
  readonly end: number;
  readonly zone: number;
  /** The vendor's day label; else the local day the session ends on. */
  readonly date?: string;
  readonly nap?: boolean;
  readonly stages: readonly { readonly start: number; readonly end: number; readonly stage: SleepStage }[];
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly id?: string;
  readonly version: number;
}

/** A workout with its totals, laps, segments and route. */
export interface Workout {
  readonly source: number;
  readonly start: number;
  readonly end: number;
  readonly zone: number;
  /** Canonical type of `workout-types.ts`. */
  readonly type: string;
  /** The vendor's own name where the type is `other`. */
  readonly vendorType?: string;
  /** Active time in seconds, where it differs from end − start. */
  readonly durationS?: number;
  /** Totals by metric key in canonical units: `energy_active`, `distance_walk_run`, `steps`, `heart_rate_mean`, `heart_rate_max`, … */
  readonly totals: Readonly<Record<string, number>>;
  readonly events?: readonly { readonly type: string; readonly start: number; readonly end?: number }[];
  readonly segments?: readonly Readonly<Record<string, unknown>>[];
  readonly laps?: readonly Readonly<Record<string, unknown>>[];
  /** Points in time order: instant, latitude, longitude, altitude in metres where known. */
  readonly route?: readonly (readonly [at: number, lat: number, lon: number, altitudeM?: number])[];
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** Says nothing of laps and route: those of the same record that are known stay. */
  readonly summary?: true;
  readonly id?: string;
  readonly version: number;
}

/** A reading that was understood but is not plausible or not placeable: kept apart with its reason. */
export interface Quarantined {
  readonly source: number;
  readonly metric: string;
  readonly at: number;
  readonly value: number | null;
  readonly unit: string;
  readonly reason: string;
  readonly id?: string;
}

/** Everything one delivery brings. One batch is one transaction of the vault. */
export interface Batch {
  readonly sources: readonly Source[];
  readonly series: readonly Series[];
  readonly readings: readonly Reading[];
  readonly sleepStretches: readonly SleepStretch[];
  readonly sleepSessions: readonly SleepSession[];
  readonly workouts: readonly Workout[];
  /** Vendor record ids that the device says are gone, with the vendor they belong to. */
  readonly deleted: readonly { readonly vendor: string; readonly id: string; readonly version: number }[];
  /** Ranges that a vendor says are gone; what follows in the batch is their new content. */
  readonly deletedRanges: readonly {
    readonly vendor: string;
    readonly connection?: string;
    readonly metric: string;
    readonly from: number;
    readonly to: number;
  }[];
  readonly quarantined: readonly Quarantined[];
}

/** What became of a batch. Every reading is counted exactly once. */
export interface Receipt {
  accepted: number;
  duplicate: number;
  updated: number;
  deleted: number;
  quarantined: { id: string; reason: string }[];
  rejected: { id: string; reason: string }[];
  /** By metric key: what was accepted, duplicate, quarantined (updates count as accepted). */
  byMetric: Record<string, { accepted: number; duplicate: number; quarantined: number }>;
}
