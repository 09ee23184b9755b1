import type { ResourceDraft } from "../fhir/taken-in";
import type { LabDraft, ReportDraft } from "../../labs/result";

/** A vital sign or another reading that a clinical document holds. */
export interface VitalItem {
  readonly kind: "vital";
  /** The type under which it is counted. */
  readonly type: string;
  /** Types of what was read besides and is part of it: the other values of a panel. */
  readonly also?: readonly string[];
  readonly metric: string;
  /** When, as for `whenOf`; `until` for what lasts. */
  readonly at: string;
  readonly until?: string;
  /** In the metric's unit; null where there are components. */
  readonly value: number | null;
  readonly components?: Readonly<Record<string, number>>;
  readonly id?: string;
  readonly version: number;
  /** Who measured it, as far as the document says. */
  readonly app?: string;
}

/** One thing that a clinical document holds, in the order of the document. */
export type ClinicalItem =
  | { readonly kind: "report"; readonly draft: ReportDraft }
  | { readonly kind: "result"; readonly draft: LabDraft }
  | VitalItem
  /** A resource for the person's FHIR repository. */
  | { readonly kind: "resource"; readonly draft: ResourceDraft }
  /** What was read and is not imported, and why. */
  | { readonly kind: "left"; readonly type: string; readonly code: string; readonly detail: string }
  /** Something that the person should know. */
  | { readonly kind: "note"; readonly code: string; readonly detail: string };

/** A warning's detail comes from the file: it is kept short. */
export function left(type: string, code: string, detail: string): ClinicalItem {
  return { kind: "left", type, code, detail: detail.slice(0, 100) };
}
