import type { VaultState } from "../state";
import { write } from "./protocol";
import { ackOf, batchOf, isPlain, plainAckOf, type Publish } from "./publish";
import type { Watcher } from "./watchers";

/** So many readings are committed without waiting for the tick. */
const FULL = 2_000;

interface Waiting {
  readonly watcher: Watcher;
  readonly publish: Publish;
}

/**
 * Publishes that wait for the next commit. Those of one tick share it; each gets its own answer, which the runtime holds back until the
 * commit is durable.
 */
export class Commits {
  readonly #state: VaultState;
  #waiting: Waiting[] = [];
  #readings = 0;

  constructor(state: VaultState) {
    this.#state = state;
  }

  add(watcher: Watcher, publish: Publish): void {
    this.#waiting.push({ watcher, publish });
    this.#readings += publish.items.length;
  }

  get isFull(): boolean {
    return this.#readings >= FULL;
  }

  /** Stores everything that waits and answers. Returns whether there was anything. */
  run(): boolean {
    const [first, ...rest] = this.#waiting;
    if (first === undefined) return false;
    const waiting: readonly [Waiting, ...Waiting[]] = [first, ...rest];
    this.#waiting = [];
    this.#readings = 0;
    const publishes = waiting.map(({ publish }) => publish);
    if (waiting.length > 1 && isPlain(this.#state.sql, publishes)) this.#together(waiting, publishes);
    else for (const one of waiting) this.#alone(one);
    return true;
  }

  #together(waiting: readonly [Waiting, ...Waiting[]], publishes: readonly Publish[]): void {
    try {
      // Every socket that publishes is the person's own: one of them stands for the commit.
      const { accepted } = this.#state.record(batchOf(publishes), waiting[0].watcher.actor);
      const expected = publishes.reduce((sum, { items }) => sum + items.length, 0);
      if (accepted !== expected) throw new RangeError("readings known to be new were not accepted");
      for (const { watcher, publish } of waiting) watcher.send(write.ack(plainAckOf(publish)));
    } catch (error) {
      for (const one of waiting) this.#fail(one, error);
    }
  }

  #alone(one: Waiting): void {
    try {
      const receipt = this.#state.record(batchOf([one.publish]), one.watcher.actor);
      one.watcher.send(write.ack(ackOf(one.publish, receipt)));
    } catch (error) {
      this.#fail(one, error);
    }
  }

  #fail({ watcher, publish }: Waiting, error: unknown): void {
    this.#state.log({ event: "live_publish_failed", kind: error instanceof Error ? error.name : typeof error });
    watcher.send(write.error("internal", "The readings may not have been stored: publish them again.", publish.ref));
  }
}
