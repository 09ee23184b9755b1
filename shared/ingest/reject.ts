/** Why one record of a push was refused. A closed list: clients may branch on it, and none of the words carries a value. */
export const REJECT_REASONS = [
  "not_an_object",
  "bad_id",
  "id_too_long",
  "unknown_type",
  "bad_date",
  "zone_missing",
  "end_before_start",
  "too_old",
  "future",
  "missing_value",
  "bad_value",
  "unit_mismatch",
  "incomplete_panel",
  "too_large",
] as const;

export type RejectReason = (typeof REJECT_REASONS)[number];

/** A refused record: its own id, or the JSON pointer of its place where it has none that can be repeated. */
export interface Rejected {
  readonly id: string;
  readonly reason: RejectReason;
}

/** A JSON object that nobody has looked into yet. */
export type Json = Readonly<Record<string, unknown>>;

/** True for JSON objects; arrays and null are none. */
export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value as text, or undefined where it is none or empty. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The value as a finite number; text of a plain decimal number counts, because some bridges quote their numbers. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "string" || !DECIMAL.test(value)) return undefined;
  const parsed = Number(value);
  return Number.isFinite(parsed) ? parsed : undefined;
}

const DECIMAL = /^[+-]?(\d{1,17}(\.\d{0,17})?|\.\d{1,17})([eE][+-]?\d{1,3})?$/;

/** Names as they are compared across spellings: `HEART_RATE`, `heart-rate` and `HeartRate` are one. */
export function loose(name: string): string {
  return name.toLowerCase().replace(/[\s_.-]/g, "");
}
