import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchesOf } from "./messages";

const pointer = (person: string, n: number, more = "") => JSON.stringify({ kind: "changed", person, n, object: more });
type Told = { readonly person: string; readonly n: number };
const messagesOf = (pointers: readonly string[]) => batchesOf(pointers).map((batch) => batch.map(({ body }) => body as Told[]));

describe("pointers as messages", () => {
  it("share a message where they are of one person", () => {
    const messages = messagesOf([pointer("a", 1), pointer("b", 2), pointer("a", 3)]);
    expect(messages.map((batch) => batch.map((message) => message.map(({ person, n }) => person + n)))).toEqual([[["a1", "a3"], ["b2"]]]);
  });

  it("are none where there is none", () => {
    expect(batchesOf([])).toEqual([]);
  });

  it("are all there once, those of a person in their order, in messages and batches that a queue takes", () => {
    const one = fc.record({ person: fc.integer({ min: 0, max: 40 }), letters: fc.constantFrom(0, 10, 256, 30_000) });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 400 }), (given) => {
        const batches = batchesOf(given.map(({ person, letters }, n) => pointer(`p${person}`, n, "\u20ac".repeat(letters))));
        const seen = new Map<string, number[]>();
        for (const batch of batches) {
          expect(batch.length).toBeLessThanOrEqual(100);
          expect(new TextEncoder().encode(JSON.stringify(batch)).length).toBeLessThan(256_000);
          for (const { body } of batch) {
            const told = body as Told[];
            expect(told.length).toBeLessThanOrEqual(100);
            expect(new TextEncoder().encode(JSON.stringify(told)).length).toBeLessThan(128_000);
            expect(new Set(told.map(({ person }) => person)).size).toBe(1);
            for (const { person, n } of told) seen.set(person, [...(seen.get(person) ?? []), n]);
          }
        }
        const asGiven = new Map<string, number[]>();
        for (const [n, { person }] of given.entries()) asGiven.set(`p${person}`, [...(asGiven.get(`p${person}`) ?? []), n]);
        expect(seen).toEqual(asGiven);
      }),
      { numRuns: 50 },
    );
  });
});
