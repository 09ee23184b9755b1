/**
 * Does work with a signal that aborts it after a time. Unlike `AbortSignal.timeout`, no timer is left when the work is done: one that
 * is left keeps a Durable Object in memory.
 *
 * Throws what the work throws where it is aborted: a `TimeoutError`.
 */
export async function within<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new DOMException("the time is over", "TimeoutError")), ms);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** As `within`, for work that takes no signal, such as a call to an object: it is let go. */
export async function withinLetGo<T>(ms: number, work: () => Promise<T>): Promise<T> {
  return await within(
    ms,
    async (signal) =>
      await new Promise<T>((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error));
        work().then(resolve, reject);
      }),
  );
}
