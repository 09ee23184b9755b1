import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SingleFlight } from "./news";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const nobody = (): void => undefined;
const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("what several want at the same time", () => {
  it("is loaded once, and anew by who comes later", async () => {
    const flight = new SingleFlight<number>();
    let loads = 0;
    const load = async (): Promise<number> => {
      const own = ++loads;
      await after(500);
      return own;
    };
    const first = Promise.all([1, 2, 3].map(() => flight.get("k", load, nobody)));
    const other = flight.get("other", load, nobody);
    await vi.runAllTimersAsync();
    expect([await first, await other]).toEqual([[1, 1, 1], 2]);
    const later = flight.get("k", load, nobody);
    await vi.runAllTimersAsync();
    expect(await later).toBe(3);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("fails for all of them, and is tried again by the next", async () => {
    const flight = new SingleFlight<number>();
    const load = vi.fn(async () => await after(5).then(() => Promise.reject(new TypeError("down"))));
    const seen = Promise.allSettled([flight.get("k", load, nobody), flight.get("k", load, nobody)]);
    await vi.runAllTimersAsync();
    expect((await seen).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(load).toHaveBeenCalledOnce();
    const next = flight.get("k", async () => 7, nobody);
    expect(await next).toBe(7);
  });

  it("is loaded alone by each who has waited three seconds, and by who comes then", async () => {
    const flight = new SingleFlight<string>();
    void flight.get("k", () => new Promise<string>(() => undefined), nobody);
    const waits = flight.get("k", async () => "alone", nobody);
    await vi.advanceTimersByTimeAsync(2_999);
    const seen = vi.fn();
    void waits.then(seen);
    await vi.advanceTimersByTimeAsync(0);
    expect(seen).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(await waits).toBe("alone");
    expect(await flight.get("k", async () => "new", nobody)).toBe("new");
  });

  it("is work that is handed over, since its caller may go", async () => {
    const flight = new SingleFlight<number>();
    const work: Promise<unknown>[] = [];
    void flight.get(
      "k",
      async () => await after(9).then(() => 1),
      (done) => void work.push(done),
    );
    expect(work).toHaveLength(1);
    await vi.runAllTimersAsync();
    await expect(work[0]).resolves.toBeUndefined();
  });
});
