import * as fc from "fast-check";
import { expect, it } from "vitest";
import { sameText } from "./same-text";

it("holds for the same text alone, however long either is", () => {
  fc.assert(
    fc.property(fc.string(), fc.string({ minLength: 1 }), (given, secret) => {
      expect(sameText(given, secret)).toBe(given === secret);
      expect(sameText(secret, secret)).toBe(true);
      expect([sameText(`${secret}${secret}`, secret), sameText(secret.slice(1), secret), sameText("", secret)]).toEqual([
        false,
        false,
        false,
      ]);
    }),
  );
});

it("holds for nothing where there is no secret", () => {
  expect([sameText("", ""), sameText("a", "")]).toEqual([false, false]);
});
