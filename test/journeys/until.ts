import { setTimeout as pause } from "node:timers/promises";

/** Resolves once the condition holds; asked again every few milliseconds. Throws after `timeout` milliseconds. Works without a test runner. */
export async function until(holds: () => boolean | Promise<boolean>, timeout: number, interval = 20): Promise<void> {
  const end = Date.now() + timeout;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`This did not happen within ${timeout / 1_000} s: ${holds.toString()}`);
    await pause(interval);
  }
}
