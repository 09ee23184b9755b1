import { createHash } from "node:crypto";
import type { LabDraft, LabFile, LabReading, ReportDraft } from "../../../shared/labs/result";

/** What the source said of a result, without what is in columns. */
export type StoredDraft = Omit<LabDraft, "identity" | "report" | "type" | "version">;
export type StoredReport = Omit<ReportDraft, "identity" | "type" | "version" | "pdf">;

/** Body of a row of `lab_results`. */
export interface ResultBody {
  readonly draft: StoredDraft;
  readonly reading: LabReading;
}

/** Body of a row of `lab_reports`. */
export interface ReportBody {
  readonly draft: StoredReport;
  readonly file?: LabFile;
}

export type ResultRow = {
  id: string;
  identity: string;
  report: string | null;
  at: number;
  test: string | null;
  status: string;
  version: number;
  edition: number;
  hash: string;
  brought_by: string;
  changed_at: number;
  body: string;
};

export type ReportRow = {
  id: string;
  identity: string;
  at: number;
  status: string;
  version: number;
  edition: number;
  hash: string;
  changed_at: number;
  file: string | null;
  body: string;
};

export type VersionRow = Omit<ResultRow, "id" | "identity" | "report"> & { result: string };

/** How an export of Meridian names an identity: by the hash that it had. */
export const HASHED = /^sha256:([\w-]{43})$/;

/** A hash of an identity: sources put numbers of patients and orders into it, which nobody needs here. */
export function identityHash(source: string, identity: string): string {
  const known = HASHED.exec(identity)?.[1];
  if (known !== undefined) return known;
  return createHash("sha256").update(`${source}\0${identity}`).digest("base64url");
}

/** A hash of what a source said, with keys in order. */
export function contentHash(content: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(content)))
    .digest("base64url");
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
