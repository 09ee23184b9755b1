import fc from "fast-check";
import { expect, test } from "vitest";
import { leastReach, POST_AUDIENCES, reachOf } from "./posts";
import { AUDIENCES, DEFAULT_VISIBILITY, PROFILE_FIELDS, RELATIONS, visibleFields, type Visibility } from "./visibility";

const audience = fc.constantFrom(...AUDIENCES);
const relation = fc.constantFrom(...RELATIONS);
const visibility = fc.record(Object.fromEntries(PROFILE_FIELDS.map((field) => [field, audience]))) as fc.Arbitrary<Visibility>;

test("a narrower audience never shows more, to nobody", () => {
  fc.assert(
    fc.property(visibility, fc.constantFrom(...PROFILE_FIELDS), audience, relation, (before, field, other, viewer) => {
      const index = Math.min(AUDIENCES.indexOf(before[field]), AUDIENCES.indexOf(other));
      const after = { ...before, [field]: AUDIENCES[index] ?? "nobody" };
      const seen = visibleFields(before, viewer);
      expect([...visibleFields(after, viewer)].every((one) => seen.has(one))).toBe(true);
    }),
  );
});

test("who is nearer sees at least what who is farther sees, and who is blocked sees nothing", () => {
  fc.assert(
    fc.property(visibility, (chosen) => {
      const seen = RELATIONS.map((viewer) => visibleFields(chosen, viewer));
      for (let i = 1; i < seen.length; i++) expect([...(seen[i] ?? [])].every((field) => seen[i - 1]?.has(field))).toBe(true);
      expect(visibleFields(chosen, "blocked").size).toBe(0);
      expect(visibleFields(chosen, "self").size).toBe(PROFILE_FIELDS.length);
    }),
  );
});

test("unless people say otherwise, strangers see nothing, and friends and people of a group the name", () => {
  expect([...visibleFields(DEFAULT_VISIBILITY, "stranger")]).toEqual(["posts"]);
  expect([...visibleFields(DEFAULT_VISIBILITY, "friend")]).toEqual(["name", "posts"]);
});

const isSeen = (viewer: Parameters<typeof leastReach>[0], cap: (typeof AUDIENCES)[number], post: (typeof POST_AUDIENCES)[number]) => {
  const least = leastReach(viewer, cap);
  return least !== undefined && reachOf(post) >= least;
};

test("a post is never shown to more people by a block, a narrower audience, a narrower profile, or by following less", () => {
  const viewer = fc.record({ relation, isFollowing: fc.boolean() });
  fc.assert(
    fc.property(
      viewer,
      audience,
      audience,
      fc.constantFrom(...POST_AUDIENCES),
      fc.constantFrom(...POST_AUDIENCES),
      (who, cap, other, post, next) => {
        const seen = isSeen(who, cap, post);
        expect(isSeen({ ...who, relation: "blocked" }, cap, post)).toBe(false);
        if (seen) return;
        if (reachOf(next) <= reachOf(post)) expect(isSeen(who, cap, next)).toBe(false);
        if (AUDIENCES.indexOf(other) <= AUDIENCES.indexOf(cap)) expect(isSeen(who, other, post)).toBe(false);
        expect(isSeen({ ...who, isFollowing: false }, cap, post)).toBe(false);
      },
    ),
  );
});

test("strangers see what is for everybody alone, followers what is for followers, friends both, and the author all", () => {
  const seen = (who: Parameters<typeof leastReach>[0]) => POST_AUDIENCES.filter((post) => isSeen(who, "everybody", post));
  expect(seen({ relation: "stranger", isFollowing: false })).toEqual(["everybody"]);
  expect(seen({ relation: "stranger", isFollowing: true })).toEqual(["followers", "everybody"]);
  expect(seen({ relation: "friend", isFollowing: false })).toEqual([...POST_AUDIENCES]);
  expect(isSeen({ relation: "self", isFollowing: false }, "nobody", "friends")).toBe(true);
});
