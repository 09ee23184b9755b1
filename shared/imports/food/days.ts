import type { Source } from "../../health/reading";
import type { Emitter } from "../documents/emitter";

/** Longer than any diary; what is beyond is left out, and said. */
const MOST_DAYS = 40_000;

interface Total {
  readonly type: string;
  readonly unit: string;
  value: number;
}

/** Sums up by day what a diary tells row by row without a time. Days may come in any order, and more than once. */
export class DayTotals {
  readonly #days = new Map<string, { readonly totals: Map<string, Total>; readonly parts: Map<string, number> }>();
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
  }

  /** Adds an amount; `part` is what it belongs to, a meal say. False where there are too many days. */
  add(date: string, metric: string, { type, unit, value }: Total, part = ""): boolean {
    let day = this.#days.get(date);
    if (day === undefined) {
      if (this.#days.size >= MOST_DAYS) return false;
      day = { totals: new Map(), parts: new Map() };
      this.#days.set(date, day);
    }
    const total = day.totals.get(metric);
    if (total === undefined) day.totals.set(metric, { type, unit, value });
    else total.value += value;
    if (part !== "") day.parts.set(`${metric}\n${part}`, (day.parts.get(`${metric}\n${part}`) ?? 0) + value);
    return true;
  }

  /** Hands out each day. What sums up to nothing is left out but for `kept`: diaries write zero for what they do not know. */
  *emit(emit: Emitter, kept: ReadonlySet<string>): Generator<void, void> {
    for (const [date, { totals, parts }] of this.#days) {
      for (const [metric, { type, unit, value }] of totals) {
        if (value === 0 && !kept.has(metric)) continue;
        // Parts are told as the catalogue has them.
        const own =
          unit === "kJ"
            ? []
            : [...parts].flatMap(([key, amount]): [string, number][] =>
                key.startsWith(`${metric}\n`) ? [[key.slice(metric.length + 1, metric.length + 61), rounded(amount)]] : [],
              );
        const attributes = own.length === 0 ? {} : { attributes: { parts: Object.fromEntries(own.slice(0, 50)) } };
        emit.daily({ type, metric, source: this.#source, value: rounded(value), unit, ...attributes }, date);
      }
      yield;
    }
  }
}

/** What adding decimals leaves behind is no part of the sum. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
