import fc from "fast-check";
import { expect, test } from "vitest";
import { BatchBuilder } from "./batch";

const SOURCES = ["a", "b", "c"].map((vendor) => ({ vendor }) as const);

const entry = fc.record({
  what: fc.constantFrom("sample", "interval", "reading", "delete", "range"),
  metric: fc.constantFrom("steps", "heart_rate"),
  source: fc.integer({ min: 0, max: 2 }),
  at: fc.integer({ min: 0, max: 1_000 }),
  value: fc.integer({ min: 0, max: 99 }),
  id: fc.option(fc.constantFrom("x", "y"), { nil: undefined }),
});
type Entry = typeof entry extends fc.Arbitrary<infer T> ? T : never;

function put(into: BatchBuilder, { what, metric, source, at, value, id }: Entry): void {
  const from = into.source(SOURCES[source] ?? { vendor: "a" });
  if (what === "sample") into.sample(metric, from, at, value, 0, at, id);
  else if (what === "interval") into.interval(metric, from, at, at + 10, value, 0, at, id);
  else if (what === "reading")
    into.reading({ metric, source: from, start: at, end: at, zone: 0, version: value, body: { value } } as never);
  else if (what === "delete") into.delete("a", id ?? "z", at);
  else into.deleteRange({ vendor: "a", metrics: [metric], from: at, to: at + 1 } as never);
}

test("batches added one after another are what one builder would have collected", () => {
  fc.assert(
    fc.property(fc.array(fc.array(entry, { maxLength: 12 }), { maxLength: 5 }), (parts) => {
      const [whole, added] = [new BatchBuilder(), new BatchBuilder()];
      for (const part of parts) {
        const own = new BatchBuilder();
        // Its own sources, in another order than the whole's.
        for (const one of part) {
          put(own, one);
          put(whole, one);
        }
        added.add(own.take());
      }
      expect(added.size).toBe(whole.size);
      expect(added.take()).toEqual(whole.take());
    }),
  );
});
