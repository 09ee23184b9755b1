import type { Receipt } from "../health/reading";
import type { LabReceipt } from "../labs/result";

/** What became of everything of one type. `read` is what the file holds; the other four add up to it. */
export interface TypeCount {
  read: number;
  accepted: number;
  duplicate: number;
  quarantined: number;
  rejected: number;
}

/** Something the person should know about the file, counted. */
export interface ImportWarning {
  readonly code: string;
  readonly detail: string;
  count: number;
}

export interface TallyState {
  readonly byType: Readonly<Record<string, TypeCount>>;
  readonly warnings: readonly ImportWarning[];
  /** Units in which the file states its types. */
  readonly units?: Readonly<Record<string, readonly string[]>>;
}

/** Readings of a metric on their way to the vault, and the types of the file to which their outcome is credited. */
export interface Credit {
  readonly metric: string;
  readonly types: readonly string[];
  n: number;
}

/** Type names come from the file. */
const MOST_TYPES = 1_000;
const OTHER_TYPES = "other";
const MOST_WARNINGS = 200;
const MOST_UNITS = 8;

/**
 * Keeps the books of an import. A mapper counts what it reads and rejects by the file's own types; the vault answers by metric, and
 * `settle` brings the two together.
 */
export class Tally {
  readonly #types = new Map<string, TypeCount>();
  readonly #warnings = new Map<string, ImportWarning>();
  readonly #credits = new Map<string, Credit>();
  readonly #units = new Map<string, Set<string>>();

  constructor(state?: TallyState) {
    for (const [type, count] of Object.entries(state?.byType ?? {})) this.#types.set(type, { ...count });
    for (const warning of state?.warnings ?? []) this.#warnings.set(keyOf(warning.code, warning.detail), { ...warning });
    for (const [type, units] of Object.entries(state?.units ?? {})) this.#units.set(type, new Set(units));
  }

  get state(): TallyState {
    return {
      // Types with an account but nothing read are no part of the books yet.
      byType: Object.fromEntries([...this.#types].filter(([, count]) => count.read > 0).map(([type, count]) => [type, { ...count }])),
      warnings: [...this.#warnings.values()].map((warning) => ({ ...warning })),
      ...(this.#units.size > 0 && { units: Object.fromEntries([...this.#units].map(([type, units]) => [type, [...units]])) }),
    };
  }

  /** Notes the unit in which the file states a type. */
  unit(type: string, unit: string): void {
    const units = this.#units.get(type);
    if (units !== undefined) {
      if (units.size < MOST_UNITS) units.add(unit);
    } else if (this.#units.size < MOST_TYPES) this.#units.set(type, new Set([unit]));
  }

  /** The running count of a type; keep it, it stays valid. */
  type(type: string): TypeCount {
    const key = this.#types.has(type) || this.#types.size < MOST_TYPES ? type : OTHER_TYPES;
    let count = this.#types.get(key);
    if (count === undefined) {
      count = { read: 0, accepted: 0, duplicate: 0, quarantined: 0, rejected: 0 };
      this.#types.set(key, count);
    }
    return count;
  }

  /** The open account of a metric for some types; add to its `n` for every reading handed on. It stays valid. */
  credit(metric: string, types: readonly string[]): Credit {
    const key = [metric, ...types].join("\n");
    let credit = this.#credits.get(key);
    if (credit === undefined) {
      credit = { metric, types, n: 0 };
      this.#credits.set(key, credit);
    }
    return credit;
  }

  reject(count: TypeCount, code: string, detail: string): void {
    count.rejected++;
    this.warn(code, detail);
  }

  warn(code: string, detail: string, count = 1): void {
    const key = keyOf(code, detail);
    const known = this.#warnings.get(key);
    if (known !== undefined) known.count += count;
    else if (this.#warnings.size < MOST_WARNINGS) this.#warnings.set(key, { code, detail, count });
  }

  /** Closes the accounts that a batch takes with it. */
  takeCredits(): readonly Credit[] {
    const open: Credit[] = [];
    for (const credit of this.#credits.values()) {
      if (credit.n === 0) continue;
      open.push({ ...credit });
      credit.n = 0;
    }
    return open;
  }

  /**
   * Books a receipt against the accounts of its batch. The vault answers per metric; where several types feed one metric its answers
   * are given out in the order of the accounts, so the sums are exact and the split between the types may not be.
   */
  settle(credits: readonly Credit[], receipt: Receipt): void {
    const left = structuredClone(receipt.byMetric);
    // Accounts of types come first: what nobody asked about takes the rest.
    for (const { metric, types, n } of [...credits].sort((a, b) => Number(b.types.length > 0) - Number(a.types.length > 0))) {
      const answer = left[metric] ?? { accepted: 0, duplicate: 0, quarantined: 0 };
      const accepted = Math.min(n, answer.accepted);
      const duplicate = Math.min(n - accepted, answer.duplicate);
      const quarantined = Math.min(n - accepted - duplicate, answer.quarantined);
      answer.accepted -= accepted;
      answer.duplicate -= duplicate;
      answer.quarantined -= quarantined;
      for (const type of types) {
        const count = this.type(type);
        count.accepted += accepted;
        count.duplicate += duplicate;
        count.quarantined += quarantined;
        count.rejected += n - accepted - duplicate - quarantined;
      }
    }
    for (const { reason } of receipt.quarantined) this.warn("quarantined", reason);
    for (const { reason } of receipt.rejected) this.warn("rejected", reason);
  }

  /** Books what became of laboratory reports and results. */
  settleLabs({ byType, warnings }: LabReceipt): void {
    for (const [type, { accepted, duplicate, rejected }] of Object.entries(byType)) {
      const count = this.type(type);
      count.accepted += accepted;
      count.duplicate += duplicate;
      count.rejected += rejected;
    }
    for (const { code, detail, count } of warnings) this.warn(code, detail, count);
  }
}

function keyOf(code: string, detail: string): string {
  return `${code}\n${detail}`;
}
