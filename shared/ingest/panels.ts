import type { Header } from "./delivery";

/** One half of a blood pressure, or a whole one, waiting for the end of the delivery. */
interface Part extends Header {
  readonly id: string | undefined;
  readonly place: string;
  readonly value: number;
}

/** A blood pressure whose two values came as two records. */
export interface Pressure extends Header {
  readonly id: string | undefined;
  readonly systolic: number;
  readonly diastolic: number;
}

interface Slot {
  readonly parent: string | undefined;
  readonly systolic: Part[];
  readonly diastolic: Part[];
}

/**
 * HealthKit gives the two values of a blood pressure as two records with one parent. They are paired by that parent, or where none
 * is told by source and time. Halves of one slot are paired in the order of version and id, so the order of the records does not
 * matter.
 */
export class PanelPairs {
  readonly #slots = new Map<string, Slot>();
  readonly #whole = new Set<string>();
  readonly #headers: string[] = [];

  /** Keeps a half until the end. */
  add(side: "systolic" | "diastolic", parent: string | undefined, part: Part): void {
    const key = parent === undefined ? `${part.source} ${part.start} ${part.end}` : `# ${parent}`;
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = { parent, systolic: [], diastolic: [] };
      this.#slots.set(key, slot);
    }
    slot[side].push(part);
  }

  /** Notes that a correlation with this id came with both values inside, so that its repeated halves count no second time. */
  addWhole(id: string): void {
    this.#whole.add(id);
  }

  /** Notes a correlation that names no values: its halves stand at the top level, or nowhere. */
  addHeader(id: string): void {
    this.#headers.push(id);
  }

  /** The pairs, the halves without a partner, the ids of correlations without any, and how many halves repeat a whole correlation. */
  finish(): {
    readonly pairs: readonly Pressure[];
    readonly lone: readonly Part[];
    readonly empty: readonly string[];
    readonly headers: number;
    readonly repeated: number;
  } {
    const pairs: Pressure[] = [];
    const lone: Part[] = [];
    let repeated = 0;
    for (const { parent, systolic, diastolic } of this.#slots.values()) {
      if (parent !== undefined && this.#whole.has(parent)) {
        repeated += systolic.length + diastolic.length;
        continue;
      }
      systolic.sort(byVersionAndId);
      diastolic.sort(byVersionAndId);
      const n = Math.min(systolic.length, diastolic.length);
      for (let i = 0; i < n; i++) {
        const upper = systolic[i]!;
        pairs.push({
          start: upper.start,
          end: upper.end,
          zone: upper.zone,
          version: Math.max(upper.version, diastolic[i]!.version),
          source: upper.source,
          id: parent ?? upper.id,
          systolic: upper.value,
          diastolic: diastolic[i]!.value,
        });
      }
      lone.push(...systolic.slice(n), ...diastolic.slice(n));
    }
    const empty = this.#headers.filter((id) => !this.#slots.has(`# ${id}`) && !this.#whole.has(id));
    return { pairs, lone, empty, headers: this.#headers.length, repeated };
  }
}

function byVersionAndId(a: Part, b: Part): number {
  if (a.version !== b.version) return a.version - b.version;
  if (a.id === b.id) return 0;
  return (a.id ?? "") < (b.id ?? "") ? -1 : 1;
}
