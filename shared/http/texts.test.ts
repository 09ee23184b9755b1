import { describe, expect, test } from "vitest";
import { PROBLEMS, type ProblemCode } from "../problem";
import { LANGUAGES, languageOf, problemTitle } from "./texts";

describe("languages", () => {
  test.each([
    [undefined, "en"],
    ["", "en"],
    ["de", "de"],
    ["de-CH", "de"],
    ["fr, de;q=0.4, en;q=0.8", "en"],
    ["fr, en;q=0.4, de;q=0.8", "de"],
    ["de;q=0, en", "en"],
    ["*, de;q=0.1", "en"],
    ["ja", "en"],
    ["de;q=high", "de"],
    [`${"x,".repeat(5_000)}de`, "en"],
  ])("%s is %s", (header, language) => expect(languageOf(header)).toBe(language));

  test("every language has a title for every problem", () => {
    for (const code of Object.keys(PROBLEMS) as ProblemCode[]) {
      const titles = LANGUAGES.map((language) => problemTitle(code, language));
      expect(new Set(titles).size, code).toBe(LANGUAGES.length);
    }
  });
});
