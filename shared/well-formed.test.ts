import fc from "fast-check";
import { expect, test } from "vitest";
import { illFormedIn } from "./well-formed";

test.each<[unknown, string[] | undefined]>([
  ["\ud800", []],
  ["\udc00 after", []],
  [{ a: [1, { b: "half \ud83d" }] }, ["a", "1", "b"]],
  [{ "\ud800": 1 }, ["\ud800"]],
  [{ a: "😀", b: ["whole \ud83d\ude00", null, true, 1] }, undefined],
  [undefined, undefined],
])("%j", (value, place) => {
  expect(illFormedIn(value)).toEqual(place);
});

test("values nested without end are looked through", () => {
  let value: unknown = "\ud800";
  for (let depth = 0; depth < 50_000; depth++) value = [value];
  expect(illFormedIn(value)).toHaveLength(50_000);
});

test("what UTF-8 says as it is has none", () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
      const text = JSON.stringify(value);
      expect(illFormedIn(JSON.parse(new TextDecoder().decode(new TextEncoder().encode(text))))).toBeUndefined();
    }),
  );
});
