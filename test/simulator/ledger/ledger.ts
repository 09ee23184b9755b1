/**
 * A person's life as plain records that are decided beforehand: what each device measured, when the vendor has it, and how it is corrected or
 * deleted. The records are in canonical metrics and units; `tell.ts` says them in each vendor's words. What is true at an instant is read here
 * and nowhere else, so it does not depend on anything that reads vendors.
 */
export const LEDGER_VENDORS = ["oura", "whoop", "polar", "dexcom", "ultrahuman"] as const;
export type LedgerVendor = (typeof LEDGER_VENDORS)[number];

/** What a record says from an instant on; null where it is deleted. */
export interface Edition {
  /** When the vendor has it, epoch milliseconds. */
  readonly fromMs: number;
  /** By metric, in canonical units. */
  readonly values: Readonly<Record<string, number>> | null;
}

export interface LedgerRecord {
  readonly vendor: LedgerVendor;
  /** The kind of record, in our words. */
  readonly kind: "day" | "recovery" | "sample" | "entry" | "workout";
  /** The vendor's own id. */
  readonly id: string;
  /** The person's local date: `YYYY-MM-DD`. */
  readonly date: string;
  readonly startMs: number;
  readonly endMs: number;
  /** In order of `fromMs`. */
  readonly editions: readonly Edition[];
}

export interface Ledger {
  readonly records: readonly LedgerRecord[];
  /** Decides the order and the repetitions in which lists are told. */
  random(): number;
}

/** A record as the vendor has it at an instant: undefined before it has it. */
export function editionAt(record: LedgerRecord, nowMs: number): Edition | undefined {
  return record.editions.findLast(({ fromMs }) => fromMs <= nowMs);
}

/** One value that must be stored: `where` is a date, an instant, or a beginning and an end. */
export interface Fact {
  readonly vendor: LedgerVendor;
  readonly metric: string;
  readonly where: string;
  readonly value: number;
}

/** Everything that is true at an instant. */
export function truthAt({ records }: Ledger, nowMs: number): Fact[] {
  return records.flatMap((record) => {
    const values = editionAt(record, nowMs)?.values;
    if (values === undefined || values === null) return [];
    const { vendor, kind, date, startMs, endMs } = record;
    const where = kind === "day" || kind === "recovery" ? date : kind === "workout" ? `${startMs}/${endMs}` : String(startMs);
    const prefix = kind === "workout" ? "workout." : "";
    return Object.entries(values).map(([metric, value]) => ({ vendor, metric: prefix + metric, where, value }));
  });
}

/** Random numbers in [0, 1) of a seed: mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
