import fc from "fast-check";
import { TrieRouter } from "hono/router/trie-router";
import { expect, test } from "vitest";
import { StaticFirstRouter } from "./static-first-router";

const METHODS = ["GET", "POST", "ALL"] as const;
const PATHS = ["*", "/a", "/a/b", "/a/:id", "/:x/b", "/a/:id/c", "/a/b/c", "/b/*"] as const;
const ASKED = ["/", "/a", "/a/b", "/a/z", "/z/b", "/a/z/c", "/a/b/c", "/b/q", "/a/:id"] as const;

test("it finds what Hono's own router finds, in any order of adding and asking", () => {
  const route = fc.tuple(fc.constantFrom(...METHODS), fc.constantFrom(...PATHS));
  const question = fc.tuple(fc.constantFrom("GET", "POST", "PROPFIND"), fc.constantFrom(...ASKED));
  fc.assert(
    fc.property(fc.array(route, { maxLength: 12 }), fc.array(question, { maxLength: 12 }), (routes, questions) => {
      const [ours, theirs] = [new StaticFirstRouter<number>(), new TrieRouter<number>()];
      for (const [i, [method, path]] of routes.entries()) {
        ours.add(method, path, i);
        theirs.add(method, path, i);
        for (const [asked, at] of questions) expect(ours.match(asked, at)).toEqual(theirs.match(asked, at));
      }
    }),
  );
});
