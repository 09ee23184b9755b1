import { type Clock, HOUR_MS } from "../../shared/clock";
import { regionalKeys } from "../../shared/crypto/keys";
import { hasTombstone, personKeyName } from "../../shared/erasure/tombstones";
import { type PersonId, regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import { storesOf } from "../doors";

/** `gone`: the person has been erased; nothing of them is here, and nothing will be. */
export type LifeState = "open" | "suspended" | "frozen" | "closed" | "gone";

/** A vault that runs on asks again after this whether its person was erased: a copy that was restored is older. */
const ASK_EVERY = HOUR_MS;
const FROZEN_RETRY_S = 60;

/** Whether the vault works for its person, and that it never works again for one who was erased. */
export class Lifecycle {
  readonly #ctx: DurableObjectState;
  readonly #env: Env;
  readonly #person: PersonId;
  readonly #now: Clock;
  #state: LifeState;

  /** Holds back every call until it is known that the person was not erased. To be made in the constructor, after the schema. */
  constructor(ctx: DurableObjectState, env: Env, person: PersonId, now: Clock) {
    this.#ctx = ctx;
    this.#env = env;
    this.#person = person;
    this.#now = now;
    const [row] = ctx.storage.sql
      .exec<{ state: Exclude<LifeState, "gone">; asked_at: number }>("SELECT state, asked_at FROM lifecycle")
      .toArray();
    this.#state = row?.state ?? "open";
    if (row !== undefined && now() - row.asked_at < ASK_EVERY) return;
    void ctx.blockConcurrencyWhile(async () => await this.#ask(row === undefined));
  }

  get state(): LifeState {
    return this.#state;
  }

  /** Neither suspended nor on its way out. */
  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Closed, or erased already. */
  get isOver(): boolean {
    return this.#state === "closed" || this.#state === "gone";
  }

  /** Throws `gone` for a person who is being or has been erased, `unavailable` for one who is being moved. */
  assertAlive(): void {
    if (this.isOver) throw problem("gone", "The account does not exist any more.");
    if (this.#state === "frozen") throw moving();
  }

  /** Moves to a state, durably; an erased vault stays erased. */
  set(state: Exclude<LifeState, "gone">): void {
    if (this.#state === "gone") return;
    this.#write(state, this.#now());
    this.#state = state;
  }

  /** Empties the storage, alarm included, for good. */
  async destroy(): Promise<void> {
    this.#state = "gone";
    await this.#ctx.storage.deleteAll();
  }

  /** A fresh object of an erased person leaves no storage behind; a copy that was restored is emptied, unless an erasure is at work on it. */
  async #ask(isFresh: boolean): Promise<void> {
    const { files, keys } = storesOf(this.#env, regionOf(this.#person));
    let isErased: boolean;
    try {
      isErased = await hasTombstone(files, regionalKeys(keys), this.#person);
      if (isErased && this.#state !== "closed") await files.delete(personKeyName(this.#person));
    } catch (error) {
      // A vault with a past goes on without the bucket, and asks again. One without may be nobody's: it must not come into being.
      if (!isFresh) return;
      await this.#ctx.storage.deleteAll();
      throw error;
    }
    if (!isErased) this.#write(this.#state, this.#now());
    else if (this.#state !== "closed") await this.destroy();
  }

  #write(state: LifeState, at: number): void {
    this.#ctx.storage.sql.exec(
      "INSERT INTO lifecycle (one, state, asked_at) VALUES (1, ?, ?) ON CONFLICT DO UPDATE SET state = excluded.state, asked_at = excluded.asked_at",
      state,
      Math.floor(at),
    );
  }
}

/** Refuses while the person is being moved to another region. */
export function moving() {
  return problem("unavailable", "The account is being moved to another region. Try again later.", { retryAfter: FROZEN_RETRY_S });
}
