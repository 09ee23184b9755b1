import { expect, test } from "vitest";
import { digestOf, frame, shownOf } from "./texts";
import { NOTIFICATION_TYPE_NAMES } from "./types";

const words = { who: "Ben", what: "Steps of May", text: "my heart rate was 180" };

test.each(["en", "de"])(
  "every type has its texts in %s, without gaps that nobody filled, and a message outside says no more than is wanted",
  (locale) => {
    for (const type of NOTIFICATION_TYPE_NAMES)
      for (const count of [1, 3]) {
        const said = (["plain", "names", "details"] as const).map((content) => shownOf({ type, words, count }, locale, content));
        for (const { title, body } of said) expect(`${title} ${body}`).toMatch(/^[^{}]+ [^{}]+$/);
        const [plain, names] = said;
        for (const word of Object.values(words)) expect(JSON.stringify(plain)).not.toContain(word);
        expect(JSON.stringify(names)).not.toContain(words.text);
        // A name that is not known leaves no hole.
        expect(shownOf({ type, words: {}, count }, locale, "names")).toEqual(plain);
      }
  },
);

test("German is another text than English, and a language that is not there is English", () => {
  const said = (locale: string) => NOTIFICATION_TYPE_NAMES.map((type) => shownOf({ type, words: {}, count: 1 }, locale, "plain").body);
  expect(said("de-AT").filter((text, i) => text === said("en")[i])).toEqual([]);
  expect(said("fr")).toEqual(said("en"));
});

test("a digest says what there is, line by line, and counts what is beyond", () => {
  const told = Array.from({ length: 12 }, () => ({ type: "comment" as const, words, count: 1 }));
  const { title, body } = digestOf(told, "en", "names");
  expect([title, body.split("\n").length, body.split("\n").at(-1)]).toEqual(["12 notifications", 11, "and 2 more"]);
  expect(digestOf(told.slice(0, 1), "en", "names")).toEqual({ title: "New comment", body: "Ben has commented." });
  expect(frame("code", "en", { code: "$&123456" })).toContain("$&123456");
});
