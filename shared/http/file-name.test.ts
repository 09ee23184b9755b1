import fc from "fast-check";
import { expect, test } from "vitest";
import { fileNameIn } from "./file-name";

test.each([
  [undefined, ""],
  ["ma%C3%9F.png", "maß.png"],
  ["100%.csv", "100%.csv"],
  ["a%00b%0D%0A.txt", "ab.txt"],
  ["..%2F..%2Fetc%2Fpasswd", "passwd"],
  ["C%3A%5Cscans%5Cblood.pdf", "blood.pdf"],
  ["%E2%80%AEgpj.exe", "gpj.exe"],
  ["a%E2%80%8Bb%EF%BB%BF.png", "ab.png"],
  [`${"a".repeat(254)}%F0%9F%98%80`, "a".repeat(254)],
])("%s", (header, name) => {
  expect(fileNameIn(header)).toBe(name);
});

test("any header gives a name that a header can say", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 600 }), (header) => {
      const name = fileNameIn(header.toWellFormed());
      expect(name.length).toBeLessThanOrEqual(255);
      expect(decodeURIComponent(encodeURIComponent(name))).toBe(name);
    }),
  );
});
