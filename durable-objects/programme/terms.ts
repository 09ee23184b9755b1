import type { Category } from "../../shared/policy/vocabulary";
import type { ProgrammeId } from "../../shared/id";

/** What a programme may know, as its object keeps it. */
export interface ProgrammeTerms {
  readonly id: ProgrammeId;
  readonly categories: readonly Category[];
  /** Catalogue keys. */
  readonly metrics: readonly string[];
  /** Dates of a release, as days since 1970-01-01, both inclusive. */
  readonly fromDay: number;
  readonly toDay: number;
  readonly cohort: number;
  /** Budget in thousandths. */
  readonly epsilon: number;
}

/** What a vault is asked for: days of the person's own calendar, both inclusive. */
export interface Ask {
  readonly programme: ProgrammeId;
  readonly metrics: readonly string[];
  readonly fromDay: number;
  readonly toDay: number;
}

/** What a vault gives, inside the region: nothing of it names the person. Days are true ones. */
export interface Given {
  readonly birthYear: number | null;
  readonly sex: "female" | "male" | null;
  readonly heightCm: number | null;
  readonly weightKg: number | null;
  readonly days: readonly { readonly day: number; readonly values: Readonly<Record<string, number>> }[];
}
