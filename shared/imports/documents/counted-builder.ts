import { BatchBuilder } from "../../health/batch";
import type { Quarantined, Reading, SleepSession, Workout } from "../../health/reading";

/** Hands everything on to another builder and says of which metric it was. Deletions are left out: a file takes nothing away. */
export class CountedBuilder extends BatchBuilder {
  readonly #inner: BatchBuilder;
  readonly #count: (metric: string, weight: number) => void;

  constructor(inner: BatchBuilder, count: (metric: string, weight: number) => void) {
    super();
    this.#inner = inner;
    this.#count = count;
  }

  override sample(...args: Parameters<BatchBuilder["sample"]>): void {
    this.#count(args[0], 0);
    this.#inner.sample(...args);
  }

  override interval(...args: Parameters<BatchBuilder["interval"]>): void {
    this.#count(args[0], 0);
    this.#inner.interval(...args);
  }

  override reading(reading: Reading): void {
    this.#count(reading.metric, 0);
    this.#inner.reading(reading);
  }

  override sleepSession(session: SleepSession): void {
    this.#count("sleep", session.stages.length);
    this.#inner.sleepSession(session);
  }

  override workout(workout: Workout): void {
    this.#count("workout", workout.route?.length ?? 0);
    this.#inner.workout(workout);
  }

  override quarantine(reading: Quarantined): void {
    this.#count(reading.metric, 0);
    this.#inner.quarantine(reading);
  }

  override delete(): void {}
}
