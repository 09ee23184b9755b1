import type { EventView, MessageView } from "../../shared/messaging/views";
import type { FanOut } from "./fan-out";
import type { EventLog, StoredEvent } from "./log";
import { type Members, memberView } from "./members";
import type { Messages } from "./messages";
import { type Facts, iso, type RoomState } from "./state";

/** Adds an event to the log; `shown` is what everybody is told of it. */
export type Append = (
  event: Omit<StoredEvent, "seq" | "at">,
  shown: (event: StoredEvent) => Readonly<Record<string, unknown>>,
  client?: { readonly id: string; readonly digest: number },
) => StoredEvent;

interface Parts {
  readonly facts: Facts;
  readonly members: Members;
  readonly messages: Messages;
  readonly log: EventLog;
  readonly fanOut: FanOut;
}

/** Changes of a room: stored as a whole, or not at all, and told once they are stored. */
export class Changes {
  readonly #state: RoomState;
  readonly #parts: Parts;
  #lastAt: number | undefined;

  constructor(state: RoomState, parts: Parts) {
    this.#state = state;
    this.#parts = parts;
  }

  /** Runs work in one transaction. The output gate keeps what is told back until that is durable. */
  make<T>(work: (append: Append, now: number) => T): T {
    const { log, members, fanOut } = this.#parts;
    // Times never fall while numbers rise: retention looks from the front.
    const now = Math.max(Math.floor(this.#state.now()), this.#lastAt ?? log.lastAt() ?? 0);
    const told: string[] = [];
    const append: Append = (event, shown, client) => {
      const stored = log.append({ ...event, at: now }, client);
      told.push(JSON.stringify({ ...headOf(stored), ...shown(stored) }));
      return stored;
    };
    let result: T;
    try {
      result = this.#state.storage.transactionSync(() => work(append, now));
    } catch (error) {
      log.forget();
      members.forget();
      throw error;
    }
    if (told.length > 0) this.#lastAt = now;
    for (const text of told) fanOut.event(text);
    return result;
  }

  /**
   * Events after a number as a member gets them: what they are about is shown as it is now, and null where it is older than what the member
   * may see.
   */
  after(seq: number, limit: number, seesFrom: number): EventView[] {
    const events = this.#parts.log.after(seq, limit);
    const now = this.#state.now();
    const wanted = events.flatMap(({ kind, message }) => (message !== null && message >= seesFrom && SHOWING.has(kind) ? [message] : []));
    const shown = new Map(this.#parts.messages.views(this.#parts.messages.some([...new Set(wanted)]), now).map((view) => [view.seq, view]));
    return events.map((event) => ({ ...headOf(event), ...this.#shown(event, shown) }));
  }

  #shown(event: StoredEvent, messages: ReadonlyMap<number, MessageView>): Readonly<Record<string, unknown>> {
    const { kind, message, data } = event;
    switch (kind) {
      case "message":
      case "edit":
        return { of: message, message: messages.get(message ?? 0) ?? null };
      case "vote":
      case "close_poll":
        return { of: message, poll: messages.get(message ?? 0)?.poll ?? null };
      case "member": {
        const member = this.#parts.members.byNo(Number(data?.["member"]));
        return { member: member === undefined ? null : memberView(member) };
      }
      case "settings":
        return { settings: settingsView(this.#parts.facts) };
      default:
        return { ...(message !== null && { of: message }), ...data };
    }
  }
}

const SHOWING: ReadonlySet<EventView["kind"]> = new Set(["message", "edit", "vote", "close_poll"]);

function headOf({ seq, at, kind, member }: StoredEvent): EventView {
  return { seq, at: iso(at), kind, by: member };
}

/** What everybody may know of the settings. */
export function settingsView(facts: Facts) {
  const { name, whoSends, history, slowModeS, retentionDays, closedAt } = facts.get();
  return { name, whoSends, history, slowModeS, retentionDays, closed: closedAt !== null };
}
