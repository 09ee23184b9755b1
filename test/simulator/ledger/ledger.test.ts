import { describe, expect, test } from "vitest";
import { differences } from "../../chaos/read.ts";
import { type Fact, truthAt } from "./ledger.ts";
import { DAY, liveLedger } from "./live.ts";

const FIRST = Date.UTC(2026, 10, 1, 23);
const plan = (seed: number) => ({ seed, person: 0, firstMs: FIRST, days: 6 });
const after = FIRST + 10 * DAY;

describe("a ledger", () => {
  test("is the same for the same seed, and another for another", () => {
    const truth = (seed: number) => truthAt(liveLedger(plan(seed)), after);
    expect(truth(3)).toEqual(truth(3));
    expect(truth(3)).not.toEqual(truth(4));
  });

  test("holds what comes late, what is corrected and what is deleted, each within the time that vendors are read again", () => {
    const { records } = liveLedger(plan(1));
    expect(records.some(({ editions }) => editions.length > 1)).toBe(true);
    expect(records.some(({ editions }) => editions.at(-1)?.values === null)).toBe(true);
    for (const { editions, endMs } of records) {
      const times = editions.map(({ fromMs }) => fromMs);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect((times.at(-1) ?? 0) - endMs).toBeLessThan(2 * DAY);
    }
  });

  test("says of a record what its last edition says, and nothing of one that is deleted or not there yet", () => {
    const record = { vendor: "oura", kind: "day", id: "a", date: "2026-11-02", startMs: 0, endMs: 0 } as const;
    const editions = [
      { fromMs: 10, values: { steps: 1 } },
      { fromMs: 20, values: { steps: 2 } },
      { fromMs: 30, values: null },
    ];
    const at = (now: number) => truthAt({ records: [{ ...record, editions }], random: () => 0 }, now).map(({ value }) => value);
    expect([at(9), at(10), at(29), at(30)]).toEqual([[], [1], [2], []]);
  });
});

test("what is stored is told apart from what is true: missing, untrue, wrong, twice", () => {
  const fact = (change: Partial<Fact> = {}): Fact => ({ vendor: "oura", metric: "steps", where: "2026-11-02", value: 100, ...change });
  expect(differences([fact()], [fact({ value: 100.000_000_1 })])).toEqual([]);
  expect(differences([fact()], [])).toEqual(["missing: oura steps 2026-11-02 = 100"]);
  expect(differences([], [fact()])).toEqual(["not true: oura steps 2026-11-02 = 100"]);
  expect(differences([fact()], [fact({ value: 99 })])).toEqual(["oura steps 2026-11-02 = 99 instead of 100"]);
  expect(differences([fact()], [fact(), fact()])).toEqual(["twice: oura steps 2026-11-02 = 100 and 100"]);
});
