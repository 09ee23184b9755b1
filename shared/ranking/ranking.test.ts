import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hashOf } from "./alias-hash";
import { Across, type Part, percentile } from "./across";
import { Ranking } from "./ranking";
import { compareEntries, type Entry, OPERATORS, ORDERS, type Placed, type Submission, type Terms, TIES } from "./terms";

const terms: fc.Arbitrary<Terms> = fc.record({
  operator: fc.constantFrom(...OPERATORS),
  order: fc.constantFrom(...ORDERS),
  ties: fc.constantFrom(...TIES),
  start: fc.constantFrom(0, 50),
});

const alias = (n: number) => `a${n.toString(36)}${"x".repeat(n % 7)}`;

/** Small numbers from a seed. */
function dice(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** What anybody would write first: a list of entries, counted through for every question. */
class Plain {
  readonly entries = new Map<string, Entry & { readonly seen: ReadonlySet<number>; readonly last: number }>();
  readonly terms: Terms;

  constructor(of: Terms) {
    this.terms = of;
  }

  submit({ alias: name, score, subscore = 0, at, version }: Submission): void {
    const known = this.entries.get(name);
    const { operator, start = 0 } = this.terms;
    const next = { alias: name, score, subscore, at, seen: new Set([...(known?.seen ?? []), version]), last: version };
    if (operator === "set") {
      if (known === undefined || version > known.last) this.entries.set(name, next);
    } else if (operator === "best") {
      if (known === undefined || compareEntries(this.terms.order, next, known) < 0) this.entries.set(name, next);
    } else if (known?.seen.has(version) !== true) {
      const sign = operator === "increment" ? 1 : -1;
      const floor = operator === "increment" ? Number.NEGATIVE_INFINITY : 0;
      this.entries.set(name, {
        ...next,
        score: Math.max(floor, (known?.score ?? start) + sign * score),
        subscore: Math.max(floor, (known?.subscore ?? 0) + sign * subscore),
        at: Math.max(at, known?.at ?? at),
      });
    }
  }

  rank(name: string): number {
    const own = this.entries.get(name);
    if (own === undefined) return 0;
    let rank = 1;
    for (const other of this.entries.values()) {
      const isTie = this.terms.ties === "shared" && other.score === own.score && other.subscore === own.subscore;
      if (!isTie && compareEntries(this.terms.order, other, own) < 0) rank++;
    }
    return rank;
  }

  sorted(): Entry[] {
    return [...this.entries.values()]
      .map(({ alias: name, score, subscore, at }) => ({ alias: name, score, subscore, at }))
      .toSorted((a, b) => compareEntries(this.terms.order, a, b));
  }

  placed(): Placed[] {
    const sorted = this.sorted();
    const ranks: number[] = [];
    for (const [i, { score, subscore }] of sorted.entries()) {
      const before = sorted[i - 1];
      const shares = this.terms.ties === "shared" && before?.score === score && before.subscore === subscore;
      ranks.push(shares ? ranks[i - 1]! : i + 1);
    }
    return sorted.map((entry, i) => ({ rank: ranks[i]!, ...entry }));
  }
}

function partOf(ranking: Ranking): Part {
  return {
    count: () => ranking.size,
    find: (aliases) => aliases.map((name) => ranking.entry(name)),
    places: (keys) => keys.map((key) => ranking.place(key)),
    windows: (windows) => windows.map((window) => ranking.window(window)),
  };
}

function submissionOf(roll: (below: number) => number, people: number, scores: number): Submission {
  return {
    alias: alias(roll(people)),
    score: roll(scores),
    ...(roll(3) === 0 ? { subscore: roll(3) } : {}),
    at: 1_700_000_000_000 + roll(5),
    version: 1 + roll(12),
  };
}

describe("a ranking", () => {
  test("is equal to brute force over 100,000 random operations", () => {
    fc.assert(
      fc.property(terms, fc.integer(), fc.constantFrom(3, 40, 1_500), fc.constantFrom(4, 100_000), (of, seed, people, scores) => {
        const roll = dice(seed);
        const [ranking, plain] = [new Ranking(of), new Plain(of)];
        for (let i = 0; i < 5_000; i++) {
          const kind = roll(10);
          const name = alias(roll(people));
          if (kind === 0) {
            ranking.remove(name);
            plain.entries.delete(name);
          } else if (kind < 8) {
            const submission = submissionOf(roll, people, scores);
            ranking.submit(submission);
            plain.submit(submission);
          } else if (ranking.rank(name) !== plain.rank(name)) expect(ranking.rank(name)).toBe(plain.rank(name));
          if (i % 1_000 === 999) expect(ranking.slice(0, people)).toEqual(plain.sorted());
        }
        expect(ranking.size).toBe(plain.entries.size);
      }),
      { numRuns: 20 },
    );
  });

  test("comes to the same whatever the order in which its submissions come, and however often", () => {
    fc.assert(
      fc.property(terms, fc.integer(), (of, seed) => {
        const roll = dice(seed);
        const said = new Map<string, Submission>();
        // A source says one thing under one number.
        for (let i = 0; i < 60; i++) {
          const one = submissionOf(roll, 8, 20);
          if (!said.has(`${one.alias} ${one.version}`)) said.set(`${one.alias} ${one.version}`, one);
        }
        const once = [...said.values()];
        const shuffled = [...once, ...once].map((one) => ({ one, by: roll(1_000) })).toSorted((a, b) => a.by - b.by);
        const [ranking, other] = [new Ranking(of), new Ranking(of)];
        for (const one of once) ranking.submit(one);
        for (const { one } of shuffled) other.submit(one);
        expect(other.slice(0, 100)).toEqual(ranking.slice(0, 100));
      }),
    );
  });

  test("counts a batch as it counts one after the other, and says what became of each and in which slot", () => {
    fc.assert(
      fc.property(terms, fc.integer(), fc.constantFrom(3, 90, 2_000), (of, seed, people) => {
        const roll = dice(seed);
        const [ranking, other] = [new Ranking(of), new Ranking(of)];
        for (let batch = 0; batch < 4; batch++) {
          const submissions = Array.from({ length: roll(300) }, () => submissionOf(roll, people, 30));
          const counted: (string | boolean)[][] = [];
          const expected: (string | boolean)[][] = [];
          const outcomes = ranking.submitAll(submissions, (slot, isNew) => counted.push([ranking.records.text(slot), isNew]));
          const others = submissions.map((one) => {
            const before = other.size;
            const outcome = other.submit(one);
            if (outcome === "counted") expected.push([one.alias, other.size > before]);
            return outcome;
          });
          expect([outcomes, counted]).toEqual([others, expected]);
          ranking.remove(alias(roll(people)));
          for (const name of Array.from({ length: people }, (_, n) => alias(n))) if (ranking.entry(name) === null) other.remove(name);
        }
        expect(ranking.slice(0, people)).toEqual(other.slice(0, people));
      }),
      { numRuns: 40 },
    );
  });

  test("keeps its order where thousands share a score and a time, and where aliases of up to 64 characters come late", () => {
    const of: Terms = { operator: "set", order: "ascending", ties: "earlier" };
    const [ranking, plain] = [new Ranking(of), new Plain(of)];
    const roll = dice(11);
    for (let i = 0; i < 6_000; i++) {
      const name = i < 4_000 ? `p${i}` : `p${roll(4_000)}${"y".repeat(roll(60))}`.slice(0, 64);
      const one = {
        alias: name,
        score: i % 10 === 0 ? roll(3) : 7,
        subscore: i > 5_000 ? roll(2) : 0,
        at: 1_700_000_000_000,
        version: i + 1,
      };
      ranking.submit(one);
      plain.submit(one);
    }
    const sorted = plain.sorted();
    expect(ranking.slice(0, 10_000)).toEqual(sorted);
    for (const n of [0, 1, 500, sorted.length - 1]) expect(ranking.rank(sorted[n]!.alias)).toBe(n + 1);
  });

  test("is read alike however many parts it lies in: pages both ways, around, subset, ranks", async () => {
    await fc.assert(
      fc.asyncProperty(terms, fc.integer(), fc.constantFrom(1, 2, 4), fc.integer({ min: 1, max: 9 }), async (of, seed, parts, limit) => {
        const roll = dice(seed);
        const plain = new Plain(of);
        const rankings = Array.from({ length: parts }, () => new Ranking(of));
        const where = (name: string) => hashOf(name) & (parts - 1);
        for (let i = 0; i < 80; i++) {
          const submission = submissionOf(roll, 40, 6);
          plain.submit(submission);
          rankings[where(submission.alias)]!.submit(submission);
        }
        const board = new Across(of, rankings.map(partOf), where);
        const all = plain.placed();
        expect(await board.count()).toBe(all.length);
        const forth: Placed[] = [];
        for (let page = await board.page(null, limit); ; page = await board.page(forth.at(-1)!, limit)) {
          forth.push(...page.items);
          if (!page.hasAfter) break;
        }
        expect(forth).toEqual(all);
        const back: Placed[] = [];
        for (let page = await board.page(null, limit, true); ; page = await board.page(back[0]!, limit, true)) {
          back.unshift(...page.items);
          if (!page.hasBefore) break;
        }
        expect(back).toEqual(all);
        const at = roll(all.length);
        const from = Math.max(0, Math.min(at - ((limit - 1) >>> 1), all.length - limit));
        expect(await board.around(all[at]!.alias, limit)).toEqual({
          items: all.slice(from, from + limit),
          hasBefore: from > 0,
          hasAfter: from + limit < all.length,
        });
        expect(await board.around("nobody", limit)).toBeNull();
        const some = Array.from({ length: 10 }, () => alias(roll(60)));
        expect(await board.subset(some)).toEqual(all.filter(({ alias: name }) => some.includes(name)));
      }),
      { numRuns: 60 },
    );
  });

  test("keeps its order while all scores grow, as in a challenge", () => {
    const of: Terms = { operator: "increment", order: "descending", ties: "earlier" };
    const ranking = new Ranking(of);
    const roll = dice(7);
    const total = new Map<string, number>();
    const versions = new Map<string, number>();
    for (let i = 0; i < 20_000; i++) {
      const name = alias(roll(2_000));
      const [score, version] = [roll(500), (versions.get(name) ?? 0) + 1];
      versions.set(name, version);
      total.set(name, (total.get(name) ?? 0) + score);
      ranking.submit({ alias: name, score, at: i, version });
    }
    const scores = ranking.slice(0, 3_000).map(({ score }) => score);
    expect(scores).toEqual([...total.values()].toSorted((a, b) => b - a));
  });

  test("says what share of the others one leads", () => {
    expect([percentile(1, 1), percentile(1, 101), percentile(51, 101), percentile(101, 101)]).toEqual([100, 100, 50, 0]);
  });
});
