import fc from "fast-check";
import { expect, test } from "vitest";
import { newCode, readCode } from "./wallet";

const random = (seed: Uint8Array) => (bytes: Uint8Array<ArrayBuffer>) => {
  bytes.set(seed.subarray(0, bytes.length));
  return bytes;
};

test("a code is read as it was made, however somebody types it", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (seed) => {
      const code = newCode(random(seed));
      expect(code).toMatch(/^([0-9A-Z]{4}-){3}[0-9A-Z]{4}$/);
      const typed = code.toLowerCase().replaceAll("-", " ").replaceAll("0", "o").replaceAll("1", "l");
      expect(readCode(typed)).toBe(code);
    }),
  );
});

test("what is no code is told from one", () => {
  for (const text of ["", "ABCD", "UUUU-UUUU-UUUU-UUUU", `${"A".repeat(17)}`]) expect(readCode(text)).toBeUndefined();
});
