import { describe, expect, it } from "vitest";
import { buildList, isCommonPassword } from "./common-passwords";
import { passwordFault } from "./password-rules";

const ADA = { email: "ada.lovelace@example.org", name: "Ada Byron" };

const COMMON = `
password Password1 P@ssw0rd passw0rd123 12345678 123456789 87654321 11111111 00000000 12121212 qwertyuiop QWERTY123 qwertz123
1q2w3e4r 1qaz2wsx zaq12wsx asdfghjk iloveyou iloveyou1 letmein1 letmein123 sunshine princess football1 baseball superman trustno1
welcome1 welcome2024 Welcome123! dragon123 monkey123 michael1 jennifer abcd1234 abcdefgh summer2025 starwars whatever admin123
administrator changeme computer liverpool1 chocolate pokemon123 19901990 20202020 aaaaaaaaaaaa abababababab
`;

describe("common passwords", () => {
  it("are at least three thousand", () => {
    expect(buildList().size).toBeGreaterThan(3_000);
    for (const password of buildList()) expect(password.length).toBeGreaterThanOrEqual(8);
  });

  it.each(COMMON.trim().split(/\s+/))("include %s", (password) => {
    expect(isCommonPassword(password)).toBe(true);
  });

  it.each(["correct horse battery staple", "vq-01kad7-zw-9", "T7#hq0!mzL2e", "eleven purple trombones"])(
    "do not include %s",
    (password) => {
      expect(isCommonPassword(password)).toBe(false);
    },
  );
});

describe("passwordFault", () => {
  it.each(["xx-ada.lovelace-99", "Ada.Lovelace!7", "my ada byron pass", "AdaByron-2xq!", "the-meridian-way", "MERIDIAN-7781"])(
    "refuses %s",
    (password) => {
      expect(passwordFault(password, ADA)?.code).toBe("contains_context");
    },
  );

  it("says why a common password is refused", () => {
    expect(passwordFault("Password123", ADA)?.code).toBe("common_password");
  });

  it("does not look for words that are found everywhere by chance", () => {
    expect(passwordFault("canadian-bobsleigh", { email: "ada@example.org", name: "Bob" })).toBeUndefined();
  });

  it("takes long passwords without rules of composition", () => {
    expect(passwordFault("only small letters and spaces here", ADA)).toBeUndefined();
  });
});
