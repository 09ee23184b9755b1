import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anonymise, type Contribution, LEAST_COHORT } from "./anonymise";
import { bandsOf, classOf, NODES, type Traits } from "./lattice";
import { MOST_SHIFT_DAYS, pseudonymOf, shiftOf } from "./pseudonym";

const traits: fc.Arbitrary<Traits> = fc.record({
  age: fc.option(fc.integer({ min: 0, max: 120 }), { nil: null }),
  sex: fc.constantFrom("female", "male", null),
  heightCm: fc.option(fc.integer({ min: 50, max: 250 }), { nil: null }),
  weightKg: fc.option(fc.integer({ min: 2, max: 300 }), { nil: null }),
});
const days = fc.array(
  fc.record({
    day: fc.integer({ min: 20_000, max: 20_040 }),
    values: fc.dictionary(fc.constantFrom("steps", "weight", "temperature"), fc.double({ min: -50, max: 30_000, noNaN: true }), {
      maxKeys: 3,
    }),
  }),
  { maxLength: 6 },
);
const cohort = fc
  .array(fc.record({ traits, days }), { maxLength: 60 })
  .map((list) => list.map((one, i): Contribution => ({ ...one, name: `p_${i}` })));

describe("a release", () => {
  test("has no class of fewer than k people, whatever comes in", () => {
    fc.assert(
      fc.property(cohort, fc.integer({ min: 0, max: 15 }), (people, k) => {
        const least = Math.max(k, LEAST_COHORT);
        const release = anonymise(people, k);
        expect(release === undefined).toBe(people.length < least);
        for (const group of Map.groupBy(release?.people ?? [], ({ bands }) => classOf(bands)).values())
          expect(group.length).toBeGreaterThanOrEqual(least);
      }),
    );
  });

  test("shows no value that fewer than k people of a class have", () => {
    fc.assert(
      fc.property(cohort, (people) => {
        const holders = new Map<string, Set<string>>();
        for (const { name, bands, days: shown } of anonymise(people, LEAST_COHORT)?.people ?? []) {
          for (const { values } of shown)
            for (const [metric, bin] of Object.entries(values)) {
              const cell = `${classOf(bands)} ${metric} ${bin[0]}`;
              holders.set(cell, (holders.get(cell) ?? new Set<string>()).add(name));
            }
        }
        for (const names of holders.values()) expect(names.size).toBeGreaterThanOrEqual(LEAST_COHORT);
      }),
    );
  });

  test("only leaves out: everybody in it came in, with their own bands, days and values, and what is missing is counted", () => {
    fc.assert(
      fc.property(cohort, (people) => {
        const release = anonymise(people, LEAST_COHORT);
        if (release === undefined) return;
        const given = new Map(people.map((one) => [one.name, one]));
        expect(release.people.length + release.suppressedPeople).toBe(people.length);
        let shown = 0;
        for (const { name, bands, days: kept } of release.people) {
          const source = given.get(name);
          expect(source && bandsOf(source.traits, release.node)).toEqual(bands);
          for (const { day, values } of kept)
            for (const [metric, [from, to]] of Object.entries(values)) {
              shown++;
              const fits = source?.days.some((one) => one.day === day && covers(from, to, one.values[metric]));
              expect(fits, `${metric} ${from} ${to}`).toBe(true);
            }
        }
        const within = new Set(release.people.map(({ name }) => name));
        const came = people.filter(({ name }) => within.has(name)).flatMap((one) => one.days.flatMap(({ values }) => Object.keys(values)));
        expect(shown + release.suppressedValues).toBe(came.length);
      }),
    );
  });

  test("is as fine as it can be: people who are alike are shown at the finest node", () => {
    const alike = Array.from({ length: 12 }, (_, i): Contribution => ({
      name: `p_${i}`,
      traits: { age: 41, sex: "female", heightCm: 168, weightKg: 64 },
      days: [{ day: 20_000, values: { steps: 9_001 } }],
    }));
    const release = anonymise(alike, 11);
    expect(release?.people[0]).toMatchObject({
      bands: { age: "40-44", sex: "female", heightCm: "160-169", weightKg: "60-69" },
      days: [{ day: 20_000, values: { steps: [9_000, 9_010] } }],
    });
    expect([release?.suppressedPeople, release?.suppressedValues]).toEqual([0, 0]);
  });

  test("does not ask for fewer than eleven", () => {
    const ten = Array.from({ length: 10 }, (_, i): Contribution => ({ name: `${i}`, traits: NOBODY, days: [] }));
    expect(anonymise(ten, 1)).toBeUndefined();
    expect(anonymise([...ten, { name: "x", traits: NOBODY, days: [] }], 1)?.people).toHaveLength(11);
  });
});

describe("the lattice", () => {
  test("begins with the finest node and ends with one that shows nothing", () => {
    expect(NODES).toHaveLength(72);
    expect(NODES[0]).toEqual({ age: 0, sex: 0, heightCm: 0, weightKg: 0 });
    const last = NODES.at(-1);
    fc.assert(fc.property(traits, (one) => last !== undefined && classOf(bandsOf(one, last)) === "*|*|*|*"));
  });

  test("only joins classes on its way up: who is alike at a node is alike at every coarser one", () => {
    const pairs = NODES.flatMap((fine) =>
      NODES.filter((coarse) => TRAITS.every((trait) => fine[trait] <= coarse[trait])).map((coarse) => ({ fine, coarse })),
    );
    fc.assert(
      fc.property(traits, traits, (a, b) => {
        for (const { fine, coarse } of pairs)
          if (classOf(bandsOf(a, fine)) === classOf(bandsOf(b, fine)))
            expect(classOf(bandsOf(a, coarse))).toBe(classOf(bandsOf(b, coarse)));
      }),
    );
  });

  test("keeps everybody of ninety or more together", () => {
    const [finest] = NODES;
    expect(finest && [90, 104].map((age) => bandsOf({ ...NOBODY, age }, finest).age)).toEqual(["90+", "90+"]);
  });
});

describe("somebody who knows a participant", () => {
  // A made-up cohort: two hundred people with half a year each.
  const key = new Uint8Array(32).fill(7);
  const start = 20_000;
  const ids = Array.from({ length: 200 }, (_, i) => `per_eu_${i}`);
  const stepsOf = (i: number, day: number) => 4_000 + ((i * 7_919 + day * 104_729) % 9_000);
  const traitsOf = (i: number): Traits => ({
    age: 20 + ((i * 13) % 60),
    sex: i % 2 === 0 ? "female" : "male",
    heightCm: 150 + ((i * 29) % 50),
    weightKg: 50 + ((i * 31) % 60),
  });
  const people = ids.map((id, i): Contribution => {
    const shift = shiftOf(key, id);
    const own = Array.from({ length: 180 }, (_, day) => ({ day: start + day + shift, values: { steps: stepsOf(i, day) } }));
    return { name: pseudonymOf(key, id), traits: traitsOf(i), days: own };
  });
  const release = anonymise(people, LEAST_COHORT);

  /** Rows that fit what somebody knows of a target: their traits, and their steps of one day. */
  const fitting = (target: number, day: number, isDated: boolean) =>
    (release?.people ?? []).filter(
      (one) =>
        release !== undefined &&
        classOf(one.bands) === classOf(bandsOf(traitsOf(target), release.node)) &&
        one.days.some((shown) => {
          const bin = shown.values["steps"];
          const isNear = !isDated || Math.abs(shown.day - (start + day)) <= MOST_SHIFT_DAYS;
          return isNear && bin !== undefined && covers(bin[0], bin[1], stepsOf(target, day));
        }),
    ).length;

  test("by birth date, sex, height, weight, and the steps of a day, finds at least eleven rows that fit", () => {
    let left = 0;
    for (let target = 0; target < ids.length; target++) {
      const found = fitting(target, 17 + (target % 100), false);
      // None where they, or this value of theirs, were left out.
      if (found === 0) left++;
      else expect(found, `target ${target}`).toBeGreaterThanOrEqual(LEAST_COHORT);
    }
    expect(left).toBeLessThan(40);
  });

  test("and by the date of that day as well is still left with several", () => {
    const found = ids.map((_, target) => fitting(target, 17 + (target % 100), true)).filter((count) => count > 0);
    expect(Math.min(...found)).toBeGreaterThan(1);
    expect(found.length).toBeGreaterThan(160);
  });

  test("finds no id, no exact value and no true date in the release", () => {
    const text = JSON.stringify(release);
    expect(text).not.toContain("per_eu_");
    const exact = release?.people.flatMap((one) => one.days.flatMap(({ values }) => Object.values(values))) ?? [];
    expect(exact.every(([from, to]) => to > from)).toBe(true);
    const moved = ids.filter((id) => shiftOf(key, id) !== 0);
    expect(moved.length).toBeGreaterThan(195);
  });
});

const TRAITS = ["age", "sex", "heightCm", "weightKg"] as const;
const NOBODY: Traits = { age: null, sex: null, heightCm: null, weightKg: null };

/** Bins are shown with ten digits. */
function covers(from: number, to: number, value: number | undefined): boolean {
  const slack = Math.abs(to - from) * 1e-6;
  return value !== undefined && value >= from - slack && value < to + slack;
}
