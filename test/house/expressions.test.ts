import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
/** As long as the longest text that most fields take. */
const LENGTH = 4_000;
/** Milliseconds of processor time for one expression and one text: a thousand times what an honest one takes. */
const MOST_MS = 250;

/** A literal behind something that no operand can be: what stands there is no division. */
const LITERAL = /(?<=[=(,:[!&|?;{}]\s*|return\s+|=>\s*)\/(?![*/])((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+)\/([dgimsuvy]*)/g;

interface Found {
  readonly place: string;
  readonly expression: RegExp;
}

/** Every regular expression of the product. */
function expressions(): Found[] {
  return ["shared", "workers", "durable-objects"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !/\.(?:test|fixture)\.ts$/.test(name))
      .flatMap((name) => {
        const text = readFileSync(join(ROOT, folder, name), "utf8").replaceAll(/^\s*(?:\/\/|\*|\/\*).*$/gm, "");
        return [...text.matchAll(LITERAL)].flatMap(([whole, source = "", flags = ""]) => {
          try {
            return [{ place: `${folder}/${name}: ${whole}`, expression: new RegExp(source, flags) }];
          } catch {
            return [];
          }
        });
      }),
  );
}

/** Texts that make an expression try every way to divide them: repetitions of what it likes, with an end that it does not. */
function attacksOn({ source }: RegExp): string[] {
  const liked = new Set([
    "a",
    "0",
    " ",
    "-",
    ".",
    "_",
    "/",
    "A",
    "\t",
    "é",
    "%",
    ...source
      .replaceAll(/\\[a-z]/gi, "")
      .replaceAll(/[^\x20-\x7e]/g, "")
      .split(""),
  ]);
  const pairs = ["a.", "0.", "a-", "a ", "a,", "0,", "<a", "a=", '="', "\\a", "()", "[]", "a;", "00:", "T0", "+0"];
  return [...liked, ...pairs].flatMap((piece) => {
    const long = piece.repeat(Math.ceil(LENGTH / piece.length));
    return [long, `${long}\u0000`, `a${long}!`, `\u0000${long}`];
  });
}

test("no regular expression of the product takes long, whatever it is given", () => {
  const found = expressions();
  expect(found.length).toBeGreaterThan(100);
  const slow: string[] = [];
  for (const { place, expression } of found) {
    for (const text of attacksOn(expression)) {
      const before = process.threadCpuUsage();
      expression.lastIndex = 0;
      expression.test(text);
      const { user, system } = process.threadCpuUsage(before);
      if ((user + system) / 1_000 > MOST_MS) slow.push(`${place} on ${JSON.stringify(text.slice(0, 12))}…`);
    }
  }
  expect([...new Set(slow)]).toEqual([]);
});

test("the measure catches an expression that tries too much", () => {
  const evil = /^(?:a+)+$/;
  const before = process.threadCpuUsage();
  evil.test(`${"a".repeat(25)}!`);
  expect(process.threadCpuUsage(before).user / 1_000).toBeGreaterThan(MOST_MS);
});
