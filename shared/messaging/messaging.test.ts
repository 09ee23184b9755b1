import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blocklist } from "./blocklist";
import { digestOf } from "./digest";
import { verbSchema } from "./verbs";

describe("a blocklist", () => {
  const has = blocklist(["bad", "Schöne Worte", "x"]);
  test.each(["bad", "BAD!", "so bád.", "b.a.d", "b a d", "schone  worte", "\u{1D41B}\u{1D41A}\u{1D41D}"])("finds %j", (text) => {
    expect(has(text)).toBe(true);
  });
  test.each(["badly", "abad", "schöne andere worte", "ba d", ""])("leaves %j alone", (text) => {
    expect(has(text)).toBe(false);
  });
  test("of nothing refuses nothing", () => {
    fc.assert(
      fc.property(fc.string(), (text) => !blocklist([])(text) && !blocklist(["…"])(text)),
      { numRuns: 100 },
    );
  });
  test("finds each of its words in any sentence", () => {
    const word = fc.stringMatching(/^[a-zäöüß]{2,8}$/);
    fc.assert(
      fc.property(word, fc.array(word), fc.array(word), (bad, before, after) =>
        blocklist([bad])([...before, bad.toUpperCase(), ...after].join(" ")),
      ),
      { numRuns: 200 },
    );
  });
});

test("texts that differ have digests that differ, as far as chance allows", () => {
  const digests = new Set(Array.from({ length: 20_000 }, (_, i) => digestOf(`{"text":"message ${i}"}`)));
  expect(digests.size).toBe(20_000);
  expect(digestOf("same")).toBe(digestOf("same"));
});

describe("a verb", () => {
  const accepts = (verb: unknown) => verbSchema.safeParse(verb).success;
  test.each([
    { type: "send", clientId: "1", text: "hi" },
    { type: "react", seq: 3, emoji: "👍🏽" },
    { type: "react", seq: 3, emoji: "🏳️‍🌈" },
    { type: "read", seq: 1, private: true },
    { type: "send", clientId: "1", poll: { question: "When?", options: ["Now", "Later"] } },
  ])("%j is one", (verb) => {
    expect(accepts(verb)).toBe(true);
  });
  test.each([
    { type: "send", text: "no id" },
    { type: "send", clientId: "1", text: " \n " },
    { type: "send", clientId: "1", text: "half \uD800" },
    { type: "send", clientId: "1", text: "x".repeat(8_001) },
    { type: "send", clientId: "1", text: "hi", extra: 1 },
    { type: "react", seq: 3, emoji: "👍👍" },
    { type: "react", seq: 3, emoji: "ok" },
    { type: "read", seq: 0 },
    { type: "send", clientId: "1", poll: { question: "When?", options: ["Now", "Now"] } },
    { type: "drop_table" },
  ])("%j is none", (verb) => {
    expect(accepts(verb)).toBe(false);
  });
});
