import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { freshSecrets } from "../../scripts/local-secrets.ts";
import { regionalKeys } from "../crypto/keys";
import { newId } from "../id";
import { pageOf, pageQuery, type WholeList } from "./page";

const keys = regionalKeys(freshSecrets()["KEYS_EU"] ?? "");
const person = newId("person", "eu", 1);

const listOf = (items: readonly number[], newestFirst = false): WholeList<number> => ({
  name: "numbers",
  items: items.toSorted((a, b) => (newestFirst ? b - a : a - b)),
  place: (item) => item,
  newestFirst,
});

describe("a page of a list", () => {
  test("has 50 items unless the client asks for 1 to 200", () => {
    expect(pageQuery.parse({})).toEqual({ limit: 50 });
    for (const limit of ["0", "201", "-1", "1.5", "many"]) expect(pageQuery.safeParse({ limit }).success).toBe(false);
    expect(pageQuery.safeParse({ page: "2" }).success).toBe(false);
  });

  test("leads to every item once, in order, whichever way the list runs", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer(), { maxLength: 30 }),
        fc.integer({ min: 1, max: 8 }),
        fc.boolean(),
        async (numbers, limit, newestFirst) => {
          const list = listOf(numbers, newestFirst);
          const seen: number[] = [];
          let cursor: string | undefined;
          do {
            const page = await pageOf(keys, person, list, { limit, cursor });
            expect(page.items.length).toBeLessThanOrEqual(limit);
            seen.push(...page.items);
            cursor = page.next ?? undefined;
          } while (cursor !== undefined);
          expect(seen).toEqual(list.items);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("goes on after items that have gone or come since", async () => {
    const first = await pageOf(keys, person, listOf([1, 2, 3, 4]), { limit: 2 });
    expect(first.items).toEqual([1, 2]);
    const second = await pageOf(keys, person, listOf([0, 3, 4, 5]), { limit: 2, cursor: first.next ?? "" });
    expect(second.items).toEqual([3, 4]);
  });

  test("refuses the cursor of another list", async () => {
    const { next } = await pageOf(keys, person, listOf([1, 2]), { limit: 1 });
    const other = pageOf(keys, person, { ...listOf([1, 2]), name: "letters" }, { limit: 1, cursor: next ?? "" });
    await expect(other).rejects.toMatchObject({ code: "invalid" });
  });
});
