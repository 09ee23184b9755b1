import { type Bands, bandsOf, classOf, type Node, NODES, type Traits } from "./lattice";
import { coarsen, type Person, type Releasable } from "./cells";

/** Nothing is released of fewer people than this, and no class is smaller. */
export const LEAST_COHORT = 11;

/** At most this share of the people is left out before everybody is shown more coarsely. */
const MOST_SUPPRESSED = 0.1;

export interface Contribution extends Person {
  readonly traits: Traits;
}

export interface Released extends Releasable {
  readonly bands: Bands;
}

export interface Release {
  readonly node: Node;
  readonly people: readonly Released[];
  /** People who were left out, because too few others are like them. */
  readonly suppressedPeople: number;
  /** Values that were left out of the days of people who are in. */
  readonly suppressedValues: number;
}

/**
 * Makes contributions k-anonymous. Everybody is shown at one node of the lattice: the finest at which at most a tenth of the people are in
 * classes smaller than k, and those are left out. Within each class values are made coarser until each is one that at least k people of
 * the class have, see `coarsen`.
 *
 * Undefined where there are fewer than k people.
 *
 * @param k at least `LEAST_COHORT`; a smaller one counts as that
 */
export function anonymise(contributions: readonly Contribution[], k: number): Release | undefined {
  const least = Math.max(LEAST_COHORT, Math.ceil(k));
  if (contributions.length < least) return undefined;
  for (const node of NODES) {
    const classes = Map.groupBy(contributions, ({ traits }) => classOf(bandsOf(traits, node)));
    const kept = [...classes.values()].filter((group) => group.length >= least);
    const count = kept.reduce((sum, group) => sum + group.length, 0);
    if (count < least || contributions.length - count > contributions.length * MOST_SUPPRESSED) continue;
    let suppressedValues = 0;
    const people = kept.flatMap((group) => {
      const coarse = coarsen(group, least);
      suppressedValues += coarse.suppressed;
      const [first] = group;
      const bands = first === undefined ? undefined : bandsOf(first.traits, node);
      return bands === undefined ? [] : coarse.people.map((person): Released => ({ ...person, bands }));
    });
    const sorted = people.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return { node, people: sorted, suppressedPeople: contributions.length - count, suppressedValues };
  }
  return undefined;
}
