import type { Comparator, Interpretation, ToldRange } from "./value";

export const RESULT_STATUSES = ["preliminary", "final", "corrected", "cancelled"] as const;
export type ResultStatus = (typeof RESULT_STATUSES)[number];

export const REPORT_STATUSES = ["preliminary", "final", "corrected", "cancelled", "needs_review", "rejected"] as const;
export type ReportStatus = (typeof REPORT_STATUSES)[number];

/** The doors through which results come. */
export const LAB_SOURCES = ["manual", "hl7v2", "cda", "fhir", "csv", "text", "meridian"] as const;
export type LabSource = (typeof LAB_SOURCES)[number];

export interface LabCoding {
  readonly system?: string | undefined;
  readonly code: string;
  readonly display?: string | undefined;
}

/** What a result says: a number, bounded or not, a coded answer, or words. One of them at least. */
export interface LabValue {
  readonly comparator?: Comparator;
  readonly number?: number;
  readonly coding?: LabCoding;
  readonly text?: string;
}

/** One result as its source tells it. Plain data: it crosses RPC and is stored as JSON. Texts are bounded by whoever reads the source. */
export interface LabDraft {
  /** What makes it this result and no other, within its door: the same in a repetition and in a correction. */
  readonly identity: string;
  /** Identity of the report that it is part of. */
  readonly report?: string;
  /** The type under which an import counts it. */
  readonly type: string;
  /** Grows with corrections: epoch milliseconds of the message, or the source's own count. */
  readonly version: number;
  readonly source: LabSource;
  readonly status: ResultStatus;
  /** When the specimen was taken, or the nearest to it that the source knows: see `whenOf`. */
  readonly at: string;
  readonly issuedAt?: string;
  readonly name: string;
  readonly codings: readonly LabCoding[];
  /** The catalogue's key, where somebody chose it. */
  readonly test?: string;
  readonly value: LabValue;
  /** The unit as it was written. */
  readonly unit?: string;
  readonly ranges: readonly ToldRange[];
  /** The source's own flag or interpretation. */
  readonly flag?: string;
  readonly specimen?: string;
  readonly method?: string;
  readonly lab?: string;
  readonly note?: string;
}

/** Why a result was kept as it came and not converted or compared. */
export type LabIssue = "unknown_unit" | "unit_mismatch" | "implausible_value" | "no_unit";

/** The range that a value was compared with. */
export interface AppliedRange {
  readonly from: "laboratory" | "typical";
  readonly low?: number;
  readonly high?: number;
  readonly isLowExcluded?: true;
  readonly isHighExcluded?: true;
  /** UCUM, or as the laboratory wrote it. */
  readonly unit?: string;
  readonly text?: string;
}

/** What Meridian makes of a draft. It is computed when the result is written, and stored beside what the source said. */
export interface LabReading {
  /** Key of the test, or null where none is certain. */
  readonly test: string | null;
  readonly title: string | null;
  /** The given unit as UCUM, where it is known. */
  readonly unit: string | null;
  /** The value in the test's canonical unit. */
  readonly canonical: { readonly comparator?: Comparator; readonly number: number; readonly unit: string } | null;
  readonly applied: AppliedRange | null;
  readonly interpretation: Interpretation | null;
  readonly issue: LabIssue | null;
}

/** A file that belongs to a report: it lies in the region's bucket. */
export interface LabFile {
  readonly name: string;
  readonly type: "application/pdf";
  readonly size: number;
  readonly sha256: string;
}

/** One report as its source tells it. */
export interface ReportDraft {
  readonly identity: string;
  readonly type: string;
  readonly version: number;
  readonly source: LabSource;
  readonly status: ReportStatus;
  readonly at: string;
  readonly issuedAt?: string;
  readonly title: string;
  readonly codings: readonly LabCoding[];
  readonly lab?: string;
  readonly specimen?: string;
  readonly note?: string;
  /** A document that came inside. */
  readonly pdf?: Uint8Array;
}

/** What one delivery brings. */
export interface LabBatch {
  readonly reports: readonly ReportDraft[];
  readonly results: readonly LabDraft[];
}

export const NO_LABS: LabBatch = { reports: [], results: [] };

export interface LabCount {
  accepted: number;
  duplicate: number;
  rejected: number;
}

/** What became of a batch: every report and result is counted once, by its type. */
export interface LabReceipt {
  readonly byType: Record<string, LabCount>;
  readonly warnings: { readonly code: string; readonly detail: string; readonly count: number }[];
}

/** A text of a source, short enough to be kept. */
export function clipped(text: string | undefined, most: number): string | undefined {
  const trimmed = text?.trim() ?? "";
  return trimmed === "" ? undefined : trimmed.length <= most ? trimmed : `${trimmed.slice(0, most - 1)}…`;
}

export const LONGEST_NAME = 200;
export const LONGEST_TEXT = 4_000;
