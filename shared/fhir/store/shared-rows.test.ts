import fc from "fast-check";
import { expect, test } from "vitest";
import type { IndexEntry } from "../r4/index-entries";
import { rowsOf } from "./conditions";
import { COLUMNS, SharedRows } from "./shared-rows";

const LOINC = "http://loinc.org";
const code = (text: string): IndexEntry => ({ param: "code", value: { kind: "token", system: LOINC, code: text } });

test("what several resources are found by stands there once, with all of them", () => {
  const rows = new SharedRows();
  for (const [n, text] of [
    [1, "a"],
    [2, "b"],
    [3, "a"],
  ] as const)
    rows.add(n, "Observation", [code(text)]);
  expect(rows.all.get("token")).toEqual([
    { param: "Observation.code", values: ["a", LOINC], numbers: [1, 3] },
    { param: "Observation.code", values: ["b", LOINC], numbers: [2] },
  ]);
});

test("types and parameters share nothing", () => {
  const rows = new SharedRows();
  rows.add(1, "Observation", [code("a"), { ...code("a"), param: "category" }]);
  rows.add(2, "Condition", [code("a")]);
  expect(rows.all.get("token")?.map(({ param, numbers }) => [param, numbers])).toEqual([
    ["Observation.code", [1]],
    ["Observation.category", [1]],
    ["Condition.code", [2]],
  ]);
});

test("together they are the rows of each, whatever the texts", () => {
  // Few letters, and the one that parts values: different values make the same text.
  const text = fc.string({ unit: fc.constantFrom("a", "\n", "1"), maxLength: 3 });
  const entry: fc.Arbitrary<IndexEntry> = fc.record({
    param: fc.constantFrom("code", "value"),
    value: fc.oneof(
      fc.record({ kind: fc.constant("token" as const), code: text, system: text, text }),
      fc.record({ kind: fc.constant("string" as const), folded: text, exact: text }),
      fc.record({ kind: fc.constant("quantity" as const), value: fc.integer({ min: 0, max: 2 }), system: text, code: text, unit: text }),
      fc.record({ kind: fc.constant("date" as const), lo: fc.integer({ min: 0, max: 2 }), hi: fc.integer({ min: 0, max: 2 }) }),
    ),
  });
  fc.assert(
    fc.property(fc.array(fc.array(entry, { maxLength: 6 }), { maxLength: 8 }), (resources) => {
      const rows = new SharedRows();
      resources.forEach((entries, n) => rows.add(n, "Observation", entries));
      const found = [...rows.all].flatMap(([family, all]) =>
        all.flatMap(({ param, values, numbers }) => numbers.map((n) => JSON.stringify([family, param, values, n]))),
      );
      const wanted = resources.flatMap((entries, n) =>
        rowsOf(entries).map(({ family, name, row }) =>
          JSON.stringify([family, `Observation.${name}`, COLUMNS[family].map((column) => row[column] ?? ""), n]),
        ),
      );
      expect(found.toSorted()).toEqual(wanted.toSorted());
    }),
  );
});
