import fc from "fast-check";
import { expect, test } from "vitest";
import {
  admitFollower,
  areBuddies,
  areFriends,
  askBuddy,
  askFriend,
  block,
  cancelRequest,
  endBuddy,
  endFriendship,
  follow,
  following,
  FOLLOW_RULES,
  hasAsked,
  isBlocked,
  NO_TIE,
  refuseFriend,
  removeFollower,
  REQUEST_LASTS_MS,
  type Step,
  type Tie,
  unblock,
  unfollow,
} from "./ties";

const STEPS: readonly Step[] = [
  askFriend,
  cancelRequest,
  refuseFriend,
  endFriendship,
  follow,
  unfollow,
  admitFollower,
  removeFollower,
  askBuddy,
  endBuddy,
  block,
  unblock,
];

/** A history of two people, whose clocks do not agree: who, which step, and the time that their clock shows. */
const history = fc.array(fc.tuple(fc.boolean(), fc.nat(STEPS.length - 1), fc.integer({ min: 1, max: 1_000 })), { maxLength: 40 });

function play(moves: readonly (readonly [boolean, number, number])[]): [Tie, Tie] {
  let [a, b]: [Tie, Tie] = [NO_TIE, NO_TIE];
  for (const [isA, at, now] of moves) {
    const step = STEPS[at] ?? unblock;
    if (isA) a = step(a, b, now);
    else b = step(b, a, now);
  }
  return [a, b];
}

const near = (tie: Tie, rule: (typeof FOLLOW_RULES)[number], other: Tie) => following(other, tie, rule) === "active";

test("whatever happened, friendship and training together look the same from both sides", () => {
  fc.assert(
    fc.property(history, (moves) => {
      const [a, b] = play(moves);
      expect([areFriends(a, b), areBuddies(a, b)]).toEqual([areFriends(b, a), areBuddies(b, a)]);
    }),
    { numRuns: 300 },
  );
});

test("whatever happened before, after a block nothing is between two people, and lifting it brings nothing back", () => {
  fc.assert(
    fc.property(history, fc.integer({ min: 1, max: 1_000 }), (moves, now) => {
      const [a, b] = play(moves);
      const blocking = block(a, b, now);
      expect(isBlocked(blocking, b)).toBe(true);
      for (const tie of [blocking, unblock(blocking, b, now)]) {
        const between = [
          areFriends(tie, b),
          areBuddies(tie, b),
          ...FOLLOW_RULES.flatMap((rule) => [near(tie, rule, b), near(b, rule, tie)]),
        ];
        if (tie === blocking || b.blockedAt !== null) expect(between).toEqual(between.map(() => false));
        else expect([areFriends(tie, b), areBuddies(tie, b)]).toEqual([false, false]);
        expect(hasAsked(tie, b, now)).toBe(false);
      }
    }),
    { numRuns: 300 },
  );
});

test("whatever happened before, two who ask each other are friends unless one blocks, and either ends it alone", () => {
  fc.assert(
    fc.property(history, fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max: 1_000 }), (moves, here, there) => {
      const [before, b] = play(moves);
      const a = askFriend(before, b, here);
      const other = askFriend(b, a, there);
      expect(areFriends(a, other)).toBe(!isBlocked(a, other));
      const ended = endFriendship(a, other, here);
      expect([areFriends(ended, other), hasAsked(other, ended, here), hasAsked(ended, other, here)]).toEqual([false, false, false]);
    }),
    { numRuns: 300 },
  );
});

test("wishes of the same moment, in whatever order they arrive, make a friendship", () => {
  const [a, b] = [askFriend(NO_TIE, NO_TIE, 5), askFriend(NO_TIE, NO_TIE, 5)];
  expect(areFriends(a, b)).toBe(true);
});

test("a wish that nobody answered for ninety days makes no friendship with one that comes later", () => {
  const old = askFriend(NO_TIE, NO_TIE, 1);
  const late = askFriend(NO_TIE, old, 2 + REQUEST_LASTS_MS);
  expect([hasAsked(old, NO_TIE, 2 + REQUEST_LASTS_MS), areFriends(old, late)]).toEqual([false, false]);
});

test("steps that were taken already change nothing", () => {
  const asked = askFriend(NO_TIE, NO_TIE, 10);
  expect(askFriend(asked, NO_TIE, 20)).toBe(asked);
  const followed = follow(NO_TIE, NO_TIE, 10);
  expect(follow(followed, NO_TIE, 20)).toBe(followed);
  const blocked = block(NO_TIE, NO_TIE, 10);
  expect(block(blocked, NO_TIE, 20).blockedAt).toBe(10);
});
