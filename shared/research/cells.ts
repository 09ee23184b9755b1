/** One person's days. Days count from 1970-01-01; values are by metric. */
export interface Person {
  /** Their pseudonym. */
  readonly name: string;
  readonly days: readonly { readonly day: number; readonly values: Readonly<Record<string, number>> }[];
}

/** A value as a release shows it: from, inclusive, and to, exclusive. */
export type Bin = readonly [from: number, to: number];

export interface Releasable {
  readonly name: string;
  readonly days: readonly { readonly day: number; readonly values: Readonly<Record<string, Bin>> }[];
}

/** At most this share of a metric's values is left out before all of them are shown more coarsely. */
const MOST_SUPPRESSED = 0.05;
/** Bins are widened so many times: the last ones hold nearly everything. */
const STEPS = 12;

/**
 * Shows values as bins, so that whoever knows one value of somebody finds at least k people of the class who have one like it. For each
 * metric the narrowest bins are taken at which at most a twentieth of the values lie in bins that fewer than k different people have;
 * those are left out. Where no width does, the widest is taken, with what it leaves out.
 *
 * Widths grow from a hundredth of the metric's scale by doubling, and bins begin at zero, so that they depend on the data by their width
 * alone.
 */
export function coarsen(people: readonly Person[], k: number): { readonly people: readonly Releasable[]; readonly suppressed: number } {
  const metrics = new Set(people.flatMap(({ days }) => days.flatMap(({ values }) => Object.keys(values))));
  const shown = new Map<string, Shown>();
  for (const metric of metrics) shown.set(metric, widthFor(people, metric, k));
  let suppressed = 0;
  const released = people.map(({ name, days }): Releasable => {
    const kept = days.flatMap(({ day, values }) => {
      const bins: Record<string, Bin> = {};
      for (const [metric, value] of Object.entries(values)) {
        const { width, common } = shown.get(metric) ?? { width: 1, common: new Set() };
        const index = Math.floor(value / width);
        if (common.has(index)) bins[metric] = [round(index * width), round((index + 1) * width)];
        else suppressed++;
      }
      return Object.keys(bins).length === 0 ? [] : [{ day, values: bins }];
    });
    return { name, days: kept };
  });
  return { people: released, suppressed };
}

interface Shown {
  readonly width: number;
  /** Bins that at least k different people have. */
  readonly common: ReadonlySet<number>;
}

function widthFor(people: readonly Person[], metric: string, k: number): Shown {
  let width = firstWidth(people, metric);
  let best: Shown = { width, common: new Set() };
  for (let step = 0; step < STEPS; step++) {
    const holders = new Map<number, Set<string>>();
    let values = 0;
    const counts = new Map<number, number>();
    for (const { name, days } of people) {
      for (const day of days) {
        const value = day.values[metric];
        if (value === undefined) continue;
        const index = Math.floor(value / width);
        values++;
        counts.set(index, (counts.get(index) ?? 0) + 1);
        const names = holders.get(index) ?? new Set<string>();
        holders.set(index, names.add(name));
      }
    }
    const common = new Set([...holders].filter(([, names]) => names.size >= k).map(([index]) => index));
    const kept = [...counts].reduce((sum, [index, count]) => sum + (common.has(index) ? count : 0), 0);
    best = { width, common };
    if (values - kept <= values * MOST_SUPPRESSED) break;
    width *= 2;
  }
  return best;
}

/** A hundredth of the largest power of ten within the values: steps of 9 000 begin with 10, heart rates of 60 with 0.1. */
function firstWidth(people: readonly Person[], metric: string): number {
  let most = 0;
  for (const { days } of people) for (const { values } of days) most = Math.max(most, Math.abs(values[metric] ?? 0));
  return most === 0 ? 1 : 10 ** (Math.floor(Math.log10(most)) - 2);
}

function round(value: number): number {
  return Number(value.toPrecision(10));
}
