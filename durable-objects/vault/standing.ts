import { type Clock, MINUTE_MS } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import type { PersonId, SessionId } from "../../shared/id";

/** How long what the records said is believed. */
const BELIEVED_MS = MINUTE_MS;
/** Sessions and people that are kept in mind at once. */
const MOST = 1_000;

/** Whether the person is remembered as a reader of the owner's; `epoch` goes back with what the records say where not. */
export interface Recalled {
  readonly isKnown: boolean;
  readonly epoch: number;
}

/**
 * What the records have lately said of a person who holds no role but that of a user, so that reading a friend's data costs a call of
 * their own vault and not a query. It is kept in memory alone. Nothing can be taken from such a reader but their session, whose end this
 * vault knows itself: roles, which can be taken, are always read anew, and so is the second factor that they ask for.
 */
export class Standing {
  readonly #now: Clock;
  /** Until when each is believed. */
  readonly #sessions = new Map<SessionId, number>();
  readonly #owners = new Map<PersonId, number>();
  #epoch = 0;

  constructor(now: Clock) {
    this.#now = now;
  }

  /** What is known of a living session, where the owner is known to be registered too. */
  recall(actor: PersonActor, owner: PersonId): Recalled {
    const now = this.#now();
    const isKnown = (this.#sessions.get(actor.session) ?? 0) > now && (this.#owners.get(owner) ?? 0) > now;
    return { isKnown, epoch: this.#epoch };
  }

  /** Keeps what the records said, unless something has changed since `epoch`. The session ends at `sessionEnds` unless it is renewed. */
  learn(actor: PersonActor, owner: PersonId, sessionEnds: number, epoch: number): void {
    if (epoch !== this.#epoch) return;
    const until = this.#now() + BELIEVED_MS;
    keep(this.#sessions, actor.session, Math.min(until, sessionEnds));
    keep(this.#owners, owner, until);
  }

  /** Whatever the records said may have changed. */
  forget(): void {
    this.#epoch += 1;
    this.#sessions.clear();
    this.#owners.clear();
  }
}

function keep<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key);
  if (map.size >= MOST)
    for (const [oldest] of map) {
      map.delete(oldest);
      break;
    }
  map.set(key, value);
}
