import { DAY_MS } from "../../../shared/clock";
import { metric as metricOf } from "../../../shared/health/catalogue";
import { sourceId } from "../../../shared/health/source-id";
import type { Touched } from "../state";
import { itemText, MOST_ITEMS } from "./protocol";

/** New readings of one write, ready for the log. */
export interface NewReadings {
  readonly n: number;
  readonly metrics: readonly string[];
  /** JSON items joined by commas. */
  readonly body: string;
}

/** A window of one metric that watchers read again. Times epoch milliseconds, both inclusive. */
export interface Changed {
  readonly metric: string;
  from: number;
  to: number;
}

/**
 * What a write means to watchers: its readings themselves where they are new, recent and few, else the windows to read again.
 * Corrections and deletions are always windows, because a watcher cannot tell from a value what it replaces. So is what is shown to the
 * person alone: all watchers hear the same entries, and who reads the window again is asked then.
 */
export function entriesOf(
  touched: readonly Touched[],
  now: number,
  isForPersonAlone: (source: number) => boolean = () => false,
): { readonly readings: NewReadings | undefined; readonly changed: readonly Changed[] } {
  const total = touched.reduce((sum, part) => sum + (part.written?.at.length ?? 0), 0);
  const items: string[] = [];
  const metrics = new Set<string>();
  const changed = new Map<string, Changed>();
  for (const part of touched) {
    if (total <= MOST_ITEMS && isLive(part, now) && !isForPersonAlone(part.source)) {
      metrics.add(part.metric);
      append(part, items);
      continue;
    }
    const known = changed.get(part.metric);
    if (known === undefined) changed.set(part.metric, { metric: part.metric, from: part.from, to: part.to });
    else {
      known.from = Math.min(known.from, part.from);
      known.to = Math.max(known.to, part.to);
    }
  }
  const readings = items.length === 0 ? undefined : { n: items.length, metrics: [...metrics], body: items.join(",") };
  return { readings, changed: [...changed.values()] };
}

function isLive(part: Touched, now: number): boolean {
  return part.fresh === true && part.written !== undefined && part.from >= now - DAY_MS && part.written.value.every(Number.isFinite);
}

function append(part: Touched, items: string[]): void {
  const unit = metricOf(part.metric)?.unit ?? "";
  const source = sourceId(part.source);
  const { at, value, end } = part.written ?? { at: [], value: [] };
  for (let i = 0; i < at.length; i++) items.push(itemText(part.metric, at[i] ?? 0, end?.[i], value[i] ?? 0, unit, source));
}
