import type { FanOut } from "./fan-out";

/** So long a member is taken to be typing after they said so; clients say it again before. */
const TYPING_MS = 10_000;

/** Who is typing where. In memory alone: each list replaces the one before and says until when it counts. */
export class Typing {
  readonly #fanOut: FanOut;
  readonly #threads = new Map<number, Map<number, number>>();

  constructor(fanOut: FanOut) {
    this.#fanOut = fanOut;
  }

  /** Notes that a member types, or has stopped; tells the others where that is news. */
  note(member: number, thread: number, isTyping: boolean, now: number): void {
    const typing = this.#threads.get(thread);
    if (!isTyping && typing?.has(member) !== true) return;
    const list = typing ?? new Map<number, number>();
    this.#threads.set(thread, list);
    if (isTyping) list.set(member, now + TYPING_MS);
    else list.delete(member);
    this.#tell(thread, list, now);
  }

  /** A member has gone. */
  gone(member: number, now: number): void {
    for (const thread of this.#threads.keys()) this.note(member, thread, false, now);
  }

  #tell(thread: number, list: Map<number, number>, now: number): void {
    for (const [member, until] of list) if (until <= now) list.delete(member);
    if (list.size === 0) this.#threads.delete(thread);
    this.#fanOut.signal(`typing ${thread}`, {
      kind: "typing",
      thread: thread === 0 ? null : thread,
      members: [...list.keys()],
      untilMs: TYPING_MS,
    });
  }
}
