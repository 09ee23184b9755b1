import { describe, expect, test } from "vitest";
import { parseSearch, type SearchSetting } from "./search";

const SETTING: SearchSetting = { timeZone: "UTC", now: 0, lenient: false };
const parse = (query: string, setting = SETTING) => parseSearch("Observation", [...new URLSearchParams(query)], setting);

describe("a search", () => {
  test("reads tokens in all four forms, commas as alternatives, repeats as conjunctions", () => {
    expect(parse("code=http://loinc.org|8867-4,8310-5,|x,http://loinc.org|&code=a\\,b").codes).toEqual([
      [
        { system: "http://loinc.org", code: "8867-4" },
        { system: undefined, code: "8310-5" },
        { system: "", code: "x" },
        { system: "http://loinc.org", code: undefined },
      ],
      [{ system: undefined, code: "a,b" }],
    ]);
  });

  test("reads references as ids, types and URLs", () => {
    expect(parse("patient=p1,Patient/p2&subject:Patient=https://x.test/fhir/r4/Patient/p3").patients).toEqual([["p1", "p2"], ["p3"]]);
  });

  test("bounds the page and sorts newest first unless asked otherwise", () => {
    expect(parse("")).toMatchObject({ count: 50, sort: "-date", total: false, ids: undefined });
    expect(parse("_count=5000&_sort=_lastUpdated&_total=accurate")).toMatchObject({ count: 200, sort: "_lastUpdated", total: true });
  });

  test.each([
    "value-quantity=gt60",
    "code:in=x",
    "_count=many",
    "_sort=value",
    "date=tomorrow",
    "_total=all",
    "_include=Observation:device",
  ])("%s is refused", (query) => {
    expect(() => parse(query)).toThrow(expect.objectContaining({ code: "malformed" }));
  });

  test("ignores what it does not know for a lenient client, and says so", () => {
    expect(parse("value-quantity=gt60&code=x", { ...SETTING, lenient: true })).toMatchObject({
      ignored: ["The search parameter value-quantity is not supported and was ignored."],
      codes: [[{ code: "x" }]],
    });
  });
});
