import { type PersonId, parseId, type RoomId, type SessionId } from "../../../shared/id";
import { roomDoor, vaultDoor } from "../../doors";
import type { VaultState } from "../state";

const TIMER = "watching";

/** Whose object holds a socket of the person's: somebody else's vault, or a room. */
type Holder = PersonId | RoomId;

/**
 * Where this person has sockets open: other people's streams, which lie in those people's vaults, and rooms. Those do not know when a session
 * of this person ends or a role is taken away: they are told. A telling that fails is repeated until it succeeds.
 */
export class Elsewhere {
  readonly #state: VaultState;

  constructor(state: VaultState) {
    this.#state = state;
    state.timers.on(TIMER, async (ref) => {
      const { owner, session } = placeOf(ref);
      if (owner !== undefined) await this.#tell(owner, session);
      return undefined;
    });
  }

  /** Notes a stream before it is opened; `until` is when the session ends by itself. */
  note(owner: Holder, session: SessionId, until: number): void {
    const { sql, now } = this.#state;
    sql.exec("DELETE FROM watching WHERE until < ?", now());
    sql.exec(
      "INSERT INTO watching (owner, session, until) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET until = max(until, excluded.until)",
      owner,
      session,
      Math.ceil(until),
    );
  }

  /** Ends the streams of one session, or of all. Throws where a vault could not be told yet. */
  async end(session?: SessionId): Promise<void> {
    const { sql, timers, now } = this.#state;
    const owners = sql
      .exec<{ owner: string }>("SELECT DISTINCT owner FROM watching WHERE ?1 IS NULL OR session = ?1", session ?? null)
      .toArray()
      .map(({ owner }) => owner);
    for (const owner of owners) timers.set(TIMER, `${owner} ${session ?? ""}`, now() + RETRY_MS);
    await Promise.all(
      owners.map(async (text) => {
        const owner = holderOf(text);
        if (owner !== undefined) await this.#tell(owner, session);
        timers.clear(TIMER, `${text} ${session ?? ""}`);
      }),
    );
  }

  /** Forgets the streams of one person, who is no more. */
  forget(owner: PersonId): void {
    const { sql } = this.#state;
    sql.exec("DELETE FROM watching WHERE owner = ?", owner);
    sql.exec("DELETE FROM timers WHERE kind = ? AND ref >= ? AND ref < ?", TIMER, `${owner} `, `${owner}!`);
  }

  async #tell(owner: Holder, session: SessionId | undefined): Promise<void> {
    // The row stays until its stream would have ended: another one of the same session may be about to open.
    const room = parseId("room", owner);
    const person = parseId("person", owner);
    if (room !== undefined) await roomDoor(this.#state.env, room).dismiss(this.#state.person, session);
    else if (person !== undefined) await vaultDoor(this.#state.env, person).dismissReader(this.#state.person, session);
  }
}

/** The first telling is under way by then. */
const RETRY_MS = 5_000;

function holderOf(text: string): Holder | undefined {
  return parseId("person", text) ?? parseId("room", text);
}

function placeOf(ref: string): { readonly owner: Holder | undefined; readonly session: SessionId | undefined } {
  const [owner = "", session = ""] = ref.split(" ");
  return { owner: holderOf(owner), session: parseId("session", session) };
}
