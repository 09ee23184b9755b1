import { expect, it, vi } from "vitest";
import { within } from "./within";

it("aborts work that takes longer, by the name of a timeout", async () => {
  vi.useFakeTimers();
  const work = within(
    1_000,
    async (signal) => await new Promise((_, refuse) => signal.addEventListener("abort", () => refuse(signal.reason))),
  );
  await Promise.all([expect(work).rejects.toMatchObject({ name: "TimeoutError" }), vi.advanceTimersByTimeAsync(1_000)]);
  vi.useRealTimers();
});

it("leaves no timer behind, whether the work succeeds or fails", async () => {
  vi.useFakeTimers();
  expect(await within(1_000, async () => await Promise.resolve(7))).toBe(7);
  await expect(within(1_000, async () => await Promise.reject(new RangeError("no")))).rejects.toThrow(RangeError);
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});
