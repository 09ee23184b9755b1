import fc from "fast-check";
import { expect, test } from "vitest";
import { applyJsonPatch, isSame, type Json } from "./json-patch";

test.each<[string, Json, unknown, Json]>([
  ["adds a member", { a: 1 }, [{ op: "add", path: "/b", value: 2 }], { a: 1, b: 2 }],
  ["adds into an array", { a: [1, 3] }, [{ op: "add", path: "/a/1", value: 2 }], { a: [1, 2, 3] }],
  ["adds at the end", { a: [1] }, [{ op: "add", path: "/a/-", value: 2 }], { a: [1, 2] }],
  ["replaces", { a: [1, 2] }, [{ op: "replace", path: "/a/0", value: 9 }], { a: [9, 2] }],
  ["replaces the whole", { a: 1 }, [{ op: "replace", path: "", value: [1] }], [1]],
  ["removes", { a: [1, 2], b: 1 }, [{ op: "remove", path: "/a/0" }], { a: [2], b: 1 }],
  ["moves", { a: { b: 1 }, c: {} }, [{ op: "move", from: "/a/b", path: "/c/d" }], { a: {}, c: { d: 1 } }],
  ["copies", { a: [1] }, [{ op: "copy", from: "/a", path: "/b" }], { a: [1], b: [1] }],
  [
    "tests, whatever the order of members",
    { a: { x: 1, y: 2 } },
    [{ op: "test", path: "/a", value: { y: 2, x: 1 } }],
    { a: { x: 1, y: 2 } },
  ],
  [
    "unescapes",
    { "a/b": 1, "c~d": 2 },
    [
      { op: "replace", path: "/a~1b", value: 3 },
      { op: "remove", path: "/c~0d" },
    ],
    { "a/b": 3 },
  ],
])("%s", (_name, document, patch, result) => {
  const before = structuredClone(document);
  expect(applyJsonPatch(document, patch)).toEqual(result);
  expect(document).toEqual(before);
});

test.each<[unknown, string]>([
  [{}, "malformed"],
  [[{ op: "jump", path: "/a" }], "malformed"],
  [[{ op: "add", path: "a", value: 1 }], "malformed"],
  [[{ op: "add", path: "/a" }], "malformed"],
  [[{ op: "add", path: "/a~2", value: 1 }], "malformed"],
  [[{ op: "remove", path: "/x" }], "invalid"],
  [[{ op: "replace", path: "/x", value: 1 }], "invalid"],
  [[{ op: "add", path: "/a/01", value: 1 }], "invalid"],
  [[{ op: "add", path: "/a/9", value: 1 }], "invalid"],
  [[{ op: "remove", path: "/a/-" }], "invalid"],
  [[{ op: "test", path: "/a/0", value: 2 }], "invalid"],
  [[{ op: "replace", path: "/__proto__/x", value: 1 }], "invalid"],
  [[{ op: "move", from: "/a", path: "/a/0" }], "invalid"],
])("%j is refused", (patch, code) => {
  expect(() => applyJsonPatch({ a: [1] }, patch)).toThrow(expect.objectContaining({ code }));
});

test("adding and removing a member gives what was there, and a prototype is never reached", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), fc.jsonValue(), (document, name, value) => {
      const path = `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      const had = Object.hasOwn(document, name);
      const more = applyJsonPatch(document as Json, [{ op: "add", path, value }]);
      expect(isSame((more as Record<string, Json>)[name], value as Json)).toBe(true);
      if (!had) expect(isSame(applyJsonPatch(more, [{ op: "remove", path }]), document as Json)).toBe(true);
      expect(Object.getPrototypeOf({})).toBe(Object.prototype);
    }),
  );
});
