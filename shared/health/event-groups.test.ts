import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { groupSessions, isSameEvent, type SessionSpan } from "./event-groups";

const byNumber = (source: number): number => source;
const span = (source: number, start: number, end: number): SessionSpan => ({ source, start, end });
const MINUTE = 60_000;

describe("sessions of several sources", () => {
  it("are one event where half of the shorter one overlaps, led by the best source", () => {
    const [one, ...rest] = groupSessions([span(3, 0, 60), span(1, 5, 62), span(2, 30, 90)], byNumber);
    expect(rest).toEqual([]);
    expect(one).toEqual({ head: span(1, 5, 62), others: [span(2, 30, 90), span(3, 0, 60)] });
  });

  it("are two events where they barely touch", () => {
    expect(groupSessions([span(1, 0, 60), span(2, 50, 110)], byNumber)).toHaveLength(2);
  });

  it("are not lost for standing between two others", () => {
    // The last one overlaps the middle one alone, which the first one leads.
    const groups = groupSessions([span(1, 0, 60), span(2, 20, 100), span(3, 70, 120)], byNumber);
    expect(groups.map(({ head, others }) => [head.source, others.map(({ source }) => source)])).toEqual([
      [1, [2]],
      [3, []],
    ]);
  });

  it("of one source are told apart, unless they cover the same time", () => {
    expect(groupSessions([span(1, 0, 180), span(1, 0, 40), span(1, 45, 120)], byNumber)).toHaveLength(3);
    expect(groupSessions([span(1, 0, 180), span(1, 1, 180)], byNumber)).toHaveLength(1);
  });

  it("are grouped the same in any order: each in one group, never two that lead the same event", () => {
    const session = fc
      .record({ source: fc.integer({ min: 1, max: 4 }), start: fc.nat(3_000), length: fc.integer({ min: 1, max: 600 }) })
      .map(({ source, start, length }) => span(source, start * MINUTE, (start + length) * MINUTE));
    const sessions = fc.uniqueArray(session, { maxLength: 30, selector: ({ source, start, end }) => `${source} ${start} ${end}` });
    fc.assert(
      fc.property(
        sessions.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        ([list, shuffled]) => {
          const groups = groupSessions(list, byNumber);
          expect(groupSessions(shuffled, byNumber)).toEqual(groups);
          const members = groups.flatMap(({ head, others }) => [head, ...others]);
          expect(members).toHaveLength(list.length);
          expect(new Set(members)).toEqual(new Set(list));
          for (const { head, others } of groups) {
            for (const other of others) expect(isSameEvent(head, other) && head.source <= other.source).toBe(true);
            for (const another of groups) if (another.head !== head) expect(isSameEvent(head, another.head)).toBe(false);
          }
        },
      ),
    );
  });
});
