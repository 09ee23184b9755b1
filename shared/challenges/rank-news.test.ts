import fc from "fast-check";
import { expect, test } from "vitest";
import { rankNews } from "./rank-news";

test("is told: a place of the top that somebody took, a rise into it, and many places at once", () => {
  expect(rankNews(3, 4, 50)).toBe("passed");
  expect(rankNews(1, 2, 5)).toBe("passed");
  expect(rankNews(2, 1, 50)).toBe("top");
  expect(rankNews(4, 3, 50)).toBe("top");
  expect(rankNews(11, 10, 50)).toBe("top");
  expect(rankNews(20, 26, 50)).toBe("moved");
  expect(rankNews(400, 300, 1_000)).toBe("moved");
});

test("is not told: the same rank, a place or two below the top, and being among three of three", () => {
  expect(rankNews(7, 7, 50)).toBeUndefined();
  expect(rankNews(21, 20, 50)).toBeUndefined();
  expect(rankNews(20, 24, 50)).toBeUndefined();
  expect(rankNews(400, 350, 1_000)).toBeUndefined();
  expect(rankNews(5, 4, 8)).toBeUndefined();
});

test("whoever has become better has not been passed, and whoever has become worse has not risen", () => {
  const rank = fc.integer({ min: 1, max: 500 });
  fc.assert(
    fc.property(rank, rank, (before, now) => {
      const news = rankNews(before, now, 500);
      if (now <= before) expect(news).not.toBe("passed");
      if (now >= before) expect(news).not.toBe("top");
    }),
    { numRuns: 300 },
  );
});
