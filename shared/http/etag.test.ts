import { expect, test } from "vitest";
import { namesVersion } from "./etag";

test.each<[string, string, boolean]>([
  ['W/"3"', "3", true],
  ['"3"', "3", true],
  ['W/"1", W/"3"', "3", true],
  ["*", "3", true],
  ['W/"30"', "3", false],
  ["", "3", false],
])("%s names version %s: %s", (header, version, is) => {
  expect(namesVersion(header, version)).toBe(is);
});
