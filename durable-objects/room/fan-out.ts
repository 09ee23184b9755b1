import type { Clock } from "../../shared/clock";

/** What happens within this time after a broadcast goes out with the next one; the first after a pause goes out at once. */
const TICK_MS = 20;
/** Characters of one frame; more of them waits for the next. */
const LONGEST_FRAME = 500_000;

/**
 * Tells every socket of the room what happened. A change is written as JSON once, however many listen, and changes that come close together
 * share a frame. Nothing is kept: who misses a number asks for what came after the last one they have.
 */
export class FanOut {
  readonly #ctx: DurableObjectState;
  readonly #now: Clock;
  #events: string[] = [];
  #length = 0;
  /** What has no number: the last under a key counts. */
  readonly #signals = new Map<string, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(ctx: DurableObjectState, now: Clock) {
    this.#ctx = ctx;
    this.#now = now;
  }

  /** An event, as JSON. */
  event(text: string): void {
    this.#events.push(text);
    this.#length += text.length;
    if (this.#length > LONGEST_FRAME) this.flush();
    else this.#schedule();
  }

  /** Something that passes: only the newest under a key is sent. */
  signal(key: string, value: Readonly<Record<string, unknown>>): void {
    this.#signals.set(key, JSON.stringify(value));
    this.#schedule();
  }

  /** Sends what waits. */
  flush(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#events.length === 0 && this.#signals.size === 0) return;
    this.#lastAt = this.#now();
    const signals = this.#signals.size === 0 ? "" : `,"signals":[${[...this.#signals.values()].join(",")}]`;
    const frame = `{"type":"events","events":[${this.#events.join(",")}]${signals}}`;
    this.#events = [];
    this.#length = 0;
    this.#signals.clear();
    this.all(frame);
  }

  /** One text to everybody, now. */
  all(text: string): void {
    for (const socket of this.#ctx.getWebSockets()) sendTo(socket, text);
  }

  #schedule(): void {
    if (this.#timer !== undefined) return;
    const wait = TICK_MS - (this.#now() - this.#lastAt);
    if (wait <= 0) this.flush();
    else this.#timer = setTimeout(() => this.flush(), wait);
  }
}

/** Sends to a socket that may have gone. */
export function sendTo(socket: WebSocket, text: string): void {
  try {
    socket.send(text);
  } catch {
    // It was closed on the way here; its close event follows.
  }
}
