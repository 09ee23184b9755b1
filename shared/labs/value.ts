export const COMPARATORS = ["<", "<=", ">=", ">"] as const;
export type Comparator = (typeof COMPARATORS)[number];

/** A number as a laboratory writes it: bounded values stay bounded. */
export interface ToldNumber {
  readonly comparator: Comparator | null;
  readonly number: number;
}

/** A range as it was told: numbers where it has some, and its words. */
export interface ToldRange {
  readonly low?: number;
  readonly high?: number;
  readonly isLowExcluded?: true;
  readonly isHighExcluded?: true;
  /** The unit of its numbers, where it is not that of the value. */
  readonly unit?: string;
  readonly text?: string;
  /** What lies within: `N` or nothing for normal, else the source's own code or words. */
  readonly meaning?: string;
}

const NUMBER = String.raw`[-+]?(?:\d{1,3}(?:[,\u00a0\u202f ]\d{3})+|\d+)?(?:\.\d+)?(?:[eE][-+]?\d{1,3})?`;
const WHOLE = new RegExp(`^(<=|>=|=<|=>|<|>|≤|≥)?\\s*(${NUMBER})$`, "u");
const RANGE = new RegExp(`^\\(?\\s*(${NUMBER})\\s*%?\\s*(?:-|–|—|to|\\.\\.)\\s*(${NUMBER})\\s*(.*?)\\)?$`, "u");
const ONE_SIDED = new RegExp(`^(<=|>=|=<|=>|<|>|≤|≥)\\s*(${NUMBER})\\s*(.*)$`, "u");
const LONGEST = 64;

const SIGNS: Readonly<Record<string, Comparator>> = {
  "<": "<",
  ">": ">",
  "<=": "<=",
  ">=": ">=",
  "=<": "<=",
  "=>": ">=",
  "≤": "<=",
  "≥": ">=",
};

/** A finite decimal with or without groups of thousands; undefined for anything else. A lone decimal comma is not guessed at. */
export function decimal(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed.length === 0 || trimmed.length > LONGEST || !new RegExp(`^${NUMBER}$`, "u").test(trimmed) || !/\d/.test(trimmed))
    return undefined;
  const value = Number(trimmed.replaceAll(/[,\u00a0\u202f ]/g, ""));
  return Number.isFinite(value) ? value : undefined;
}

/** `7.1`, `7,500`, `< 0.5`, `>=90`; undefined where a text is no number. */
export function numberOf(text: string): ToldNumber | undefined {
  const match = text.length > LONGEST ? null : WHOLE.exec(text.trim());
  const number = match?.[2] === undefined ? undefined : decimal(match[2]);
  if (match === null || number === undefined) return undefined;
  return { comparator: match[1] === undefined ? null : (SIGNS[match[1]] ?? null), number };
}

/** `12.0-15.5`, `4,000 - 11,000`, `<200`, `36-46%`, `3.5 to 5 mmol/L`; words alone are kept as they are. Undefined for nothing. */
export function rangeOf(text: string): ToldRange | undefined {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  const both = trimmed.length > LONGEST ? null : RANGE.exec(trimmed);
  const [low, high] = [decimal(both?.[1] ?? ""), decimal(both?.[2] ?? "")];
  if (both !== null && low !== undefined && high !== undefined && low <= high) return { low, high, ...unitIn(both[3]), text: trimmed };
  const one = trimmed.length > LONGEST ? null : ONE_SIDED.exec(trimmed);
  const edge = decimal(one?.[2] ?? "");
  if (one === null || edge === undefined) return { text: trimmed.slice(0, 500) };
  const end = endOf(SIGNS[one[1] ?? ""] ?? "<", edge);
  return { ...end, ...unitIn(one[3]), text: trimmed };
}

function endOf(sign: Comparator, edge: number): ToldRange {
  switch (sign) {
    case "<":
      return { high: edge, isHighExcluded: true };
    case "<=":
      return { high: edge };
    case ">":
      return { low: edge, isLowExcluded: true };
    case ">=":
      return { low: edge };
  }
}

function unitIn(text: string | undefined): { unit?: string } {
  const unit = text?.trim() ?? "";
  return unit === "" ? {} : { unit };
}

export type Interpretation = "low" | "normal" | "high";

/** The numbers of a range that a value is compared with, in one unit. */
export type Ends = Pick<ToldRange, "low" | "high" | "isLowExcluded" | "isHighExcluded">;

/** Where a value lies in a range of the same unit; null where a bounded value leaves it open, or the range has no ends. */
export function interpret({ comparator, number }: ToldNumber, { low, high, isLowExcluded, isHighExcluded }: Ends): Interpretation | null {
  if (low === undefined && high === undefined) return null;
  const isBelow = (value: number) => low !== undefined && (value < low || (isLowExcluded === true && value === low));
  const isAbove = (value: number) => high !== undefined && (value > high || (isHighExcluded === true && value === high));
  if (comparator === null) return isBelow(number) ? "low" : isAbove(number) ? "high" : "normal";
  if (comparator === "<" || comparator === "<=") {
    // Everything up to the number, and nothing is known beneath it.
    if (low !== undefined && (isBelow(number) || (comparator === "<" && number === low))) return "low";
    if (low !== undefined) return null;
    return high !== undefined && (number < high || (number === high && (comparator === "<" || isHighExcluded !== true))) ? "normal" : null;
  }
  if (high !== undefined && (isAbove(number) || (comparator === ">" && number === high))) return "high";
  if (high !== undefined) return null;
  return low !== undefined && (number > low || (number === low && (comparator === ">" || isLowExcluded !== true))) ? "normal" : null;
}
