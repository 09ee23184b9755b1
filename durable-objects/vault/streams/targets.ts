import { newId } from "../../../shared/id";
import { notFound, problem } from "../../../shared/problem";
import type { Sealer } from "../sealer";
import type { VaultState } from "../state";

const TIMER = "stream-targets";
/** So many at once: one for each platform, and some to spare. */
const MOST = 20;

/** Where somebody streams to, without what is secret of it. Times epoch milliseconds. Crosses RPC: plain data only. */
export interface StreamTarget {
  readonly id: string;
  readonly platform: string;
  readonly label: string | null;
  /** The last characters of the key, by which its owner knows it again. */
  readonly hint: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly handedAt: number | null;
}

export interface NewStreamTarget {
  readonly platform: string;
  readonly label: string | null;
  readonly url: string;
  readonly key: string;
  readonly lastsMs: number;
}

type Row = {
  id: string;
  platform: string;
  label: string | null;
  sealed: string | null;
  hint: string;
  created_at: number;
  expires_at: number;
  handed_at: number | null;
};

/** Live-stream targets: the key is sealed, handed to the person's encoder once, and gone with its time. Callers decide who may. */
export class StreamTargets {
  readonly #state: VaultState;
  readonly #sealer: Sealer;

  constructor(state: VaultState, sealer: Sealer) {
    this.#state = state;
    this.#sealer = sealer;
    state.timers.on(TIMER, async () => this.#expire());
  }

  list(): StreamTarget[] {
    this.#expire();
    return this.#state.sql.exec<Row>("SELECT * FROM stream_targets ORDER BY id").toArray().map(targetOf);
  }

  /** Keeps a target. Problem `conflict` where there are too many. */
  async add({ platform, label, url, key, lastsMs }: NewStreamTarget): Promise<StreamTarget> {
    const { sql, now, region, random, timers } = this.#state;
    if (this.list().length >= MOST) throw problem("conflict", `Remove one first: ${MOST} are kept.`);
    const at = Math.floor(now());
    const id = newId("streamTarget", region, at, random);
    const sealed = await this.#sealer.seal(placeOf(id), JSON.stringify({ url, key }));
    sql.exec(
      "INSERT INTO stream_targets (id, platform, label, sealed, hint, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
      id,
      platform,
      label,
      sealed,
      key.slice(-4),
      at,
      at + lastsMs,
    );
    timers.setEarliest(TIMER, "", at + lastsMs);
    return targetOf(this.#row(id));
  }

  /** Address and key, for the encoder: once, and never again. Problems `not_found`, `gone` where it was handed out before. */
  async handOver(id: string): Promise<{ readonly url: string; readonly key: string }> {
    this.#expire();
    const { sql, now } = this.#state;
    const { sealed } = this.#row(id);
    // Of two at once one gets it.
    const taken = sql
      .exec("UPDATE stream_targets SET sealed = NULL, handed_at = ? WHERE id = ? AND sealed IS NOT NULL RETURNING 1", Math.floor(now()), id)
      .toArray();
    if (sealed === null || taken.length === 0) throw problem("gone", "The key was handed out already. Get a new one from the platform.");
    return JSON.parse(await this.#sealer.unseal(placeOf(id), sealed)) as { url: string; key: string };
  }

  /** Forgets a target. Problem `not_found`. */
  remove(id: string): void {
    this.#row(id);
    this.#state.sql.exec("DELETE FROM stream_targets WHERE id = ?", id);
  }

  /** Goes on after the person came from another region. */
  wake(): void {
    const next = this.#expire();
    if (next !== undefined) this.#state.timers.setEarliest(TIMER, "", next);
  }

  #expire(): number | undefined {
    const { sql, now } = this.#state;
    sql.exec("DELETE FROM stream_targets WHERE expires_at <= ?", Math.floor(now()));
    return sql.exec<{ next: number | null }>("SELECT min(expires_at) AS next FROM stream_targets").one().next ?? undefined;
  }

  #row(id: string): Row {
    const [row] = this.#state.sql.exec<Row>("SELECT * FROM stream_targets WHERE id = ?", id).toArray();
    if (row === undefined) throw notFound("stream target");
    return row;
  }
}

function targetOf({ id, platform, label, hint, created_at, expires_at, handed_at }: Row): StreamTarget {
  return { id, platform, label, hint, createdAt: created_at, expiresAt: expires_at, handedAt: handed_at };
}

function placeOf(id: string) {
  return { table: "stream_targets", column: "sealed", row: id };
}
