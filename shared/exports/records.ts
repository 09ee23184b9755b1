import { isoWithOffset } from "../health/zone";
import { csvLine } from "./csv";

/** One record of an export: a flat object, whose values may be lists or objects where the thing has parts. */
export type ExportRecord = Readonly<Record<string, unknown>>;

/** An instant with its offset, in a form that gives back both. Offsets with seconds, which ISO 8601 lacks, are shown as UTC. */
export function stamp(at: number, zone: number): string {
  return zone % 60 === 0 ? isoWithOffset(at, zone) : new Date(at).toISOString();
}

/** ISO 8601 in UTC, or null. */
export function utc(at: number | null | undefined): string | null {
  return at === null || at === undefined ? null : new Date(at).toISOString();
}

/** A record as a line of its file. */
export function recordLine(record: ExportRecord, format: "ndjson" | "csv", columns: readonly string[]): string {
  return format === "ndjson" ? `${JSON.stringify(record)}\n` : csvLine(columns.map((column) => record[column]));
}
