import * as z from "zod";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../../shared/clock";
import { type EventId, newId, parseId } from "../../../shared/id";
import type { Category } from "../../../shared/policy/vocabulary";
import type { EventType, Happening } from "../../../shared/webhooks/events";
import type { VaultEvent, VaultState } from "../state";

/** An event as it is kept. Times epoch milliseconds. */
export interface StoredEvent extends Happening {
  readonly id: EventId;
  readonly from: number | null;
  readonly to: number | null;
  readonly n: number;
  readonly facts: Readonly<Record<string, string | number | null>>;
  readonly firstAt: number;
  readonly updatedAt: number;
}

type Row = {
  id: string;
  type: string;
  about: string;
  categories: string;
  from_at: number | null;
  to_at: number | null;
  n: number;
  facts: string;
  first_at: number;
  updated_at: number;
};

/** What follows within this joins the event. */
const QUIET_MS = 5 * SECOND_MS;
/** A stream that never pauses is told of this often. */
const LONGEST_MS = MINUTE_MS;
/** Events that are handed over in one go. */
const AT_ONCE = 200;

/** What belongs to a period is told so long after its end, and after what came last for it. */
const AFTER_MS = 4 * HOUR_MS;
const LULL_MS = 15 * MINUTE_MS;
const SCHEDULED = "'summary.daily', 'assessment.weekly'";

const factsSchema = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));

/** The events of one person. */
export class EventRows {
  readonly #state: Pick<VaultState, "sql" | "now" | "random" | "region">;

  constructor(state: Pick<VaultState, "sql" | "now" | "random" | "region">) {
    this.#state = state;
  }

  /** Notes an event, or lets it join the one of its kind that is still open. Part of the caller's transaction. */
  add({ type, about, categories, from, to, n = 0, facts }: VaultEvent): void {
    const { sql, now, random, region } = this.#state;
    const merged = facts === undefined ? "{}" : JSON.stringify(this.#merge(type, about, facts));
    sql.exec(
      `INSERT INTO webhook_events (id, type, about, categories, from_at, to_at, n, facts, state, first_at, updated_at)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'open', ?9, ?9)
       ON CONFLICT (type, about) WHERE state = 'open' DO UPDATE SET from_at = min(coalesce(from_at, excluded.from_at), coalesce(excluded.from_at, from_at)),
         to_at = max(coalesce(to_at, excluded.to_at), coalesce(excluded.to_at, to_at)), n = n + excluded.n, facts = excluded.facts,
         updated_at = excluded.updated_at`,
      newId("event", region, now(), random),
      type,
      about,
      JSON.stringify(categories),
      from ?? null,
      to ?? null,
      n,
      merged,
      Math.floor(now()),
    );
  }

  /** Closes what has been quiet, or open for long. Returns when to look again; undefined where nothing is open. */
  close(): number | undefined {
    const { sql, now } = this.#state;
    const due = [now() - QUIET_MS, now() - LONGEST_MS] as const;
    // There and back within the window: nothing has changed.
    sql.exec(
      `DELETE FROM webhook_events WHERE state = 'open' AND type = 'connection.state_changed' AND facts->>'from' = facts->>'to'
       AND (updated_at <= ? OR first_at <= ?)`,
      ...due,
    );
    sql.exec(
      `UPDATE webhook_events SET state = 'closed' WHERE state = 'open' AND type NOT IN (${SCHEDULED}) AND (updated_at <= ? OR first_at <= ?)`,
      ...due,
    );
    // A day is told of once it is over and nothing has come for it lately.
    sql.exec(
      `UPDATE webhook_events SET state = 'closed' WHERE state = 'open' AND type IN (${SCHEDULED}) AND to_at <= ? AND updated_at <= ?`,
      now() - AFTER_MS,
      now() - LULL_MS,
    );
    const { at } = sql
      .exec<{ at: number | null }>(
        `SELECT min(iif(type IN (${SCHEDULED}), max(to_at + ${AFTER_MS}, updated_at + ${LULL_MS}), min(updated_at + ${QUIET_MS}, first_at + ${LONGEST_MS}))) AS at
         FROM webhook_events WHERE state = 'open'`,
      )
      .one();
    return at ?? undefined;
  }

  /** Events that nobody has been looked up for yet, oldest first. */
  closed(): EventId[] {
    return this.#state.sql
      .exec<{ id: string }>("SELECT id FROM webhook_events WHERE state = 'closed' ORDER BY id LIMIT ?", AT_ONCE)
      .toArray()
      .map(({ id }) => parseId("event", id))
      .filter((id) => id !== undefined);
  }

  /** Everybody who wants them has a delivery now. */
  routed(ids: readonly string[]): void {
    this.#state.sql.exec(
      "UPDATE webhook_events SET state = 'routed' WHERE state = 'closed' AND id IN (SELECT value FROM json_each(?))",
      JSON.stringify(ids),
    );
  }

  get(id: string): StoredEvent | undefined {
    return this.#state.sql.exec<Row>("SELECT * FROM webhook_events WHERE id = ?", id).toArray().map(eventOf)[0];
  }

  /** Where a state is left and entered several times within the window, the first one is where it came from. */
  #merge(type: EventType, about: string, facts: StoredEvent["facts"]): StoredEvent["facts"] {
    const [open] = this.#state.sql
      .exec<{ facts: string }>("SELECT facts FROM webhook_events WHERE type = ? AND about = ? AND state = 'open'", type, about)
      .toArray();
    if (open === undefined) return facts;
    const before = factsSchema.parse(JSON.parse(open.facts));
    return { ...before, ...facts, ...("from" in before && { from: before["from"] ?? null }) };
  }
}

function eventOf(row: Row): StoredEvent {
  const id = parseId("event", row.id);
  if (id === undefined) throw new TypeError("a stored event has no id of its kind");
  return {
    id,
    // What the vault itself has written.
    type: row.type as EventType,
    about: row.about,
    categories: JSON.parse(row.categories) as Category[],
    from: row.from_at,
    to: row.to_at,
    n: row.n,
    facts: factsSchema.parse(JSON.parse(row.facts)),
    firstAt: row.first_at,
    updatedAt: row.updated_at,
  };
}
