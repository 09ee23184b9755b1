import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { leastOfWinner, nothing } from "../../shared/challenges/board";
import { newId } from "../../shared/id";
import type { Submission } from "../../shared/ranking/terms";
import { boardOf } from "../../workers/regional";
import type { BoardTerms } from "./terms";

const BEST: BoardTerms = { operator: "best", order: "descending", ties: "earlier" };
const AT = 1_700_000_000_000;

async function freshBoard(terms: BoardTerms = BEST) {
  const board = boardOf(env, newId("board", "eu", Date.now()));
  await board.define(terms);
  return board;
}

function score(alias: string, of: number, more: Partial<Submission> = {}): Submission {
  return { alias, score: of, at: AT, version: 1, ...more };
}

/** The code of the problem that a call ends with. */
async function refusal(call: () => Promise<unknown>): Promise<unknown> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

const shown = (items: readonly { readonly alias: string; readonly rank: number }[] | undefined) =>
  items?.map(({ rank, alias }) => `${rank} ${alias}`);

describe("a board", () => {
  test("ranks what was submitted, and is read from the top, around somebody, for some, and by pages both ways", async () => {
    const board = await freshBoard();
    const scores = Array.from({ length: 10 }, (_, i) => score(`p${i}`, 100 - i));
    expect(await board.submit(scores)).toEqual(scores.map(() => "counted"));
    expect(shown((await board.top(3)).items)).toEqual(["1 p0", "2 p1", "3 p2"]);
    expect(await board.rank("p9")).toEqual({
      entry: { rank: 10, alias: "p9", score: 91, subscore: 0, at: AT },
      count: 10,
      percentile: 0,
    });
    expect(await board.rank("nobody")).toBeNull();
    expect(shown((await board.around("p1", 5))?.items)).toEqual(["1 p0", "2 p1", "3 p2", "4 p3", "5 p4"]);
    expect(shown((await board.around("p9", 3))?.items)).toEqual(["8 p7", "9 p8", "10 p9"]);
    expect(shown(await board.subset(["p7", "nobody", "p2"]))).toEqual(["3 p2", "8 p7"]);
    const first = await board.page({ limit: 4 });
    const second = await board.page({ limit: 4, key: first.items[3]! });
    expect(shown(second.items)).toEqual(["5 p4", "6 p5", "7 p6", "8 p7"]);
    const back = await board.page({ limit: 4, key: second.items[0]!, backwards: true });
    expect([back.items, back.hasBefore, back.hasAfter]).toEqual([first.items, false, true]);
  });

  test("is the same after an eviction, and takes replays and late versions once", async () => {
    const board = await freshBoard({ operator: "increment", order: "ascending", ties: "shared" });
    const said = [score("a", 5), score("b", 2.5), score("a", 1, { version: 3, at: AT + 3, subscore: 2 }), score("c", 2.5)];
    expect(await board.submit(said)).toEqual(["counted", "counted", "counted", "counted"]);
    await evictDurableObject(board);
    expect(await board.submit([...said, score("a", 1, { version: 2 })])).toEqual([
      "replayed",
      "replayed",
      "replayed",
      "replayed",
      "counted",
    ]);
    await evictDurableObject(board);
    expect(await board.submit([score("a", 1, { version: 3 })])).toEqual(["replayed"]);
    expect((await board.top(9)).items).toEqual([
      { rank: 1, alias: "b", score: 2.5, subscore: 0, at: AT },
      { rank: 1, alias: "c", score: 2.5, subscore: 0, at: AT },
      { rank: 3, alias: "a", score: 7, subscore: 2, at: AT + 3 },
    ]);
  });

  test("refuses a batch as a whole, other terms, and what nobody defined", async () => {
    const board = await freshBoard();
    await board.define(BEST);
    expect(await refusal(async () => await board.define({ ...BEST, ties: "shared" }))).toBe("conflict");
    for (const wrong of [score("a b", 1), score("", 1), score("a", Number.NaN), score("a", 1, { version: 0 }), score("a", 1, { at: 0.5 })])
      expect(await refusal(async () => await board.submit([score("ok", 1), wrong]))).toBe("invalid");
    expect(await board.count()).toBe(0);
    expect(await refusal(async () => await board.submit([], -1))).toBe("invalid");
    const unknown = boardOf(env, newId("board", "eu", Date.now()));
    expect(await refusal(async () => await unknown.top(3))).toBe("not_found");
    expect(await refusal(async () => await unknown.submit([score("a", 1)]))).toBe("not_found");
    await unknown.forget("a");
    const tables = await runInDurableObject(unknown, (_, { storage }) => storage.sql.exec("SELECT name FROM sqlite_master").toArray());
    expect(tables.filter(({ name }) => !String(name).startsWith("_cf"))).toEqual([]);
  });

  test("keeps the results of periods, gives prizes once, and takes no score behind a close", async () => {
    const board = await freshBoard();
    await board.submit([score("a", 3), score("b", 2), score("c", 1)], 1);
    await board.submit([score("c", 9)], 2);
    const prizes = [
      { reward: "rwd_gold", from: 1, to: 1 },
      { reward: "rwd_all", from: 1, to: 9, reaches: 2 },
    ];
    const closed = await board.close(1, prizes);
    expect(closed).toMatchObject({ period: 1, state: "closed", entries: 3 });
    await evictDurableObject(board);
    expect(await board.close(1, [{ reward: "rwd_other", from: 1, to: 9 }])).toEqual(closed);
    expect(await refusal(async () => await board.submit([score("c", 99)], 1))).toBe("conflict");
    expect(shown((await board.page({ limit: 9, period: 1 })).items)).toEqual(["1 a", "2 b", "3 c"]);
    expect(shown((await board.top(9, 2)).items)).toEqual(["1 c"]);
    expect(await board.unsettled()).toEqual([
      { period: 1, reward: "rwd_all", alias: "a", rank: 1 },
      { period: 1, reward: "rwd_all", alias: "b", rank: 2 },
      { period: 1, reward: "rwd_gold", alias: "a", rank: 1 },
    ]);
    await board.settle((await board.unsettled()).slice(0, 2));
    await board.settle([{ period: 1, reward: "rwd_all", alias: "a", rank: 1 }]);
    expect(await board.unsettled()).toEqual([{ period: 1, reward: "rwd_gold", alias: "a", rank: 1 }]);
    expect((await board.periods()).map(({ period, state }) => [period, state])).toEqual([
      [1, "closed"],
      [2, "open"],
    ]);
  });

  test("gives nothing to those of whom nothing counts, below nought and where less is better", async () => {
    for (const order of ["descending", "ascending"] as const) {
      const board = boardOf(env, newId("board", "eu", Date.now()));
      await board.define({ operator: "set", order, ties: "earlier" });
      await board.submit([score("low", -5), score("none", nothing({ order })), score("lower", -9)]);
      await board.close(0, [{ reward: "rwd_all", from: 1, to: 9, reaches: leastOfWinner({ order }) }]);
      expect((await board.unsettled()).map(({ alias }) => alias)).toEqual(["low", "lower"]);
      expect((await board.top(3)).items.at(-1)?.alias).toBe("none");
    }
  });

  test("ends a close that a crash interrupted, by its alarm", async () => {
    const board = await freshBoard();
    await board.submit([score("a", 3), score("b", 2)]);
    await runInDurableObject(board, (_, { storage }) => {
      // As it is when the object died between stopping the scores and giving the prizes.
      storage.sql.exec("UPDATE periods SET state = 'closing', prizes = ?", JSON.stringify([{ reward: "r", from: 1, to: 1 }]));
      storage.sql.exec("INSERT INTO timers (kind, ref, due_at) VALUES ('close', '0', 1)");
    });
    await evictDurableObject(board);
    expect(await refusal(async () => await board.submit([score("b", 9)]))).toBe("conflict");
    await runInDurableObject(board, async (object) => await object.alarm());
    expect(await board.periods()).toMatchObject([{ state: "closed", entries: 2 }]);
    expect(await board.unsettled()).toEqual([{ period: 0, reward: "r", alias: "a", rank: 1 }]);
  });

  test("forgets an alias at once, in closed periods too, and its bytes soon after", async () => {
    const board = await freshBoard();
    const secret = "q-very-secret-alias";
    await board.submit([score(secret, 3), score("b", 2)]);
    await board.submit([score(secret, 1), score("b", 2)], 7);
    await board.close(7, [{ reward: "r", from: 1, to: 2 }]);
    expect(await board.held(secret)).toEqual({
      entries: [
        { period: 0, rank: 1, alias: secret, score: 3, subscore: 0, at: AT },
        { period: 7, rank: 2, alias: secret, score: 1, subscore: 0, at: AT },
      ],
      rewards: [{ period: 7, reward: "r", alias: secret, rank: 2 }],
    });
    await board.forget(secret);
    expect(shown((await board.top(9)).items)).toEqual(["1 b"]);
    expect(shown((await board.top(9, 7)).items)).toEqual(["1 b"]);
    expect(await board.held(secret)).toEqual({ entries: [], rewards: [] });
    await evictDurableObject(board);
    expect(shown((await board.top(9)).items)).toEqual(["1 b"]);
    const found = await runInDurableObject(board, async (object, { storage }) => {
      storage.sql.exec("UPDATE timers SET due_at = 1");
      await object.alarm();
      return storage.sql
        .exec(
          "SELECT id FROM pages WHERE instr(body, ?1) > 0 UNION ALL SELECT seq FROM log WHERE instr(body, ?1) > 0",
          new TextEncoder().encode(secret).buffer,
        )
        .toArray();
    });
    expect(found).toEqual([]);
    await board.submit([score(secret, 1)]);
    expect(shown((await board.top(9)).items)).toEqual(["1 b", `2 ${secret}`]);
  });

  test("writes pages in turn and is loaded from them and the log alike", async () => {
    const board = await freshBoard({ operator: "set", order: "descending", ties: "earlier" });
    for (let round = 1; round <= 4; round++) {
      for (let from = 0; from < 9_000; from += 3_000) {
        await board.submit(
          Array.from({ length: 3_000 }, (_, i) =>
            score(`a${from + i}`, (((from + i) * 7_919 * round) % 10_007) + round, { version: round }),
          ),
        );
        await board.forget(`a${from}`);
      }
    }
    const before = (await board.page({ limit: 1_000 })).items;
    const last = (await board.page({ limit: 1_000, backwards: true })).items;
    await evictDurableObject(board);
    expect((await board.page({ limit: 1_000 })).items).toEqual(before);
    expect((await board.page({ limit: 1_000, backwards: true })).items).toEqual(last);
    const kept = await runInDurableObject(board, (_, { storage }) =>
      storage.sql.exec("SELECT (SELECT count(*) FROM pages) AS pages, (SELECT count(*) FROM log) AS lines").one(),
    );
    expect(kept["pages"]).toBe(3);
    expect(Number(kept["lines"])).toBeLessThan(12);
    const plan = await runInDurableObject(board, (_, { storage }) =>
      storage.sql.exec("EXPLAIN QUERY PLAN SELECT seq, body FROM log WHERE period = 0 ORDER BY seq").toArray(),
    );
    expect(plan.map(({ detail }) => detail)).toEqual(["SEARCH log USING INDEX log_by_period (period=?)"]);
  });
});
