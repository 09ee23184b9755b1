import fc from "fast-check";
import { expect, test } from "vitest";
import { type Mark, markKey, packMarks, unpackMarks } from "./marks";

const mark: fc.Arbitrary<Mark> = fc.record({
  at: fc.integer({ min: -2_208_988_800_000, max: 4_102_444_800_000 }),
  span: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 100_000_000 })),
  tag: fc.oneof(fc.constant(""), fc.string({ maxLength: 20 })),
});

test("what is packed comes out again, each once, in order of time", () => {
  fc.assert(
    fc.property(fc.array(mark, { maxLength: 200 }), (marks) => {
      const out = unpackMarks(packMarks([...marks, ...marks.slice(0, 5)]));
      expect(new Set(out.map(markKey))).toEqual(new Set(marks.map(markKey)));
      expect(out).toHaveLength(new Set(marks.map(markKey)).size);
      expect(out.map(({ at }) => at)).toEqual(out.map(({ at }) => at).toSorted((a, b) => a - b));
    }),
  );
});

test("a regular hour takes a few bytes, an irregular one about two a mark", () => {
  const regular = Array.from({ length: 3_600 }, (_, i) => ({ at: 1_700_000_000_000 + i * 1_000, span: 0, tag: "" }));
  expect(packMarks(regular).length).toBeLessThan(20);
  const irregular = Array.from({ length: 1_000 }, (_, i) => ({
    at: 1_700_000_000_000 + (i * 300 + ((i * i * 7) % 13)) * 1_000,
    span: 0,
    tag: "",
  }));
  expect(packMarks(irregular).length).toBeLessThan(3_200);
});
