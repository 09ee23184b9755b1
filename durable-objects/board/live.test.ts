import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { newId } from "../../shared/id";
import type { Submission } from "../../shared/ranking/terms";
import { type Watch, WATCH_HEADER, writeWatch } from "../../shared/ranking/watch";
import { boardOf } from "../../workers/regional";

const AT = 1_700_000_000_000;
const WATCH: Watch = { period: 0, alias: null, top: 3, around: 3, least: 0, tag: "t", until: AT * 2 };

interface Shown {
  readonly rank: number;
  readonly alias: string;
  readonly score: number;
}
interface Message {
  readonly type: "snapshot" | "change" | "hello";
  readonly seq: number;
  readonly prev?: number;
  readonly state: string;
  readonly count: number;
  readonly top?: readonly Shown[] | { readonly length: number; readonly set: readonly (readonly [number, Shown])[] };
  readonly me?: readonly Shown[] | null;
}

/** A client that keeps what it is told, and notices what it missed. */
class Client {
  readonly closed: Promise<number>;
  messages = 0;
  missed = 0;
  seq = 0;
  count = 0;
  state = "";
  top: Shown[] = [];
  me: readonly Shown[] | null = null;
  readonly #ws: WebSocket;
  #waiting: (() => void)[] = [];

  constructor(ws: WebSocket) {
    this.#ws = ws;
    ws.addEventListener("message", ({ data }) => this.#take(JSON.parse(String(data)) as Message));
    this.closed = new Promise((resolve) => ws.addEventListener("close", ({ code }) => resolve(code)));
    ws.accept();
  }

  /** Waits until what it knows is as asked. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  say(text: string): void {
    this.#ws.send(text);
  }

  #take({ type, seq, prev, state, count, top, me }: Message): void {
    if (type === "change" && prev !== this.seq) this.missed++;
    this.messages++;
    this.seq = seq;
    this.count = count;
    this.state = state;
    if (top !== undefined && "set" in top) {
      this.top.length = top.length;
      for (const [i, entry] of top.set) this.top[i] = entry;
    } else if (top !== undefined) this.top = [...top];
    if (me !== undefined) this.me = me;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
  }
}

async function freshBoard() {
  const board = boardOf(env, newId("board", "eu", Date.now()));
  await board.define({ operator: "set", order: "descending", ties: "earlier" });
  return board;
}
type Board = Awaited<ReturnType<typeof freshBoard>>;

async function open(board: Board, watch: Partial<Watch> = {}, query = ""): Promise<Client> {
  const headers = { upgrade: "websocket", [WATCH_HEADER]: writeWatch({ ...WATCH, ...watch }) };
  const { webSocket } = await board.fetch(`https://board/live${query}`, { headers });
  if (webSocket === null) throw new Error("no socket");
  return new Client(webSocket);
}

function score(alias: string, of: number, version = 1): Submission {
  return { alias, score: of, at: AT, version };
}

const names = (shown: readonly Shown[] | null) => shown?.map(({ rank, alias }) => `${rank} ${alias}`);

describe("watching a board", () => {
  test("begins with where it stands, and tells what changed of the best and around oneself", async () => {
    const board = await freshBoard();
    await board.submit([score("a", 5), score("b", 4), score("c", 3), score("d", 2), score("e", 1)]);
    const [guest, e] = [await open(board), await open(board, { alias: "e" })];
    await Promise.all([guest.until(() => guest.count === 5), e.until(() => e.count === 5)]);
    expect([names(guest.top), guest.me]).toEqual([["1 a", "2 b", "3 c"], null]);
    expect(names(e.me)).toEqual(["3 c", "4 d", "5 e"]);
    await board.submit([score("e", 9, 2)]);
    await e.until(() => e.top[0]?.alias === "e");
    expect([names(e.top), names(e.me)]).toEqual([
      ["1 e", "2 a", "3 b"],
      ["1 e", "2 a", "3 b"],
    ]);
    await board.submit([score("d", 2.5, 2)]);
    await board.close();
    await guest.until(() => guest.state === "closed");
    // Nothing that the guest sees changed in between but the state.
    expect([guest.messages <= 4, guest.missed, e.missed]).toEqual([true, 0, 0]);
  });

  test("goes on after the board slept, and after a reconnect tells nothing to who knows", async () => {
    const board = await freshBoard();
    await board.submit([score("a", 5), score("b", 4)]);
    const client = await open(board, { alias: "b" });
    await client.until(() => client.count === 2);
    const again = await open(board, { alias: "b" }, `?after=${client.seq}`);
    await again.until(() => again.messages === 1);
    expect([again.top, names(again.me)]).toEqual([[], ["1 a", "2 b"]]);
    await evictDurableObject(board);
    await board.submit([score("b", 6, 2)]);
    await client.until(() => client.top[0]?.alias === "b");
    expect(names(client.me)).toEqual(["1 b", "2 a"]);
  });

  test("shows nobody but oneself on a board of few, and ends when it may no longer be", async () => {
    const board = await freshBoard();
    await board.submit([score("a", 5), score("b", 4)]);
    const shy = await open(board, { alias: "b", least: 3, tag: "shy" });
    await shy.until(() => shy.count === 2);
    expect([shy.top, names(shy.me)]).toEqual([[], ["2 b"]]);
    await board.submit([score("c", 6)]);
    await shy.until(() => shy.count === 3);
    expect([names(shy.top), names(shy.me)]).toEqual([
      ["1 c", "2 a", "3 b"],
      ["1 c", "2 a", "3 b"],
    ]);
    // Nothing changes on the board meanwhile.
    const late = await open(board, { until: Date.now() + 50 });
    expect(await late.closed).toBe(4401);
    await board.dismiss("shy");
    expect(await shy.closed).toBe(4403);
    const over = writeWatch({ ...WATCH, until: 1 });
    expect((await board.fetch("https://board/live", { headers: { upgrade: "websocket", [WATCH_HEADER]: over } })).status).toBe(401);
    const talker = await open(board);
    talker.say("hello");
    expect(await talker.closed).toBe(1008);
  });

  test("keeps 500 watchers right through 200 updates, an eviction and replays", async () => {
    const board = await freshBoard();
    await board.submit(Array.from({ length: 500 }, (_, i) => score(`p${i}`, i)));
    const clients = await Promise.all(
      Array.from({ length: 500 }, async (_, i) => await open(board, { alias: `p${i}`, top: 10, tag: `p${i}` })),
    );
    for (let update = 0; update < 200; update++) {
      const one = score(`p${(update * 37) % 500}`, (update * 7_919) % 1_000, 2 + update);
      await board.submit(update % 5 === 0 ? [one, one] : [one]);
      if (update === 100) await evictDurableObject(board);
    }
    await board.submit([score("p0", 5_000, 1_000)]);
    await Promise.all(clients.map(async (client) => await client.until(() => client.top[0]?.score === 5_000)));
    const best = (await board.top(10)).items;
    for (const [i, client] of clients.entries()) {
      expect(client.top.map(({ alias, rank }) => [alias, rank])).toEqual(best.map(({ alias, rank }) => [alias, rank]));
      if (i % 50 === 0) expect(names(client.me)).toEqual(names((await board.around(`p${i}`, 3))?.items ?? null));
      expect(client.missed).toBe(0);
      // Coalesced: far fewer messages than updates.
      expect(client.messages).toBeLessThan(100);
    }
  });

  test("is refused by a header that the Worker did not write, and by a board that nobody defined", async () => {
    const board = await freshBoard();
    const headers = { upgrade: "websocket", [WATCH_HEADER]: JSON.stringify({ ...WATCH, more: 1 }) };
    expect((await board.fetch("https://board/live", { headers })).status).toBe(400);
    const unknown = boardOf(env, newId("board", "eu", Date.now()));
    expect((await unknown.fetch("https://board/live", { headers })).status).toBe(404);
  });
});

describe("a board of many parts", () => {
  test("divides when a part is full, and is the same board", async () => {
    const board = boardOf(env, newId("board", "eu", Date.now()));
    const terms = { operator: "increment", order: "descending", ties: "shared", partSize: 40 } as const;
    const plain = boardOf(env, newId("board", "eu", Date.now()));
    await board.define(terms);
    await plain.define({ ...terms, partSize: 1_000 });
    const divide = async () => await runInDurableObject(board, async (object) => await object.alarm());
    const parts = async () =>
      await runInDurableObject(board, (_, { storage }) =>
        storage.sql.exec<{ parts: number; dividing: string | null }>("SELECT parts, dividing FROM board").one(),
      );
    const both = async (scores: Submission[], period: number) =>
      expect(await board.submit(scores, period)).toEqual(await plain.submit(scores, period));
    const same = async () => {
      for (const period of [0, 1]) {
        expect(await board.page({ limit: 200, period })).toEqual(await plain.page({ limit: 200, period }));
        expect(await board.around("p77", 9, period)).toEqual(await plain.around("p77", 9, period));
        expect(await board.rank("p5", period)).toEqual(await plain.rank("p5", period));
        expect(await board.subset(["p1", "p9", "x", "p30"], period)).toEqual(await plain.subset(["p1", "p9", "x", "p30"], period));
      }
    };
    const scores = (n: number, version: number) => Array.from({ length: n }, (_, i) => score(`p${i}`, (i * 7) % 11, version));
    await both(scores(50, 1), 0);
    await both(scores(20, 3), 1);
    await board.close(1);
    await plain.close(1);
    await divide();
    expect((await parts()).parts).toBe(2);
    await same();
    await both([...scores(120, 2), ...scores(10, 1)], 0);
    await divide();
    expect(await parts()).toEqual({ parts: 4, dividing: null });
    await same();
    // A crash while entries lay in two places: the next reader waits until they do not.
    await runInDurableObject(board, (_, { storage }) => storage.sql.exec("UPDATE board SET dividing = 'dropping'"));
    await evictDurableObject(board);
    await same();
    expect(await parts()).toEqual({ parts: 4, dividing: null });
    await board.forget("p7");
    await plain.forget("p7");
    await both(scores(130, 3), 0);
    await same();
    const prizes = [{ reward: "r", from: 1, to: 5 }];
    expect(await board.close(0, prizes)).toMatchObject({ state: "closed", entries: 130 });
    await plain.close(0, prizes);
    expect(await board.unsettled()).toEqual(await plain.unsettled());
    const watcher = await open(board, { alias: "p1" });
    await watcher.until(() => watcher.count === 130);
    expect(names(watcher.top)).toEqual(names((await plain.top(3)).items));
    await board.erase();
    expect(await watcher.closed).toBe(1000);
  });

  test("copies again what a crash interrupted, without what was forgotten meanwhile", async () => {
    const board = boardOf(env, newId("board", "eu", Date.now()));
    await board.define({ operator: "set", order: "descending", ties: "earlier", partSize: 10 });
    await board.submit(Array.from({ length: 12 }, (_, i) => score(`p${i}`, i)));
    const divide = async () => await runInDurableObject(board, async (object) => await object.alarm());
    await divide();
    await runInDurableObject(board, (_, { storage }) => storage.sql.exec("UPDATE board SET dividing = 'copying'"));
    await evictDurableObject(board);
    await board.forget("p3");
    await board.submit([score("p4", 99, 2)]);
    await runInDurableObject(board, async (object, { storage }) => {
      storage.sql.exec("INSERT INTO timers (kind, ref, due_at) VALUES ('divide', '', 1)");
      await object.alarm();
    });
    expect(await runInDurableObject(board, (_, { storage }) => storage.sql.exec("SELECT parts, dividing FROM board").one())).toEqual({
      parts: 4,
      dividing: null,
    });
    expect((await board.top(20)).items.map(({ alias }) => alias)).toEqual([
      "p4",
      "p11",
      "p10",
      "p9",
      "p8",
      "p7",
      "p6",
      "p5",
      "p2",
      "p1",
      "p0",
    ]);
  });
});
