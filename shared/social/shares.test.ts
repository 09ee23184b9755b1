import fc from "fast-check";
import { expect, test } from "vitest";
import { sharesOf } from "./shares";

test("words and link come out of each address as they went in, whatever is in a name", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }),
      fc.string().map((tail) => `https://meridian.test/invite/${encodeURIComponent(tail)}?a=b&c#d`),
      (text, url) => {
        const shares = sharesOf("Come along", text, url);
        const of = (address: string, name: string) =>
          /[?&]([^?]*)$/
            .exec(address)![1]!
            .split("&")
            .map((pair) => pair.split("="))
            .find(([key]) => key === name)![1]!;
        const read = (address: string, name: string) => decodeURIComponent(of(address, name));
        expect([read(shares.whatsapp, "text"), read(shares.sms, "body"), read(shares.email, "body")]).toEqual(
          Array.from({ length: 3 }, () => `${text} ${url}`),
        );
        expect([read(shares.telegram, "text"), read(shares.telegram, "url"), read(shares.x, "text"), read(shares.x, "url")]).toEqual([
          text,
          url,
          text,
          url,
        ]);
        expect(read(shares.facebook, "u")).toBe(url);
        for (const address of Object.values(shares)) expect(address).toMatch(/^[!-~]+$/);
      },
    ),
    { numRuns: 40 },
  );
});

test("half a pair of surrogates in a name fails nothing", () => {
  expect(sharesOf("x", "a\ud83d", "https://meridian.test/invite/x").whatsapp).toContain("a%EF%BF%BD");
});
