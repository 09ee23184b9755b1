import { DAY_MS, HOUR_MS } from "../../shared/clock";
import type { Attachments } from "./attachments";
import type { EventLog } from "./log";
import type { Messages } from "./messages";
import type { Facts, RoomState } from "./state";

const TIMER = "retention";
/** Events that are forgotten in one run; the next follows soon. */
const A_RUN = 5_000;

interface Parts {
  readonly facts: Facts;
  readonly log: EventLog;
  readonly messages: Messages;
  readonly attachments: Attachments;
}

/** Forgets what is older than the room keeps: from the front, so that the numbers that remain have no gaps. */
export class Retention {
  readonly #state: RoomState;
  readonly #parts: Parts;

  constructor(state: RoomState, parts: Parts) {
    this.#state = state;
    this.#parts = parts;
    state.timers.on(TIMER, async () => this.run());
  }

  /** The settings have changed: what is too old goes soon. */
  wake(): void {
    this.#state.timers.set(TIMER, "", this.#state.now());
  }

  /** Forgets what is too old; returns when to look again. */
  run(): number | undefined {
    const { facts, log, messages, attachments } = this.#parts;
    const { retentionDays, floor } = facts.get();
    if (retentionDays === null) return undefined;
    const now = this.#state.now();
    const old = log.headAt(now - retentionDays * DAY_MS);
    const to = Math.min(old, floor + A_RUN);
    if (to > floor) {
      this.#state.storage.transactionSync(() => {
        attachments.purge(to);
        messages.purge(to);
        log.purge(to);
        facts.set({ floor: to });
      });
    }
    return now + (to < old ? 1_000 : HOUR_MS);
  }
}
