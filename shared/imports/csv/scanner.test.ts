import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { csvLine } from "../../exports/csv";
import { CsvScanner } from "./scanner";

function scan(text: string, pieces: readonly number[] = [], delimiter = ","): string[][] {
  const scanner = new CsvScanner(delimiter);
  const cuts = [0, ...pieces.map((cut) => cut % (text.length + 1)).toSorted((a, b) => a - b), text.length];
  const rows = cuts.slice(1).flatMap((cut, i) => scanner.push(text.slice(cuts[i], cut)));
  return [...rows, ...scanner.finish()].map(({ cells }) => [...cells]);
}

test("what is written as CSV is read again, however it is cut into pieces", () => {
  const cell = fc.string({ unit: fc.constantFrom("a", "1", ",", ";", '"', "\r", "\n", " ", "é", "😀"), maxLength: 8 });
  fc.assert(
    fc.property(
      fc.array(fc.array(cell, { minLength: 1, maxLength: 5 }), { maxLength: 8 }),
      fc.array(fc.nat(), { maxLength: 6 }),
      (rows, cuts) => {
        const kept = rows.filter((row) => row.length > 1 || row[0] !== "");
        // The writer guards texts that a spreadsheet would run; the guard is part of the cell.
        const guarded = kept.map((row) => row.map((text) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text)));
        expect(scan(kept.map(csvLine).join(""), cuts)).toEqual(guarded);
      },
    ),
  );
});

describe("tables of other writers", () => {
  test.each([
    [
      "line ends of every kind",
      "a,b\nc,d\r\ne,f\rg,h",
      [
        ["a", "b"],
        ["c", "d"],
        ["e", "f"],
        ["g", "h"],
      ],
    ],
    ["a quote within a cell", 'a,6" pipe\n', [["a", '6" pipe']]],
    ["text after a closing quote", '"a"b,c\n', [["ab", "c"]]],
    ["empty lines and cells", "\n\na,,\n\n", [["a", "", ""]]],
    ["no line end at the end", "a,", [["a", ""]]],
  ])("%s", (_what, text, rows) => {
    expect(scan(text)).toEqual(rows);
  });

  test("lines are counted as an editor counts them", () => {
    const rows = new CsvScanner(";").push('a;b\r\n"two\r\nlines";c\r\n\r\nd;e\r\n');
    expect(rows.map(({ line }) => line)).toEqual([1, 2, 5]);
  });

  test("a quoted cell that does not end names its line", () => {
    const scanner = new CsvScanner(",");
    scanner.push('a,b\n"c,d\n');
    expect(() => scanner.finish()).toThrow(expect.objectContaining({ detail: expect.stringContaining("line 2") as string }) as Error);
  });
});
