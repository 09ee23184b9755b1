/** The simulator's time: the wall clock, shifted, or frozen at an instant. */
export interface Clock {
  now(): number;
  frozen(): boolean;
  set(ms: number): void;
  advance(ms: number): void;
  freeze(): void;
  run(): void;
}

/** Starts at `startMs` (default the wall clock) and runs unless frozen. */
export function makeClock(startMs: number | undefined, startFrozen: boolean): Clock {
  let shift = startMs === undefined ? 0 : startMs - Date.now();
  let held: number | undefined;
  const clock: Clock = {
    now: () => held ?? Date.now() + shift,
    frozen: () => held !== undefined,
    set(ms) {
      shift = ms - Date.now();
      if (held !== undefined) held = ms;
    },
    advance: (ms) => clock.set(clock.now() + ms),
    freeze() {
      held = clock.now();
    },
    run() {
      if (held !== undefined) shift = held - Date.now();
      held = undefined;
    },
  };
  if (startFrozen) clock.freeze();
  return clock;
}
