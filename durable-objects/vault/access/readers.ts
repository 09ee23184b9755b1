import type { VaultState } from "../state";

/** Who has read here by a consent: the first time is news to the person. */
export class Readers {
  readonly #state: VaultState;
  readonly #known = new Set<string>();

  constructor(state: VaultState) {
    this.#state = state;
  }

  /** Notes a read that was allowed. Costs nothing for whoever was here before. */
  met(kind: "person" | "organisation" | "client", reader: string): void {
    if (this.#known.has(reader)) return;
    this.#known.add(reader);
    const { sql, now } = this.#state;
    const isNew =
      sql
        .exec("INSERT OR IGNORE INTO notification_readers (reader, first_at) VALUES (?, ?) RETURNING reader", reader, Math.floor(now()))
        .toArray().length > 0;
    if (isNew) this.#state.notify({ type: "access", key: `reader/${reader}`, about: { reader, kind }, without: ["email"] });
  }
}
