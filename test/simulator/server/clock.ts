/** The simulator's time: the wall clock, shifted, faster, or frozen at an instant. */
export interface Clock {
  now(): number;
  frozen(): boolean;
  /** From now on it is `ms`, and time passes `pace` times as fast as on the wall. */
  set(ms: number, pace?: number): void;
  advance(ms: number): void;
  freeze(): void;
  run(): void;
}

/** Starts at `startMs` (default the wall clock) and runs unless frozen. */
export function makeClock(startMs: number | undefined, startFrozen: boolean): Clock {
  let setAt = Date.now();
  let since = startMs ?? setAt;
  let runs = 1;
  let held: number | undefined;
  const clock: Clock = {
    now: () => held ?? since + (Date.now() - setAt) * runs,
    frozen: () => held !== undefined,
    set(ms, pace = 1) {
      [since, setAt, runs] = [ms, Date.now(), pace];
      if (held !== undefined) held = ms;
    },
    advance: (ms) => clock.set(clock.now() + ms, runs),
    freeze() {
      held = clock.now();
    },
    run() {
      const from = held;
      held = undefined;
      if (from !== undefined) clock.set(from, runs);
    },
  };
  if (startFrozen) clock.freeze();
  return clock;
}
