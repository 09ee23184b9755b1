import { DAY_MS } from "../clock";

/** A session of one source. Times epoch milliseconds. */
export interface SessionSpan {
  readonly source: number;
  readonly start: number;
  readonly end: number;
}

/** Sessions of several sources that tell of the same event: the one that is shown, and the others, best first. */
export interface EventGroup<S> {
  readonly head: S;
  readonly others: readonly S[];
}

/** Two sources mean the same event where their sessions overlap by half of the shorter one. */
const SAME_SHARE = 0.5;
/** One source may nest sessions (the legs of a triathlon): of those, only what covers the same time is the same, told in two forms. */
const SAME_SHARE_OF_ONE_SOURCE = 0.9;

/**
 * Groups sessions by the event that they tell of. The best source's sessions lead groups of their own; every other session joins the
 * group whose lead it overlaps most, or leads one where it overlaps none. A session is in exactly one group, and the outcome depends on
 * the sessions and ranks alone, never on their order.
 *
 * @param rankOf lower is better; of equals the lower source number leads
 */
export function groupSessions<S extends SessionSpan>(sessions: readonly S[], rankOf: (source: number) => number): EventGroup<S>[] {
  const inOrder = sessions.toSorted(
    (a, b) => rankOf(a.source) - rankOf(b.source) || a.source - b.source || b.end - b.start - (a.end - a.start) || a.start - b.start,
  );
  const groups: { head: S; others: S[] }[] = [];
  const byDay = new Map<number, { head: S; others: S[] }[]>();
  for (const session of inOrder) {
    let joined: { head: S; others: S[] } | undefined;
    let most = 0;
    for (const day of daysOf(session)) {
      for (const group of byDay.get(day) ?? []) {
        const overlap = overlapOf(session, group.head);
        if (overlap > most && isSameEvent(session, group.head)) {
          joined = group;
          most = overlap;
        }
      }
    }
    if (joined !== undefined) {
      joined.others.push(session);
      continue;
    }
    const group = { head: session, others: [] };
    groups.push(group);
    for (const day of daysOf(session)) {
      const list = byDay.get(day);
      if (list === undefined) byDay.set(day, [group]);
      else list.push(group);
    }
  }
  return groups;
}

/** Whether two sessions tell of the same event. */
export function isSameEvent(a: SessionSpan, b: SessionSpan): boolean {
  const overlap = overlapOf(a, b);
  if (overlap <= 0) return false;
  const [lengthA, lengthB] = [a.end - a.start, b.end - b.start];
  return a.source === b.source
    ? overlap >= SAME_SHARE_OF_ONE_SOURCE * Math.max(lengthA, lengthB)
    : overlap >= SAME_SHARE * Math.min(lengthA, lengthB);
}

/** How much of a session another one covers, 0 to 1. */
export function coveredBy(session: SessionSpan, other: SessionSpan): number {
  return session.end <= session.start ? 0 : Math.max(0, overlapOf(session, other)) / (session.end - session.start);
}

function overlapOf(a: SessionSpan, b: SessionSpan): number {
  return Math.min(a.end, b.end) - Math.max(a.start, b.start);
}

/** The days that a session touches; of one that claims to last for weeks, the first ones. */
function daysOf({ start, end }: SessionSpan): number[] {
  const first = Math.floor(start / DAY_MS);
  const last = Math.min(Math.floor(end / DAY_MS), first + 31);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
