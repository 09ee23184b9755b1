import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Together } from "./together";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Sends to nobody; every item is answered by what was done with it. */
function rig(most = 1_000, weigh?: (item: string) => number) {
  const together = new Together<string, string>(most, weigh);
  const calls: (readonly string[])[] = [];
  const work: Promise<unknown>[] = [];
  const send = async (items: readonly string[]): Promise<readonly string[]> => {
    calls.push(items);
    return items.map((item) => `${item} of ${items.length}`);
  };
  const add = (item: string, key = "k", sending = send): Promise<string> =>
    together.add(key, item, sending, (done) => void work.push(done));
  return { add, calls, work, send };
}

describe("what comes together", () => {
  it("is one call, and each is answered for itself", async () => {
    const { add, calls } = rig();
    const answers = Promise.all([add("a"), add("b"), add("c")]);
    await vi.runAllTimersAsync();
    expect(await answers).toEqual(["a of 3", "b of 3", "c of 3"]);
    expect(calls).toEqual([["a", "b", "c"]]);
  });

  it("waits for those that still come, of whatever key, but not for ever", async () => {
    const { add, calls } = rig();
    const answers: Promise<string>[] = [];
    for (let i = 0; i < 150; i++) {
      answers.push(add(`${i}`, i % 2 === 0 ? "k" : "l"));
      await vi.advanceTimersByTimeAsync(1);
    }
    await vi.runAllTimersAsync();
    expect(await Promise.all(answers)).toHaveLength(150);
    expect(calls.length).toBeLessThanOrEqual(6);
    expect(calls.flat().toSorted()).toEqual(Array.from({ length: 150 }, (_, i) => `${i}`).toSorted());
  });

  it("goes to each key for itself", async () => {
    const { add, calls } = rig();
    const answers = Promise.all([add("a", "k"), add("b", "l"), add("c", "k")]);
    await vi.runAllTimersAsync();
    expect(await answers).toEqual(["a of 2", "b of 1", "c of 2"]);
    expect(calls).toEqual([["a", "c"], ["b"]]);
  });

  it("goes in calls of a weight; what is heavier goes alone", async () => {
    const { add, calls } = rig(4, (item) => item.length);
    const answers = Promise.all(["aa", "bb", "c", "dddddd", "e"].map((item) => add(item)));
    await vi.runAllTimersAsync();
    expect(await answers).toEqual(["aa of 2", "bb of 2", "c of 1", "dddddd of 1", "e of 1"]);
    expect(calls.map((items) => items.join(""))).toEqual(expect.arrayContaining(["aabb", "c", "dddddd", "e"]));
  });

  it("fails together, and the next is none the worse", async () => {
    const { add, send } = rig();
    const fails = [add("a", "k", () => Promise.reject(new TypeError("down"))), add("b", "k")];
    const seen = Promise.allSettled(fails);
    await vi.runAllTimersAsync();
    expect((await seen).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await expect(fails[1]).rejects.toThrow("down");
    const next = add("c", "k", send);
    await vi.runAllTimersAsync();
    expect(await next).toBe("c of 1");
  });

  it("is an error where something was not answered", async () => {
    const { add } = rig();
    const seen = Promise.allSettled([add("a", "k", async () => ["only one"]), add("b")]);
    await vi.runAllTimersAsync();
    expect(await seen).toMatchObject([{ value: "only one" }, { reason: { name: "RangeError" } }]);
  });
});

describe("a lone item", () => {
  it("goes after two milliseconds' quiet, and leaves no timer", async () => {
    const { add, calls } = rig();
    const answer = add("a");
    await vi.advanceTimersByTimeAsync(4);
    expect(calls).toEqual([["a"]]);
    expect(await answer).toBe("a of 1");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is sent though its caller has gone: its work is handed over", async () => {
    const { add, work, calls } = rig();
    void add("a");
    expect(work).toHaveLength(1);
    await vi.runAllTimersAsync();
    await work[0];
    expect(calls).toEqual([["a"]]);
  });
});

describe("who leads and dies", () => {
  it("holds up the others for three seconds: then they go alone, and newcomers without them", async () => {
    const { add, calls } = rig();
    const hangs = (items: readonly string[]) => {
      calls.push(items);
      return new Promise<readonly string[]>(() => undefined);
    };
    void add("a", "k", hangs);
    const second = add("b");
    await vi.advanceTimersByTimeAsync(100);
    expect(calls).toEqual([["a", "b"]]);
    const third = add("c");
    await vi.advanceTimersByTimeAsync(100);
    expect(await third).toBe("c of 1");
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await second).toBe("b of 1");
  });

  it("is not followed by those who come later, where it never sent", async () => {
    const together = new Together<string, string>(10);
    const timers = vi.spyOn(globalThis, "setTimeout").mockImplementationOnce((() => 0) as never);
    const send = async (items: readonly string[]) => items;
    void together.add("k", "a", send, () => undefined);
    timers.mockRestore();
    vi.setSystemTime(Date.now() + 4_000);
    const next = together.add("k", "b", send, () => undefined);
    await vi.runAllTimersAsync();
    expect(await next).toBe("b");
  });
});
