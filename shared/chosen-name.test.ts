import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chosenName, hasInvisible, withoutInvisible } from "./chosen-name";

const schema = chosenName({ most: 120 });
const isName = (text: string) => schema.safeParse(text).success;

/** What no name may hold, wherever it stands: controls, directions, and what is not seen. */
const NEVER = Array.from(
  "\u0000\u0007\n\r\t\u001B\u007F\u0085\u00AD\u034F\u061C\u115F\u1160\u17B4\u180E\u200B\u200E\u200F\u2028\u2029\u202A\u202B\u202C\u202D\u202E" +
    "\u2060\u2061\u2064\u2066\u2067\u2068\u2069\u206A\u206F\u3164\uFEFF\uFFA0\uFFF9\uFFFB\u{E0001}\u{E0041}\u{1D173}",
);

const JOINERS = ["\u200C", "\u200D", "\uFE0F", "\u{E0101}"];

/** Letters of scripts that join nothing. */
const plain = fc.string({ unit: fc.constantFrom(...Array.from("abcXYZäößéŁЖΩשא 1#")), minLength: 1, maxLength: 20 });

describe("a name that somebody chooses", () => {
  test.each([
    "Ada",
    "  Ada Lovelace  ",
    "José Ñandú-O’Hara",
    "Ångström №1",
    "שרה כהן",
    "محمد علی",
    "می\u200Cخواهم",
    "ශ්\u200Dරී ලංකා",
    "क्\u200Dष and न\u094D\u200Cन",
    "ന്\u200D",
    "葛\u{E0100}城",
    "👩\u200D👩\u200D👧\u200D👦 family",
    "🏳️\u200D🌈🏴\u200D☠️❤️\u200D🔥",
    "👩🏽\u200D🚀👁️\u200D🗨️",
    "1️⃣ #️⃣ ☀️ ☀︎",
    "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F} runners",
    "🏃",
    "Jane\u00A0Doe",
  ])("may be %s", (name) => {
    expect(schema.parse(name)).toBe(name.trim());
  });

  test.each([
    ["a\u200Db", "a joiner between letters that do not join"],
    ["می\u200C", "one with nothing after it"],
    ["می\u200C\u200Cخ", "two of them"],
    ["🏃\u200D", "an emoji that goes on with nothing"],
    ["A\uFE0F", "a form of what has none"],
    ["1\uFE0F", "half a keycap"],
    ["🏴\u{E0067}\u{E0062}", "half a flag"],
    ["🏃\u{E0067}\u{E007F}", "a flag that is none"],
  ])("is not %j: %s", (name) => {
    expect(isName(name)).toBe(false);
  });

  test.each(["", "   ", "\u2800", "\u2800 \u2800", "\u0301", "\u3164", "\uFEFF"])("shows something: %j does not", (name) => {
    expect(isName(name)).toBe(false);
  });

  test("has nothing that nobody sees, wherever it stands", () => {
    fc.assert(
      fc.property(plain, plain, fc.constantFrom(...NEVER, ...JOINERS), (before, after, hidden) => {
        expect(isName(`x${before}${hidden}${after}x`)).toBe(false);
        expect(isName(`x${before}${after}x`)).toBe(true);
        expect(withoutInvisible(`x${before}${hidden}${after}x`)).toBe(`x${before}${after}x`);
      }),
    );
  });

  test("without what is not seen is a text that has none, and a text that has none stays as it is", () => {
    const part = fc.oneof(
      plain,
      fc.constantFrom(...NEVER, ...JOINERS),
      fc.constantFrom("م", "ي", "ක", "්", "🏃", "👩", "葛", "🏴", "1", "\u20E3"),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const text = parts.join("");
        const clean = withoutInvisible(text);
        expect(hasInvisible(clean)).toBe(false);
        expect(withoutInvisible(clean)).toBe(clean);
        if (!hasInvisible(text)) expect(clean).toBe(text);
      }),
    );
  });

  test("says what is wrong with it, and not what it is", () => {
    const issues = schema.safeParse("a\u202Eb").error?.issues;
    expect(issues).toMatchObject([{ code: "custom", params: { code: "invisible_characters" } }]);
    expect(JSON.stringify(issues)).not.toContain("\u202E");
  });
});
