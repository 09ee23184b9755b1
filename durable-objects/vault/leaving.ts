import type { Challenges, OnBoard } from "./challenges/challenges";
import { type EndedGrants, endGrants } from "./connections/end-grants";
import type { Connections } from "./connections/connections";
import type { Followers } from "./connections/followers";
import { connectionPorts } from "./connections/ports";
import { parseId, type PersonId, type ProgrammeId, type RoomId } from "../../shared/id";
import type { FhirPart } from "./fhir/part";
import type { Lifecycle } from "./lifecycle";
import type { Elsewhere } from "./live/elsewhere";
import type { Live } from "./live/live";
import type { Rooms } from "./rooms/rooms";
import type { SubscriptionSockets } from "./subscriptions/sockets";
import type { Subscriptions } from "./subscriptions/subscriptions";
import { problem } from "../../shared/problem";
import type { VaultState } from "./state";

/** Rows of each table of a vault. */
export type TableCounts = Readonly<Record<string, number>>;

/** Whose objects know of a person: those who could watch their streams, programmes that they took part in, and rooms. */
export interface Acquaintances {
  readonly readers: readonly PersonId[];
  readonly programmes: readonly ProgrammeId[];
  readonly rooms: readonly RoomId[];
  readonly standings: readonly OnBoard[];
}

/** Tables of the schema's own, and what stands for no data of the person. */
const NOT_COUNTED: ReadonlySet<string> = new Set(["_migrations", "_cf_KV", "_cf_METADATA", "lifecycle", "timers", "live_state"]);

interface Parts {
  readonly challenges: Challenges;
  readonly live: Live;
  readonly elsewhere: Elsewhere;
  readonly rooms: Rooms;
  readonly connections: Connections;
  readonly followers: Followers;
  readonly fhir: FhirPart;
  readonly sockets: SubscriptionSockets;
  readonly subscriptions: Subscriptions;
}

/** What a vault does when its person leaves: first it pauses, then it closes, at last it is empty. */
export class Leaving {
  readonly #state: VaultState;
  readonly #life: Lifecycle;
  readonly #parts: Parts;

  constructor(state: VaultState, life: Lifecycle, parts: Parts) {
    this.#state = state;
    this.#life = life;
    this.#parts = parts;
  }

  /** Pauses syncs, forwarding and everybody else's access; the person may still look. */
  suspend(): void {
    if (this.#life.isOpen) this.#life.set("suspended");
    this.#parts.connections.pause();
    this.#parts.live.endAll();
    this.#parts.followers.endAll();
    this.#parts.sockets.endAll();
  }

  /** Stands still while it is copied to another region. Problem `conflict` for somebody who is going to be erased. */
  freeze(): void {
    if (this.#life.state === "frozen") return;
    if (!this.#life.isOpen) throw problem("conflict", "The account is going to be erased.");
    this.#parts.connections.pause();
    this.#parts.live.endAll();
    this.#parts.followers.endAll();
    this.#parts.sockets.endAll();
    this.#life.set("frozen");
  }

  /** Takes up again what was paused. */
  resume(): void {
    if (this.#life.state !== "suspended" && this.#life.state !== "frozen") return;
    this.#life.set("open");
    this.#parts.connections.wake();
    for (const { id } of this.#parts.fhir.targets.all()) this.#parts.fhir.forwarding.wake(id);
    this.#parts.subscriptions.wake(false);
    this.#state.timers.wake();
  }

  /** Lets nobody in any more, nor any work of Meridian's own. */
  close(): void {
    if (this.#life.state === "gone") return;
    this.#life.set("closed");
    this.#parts.connections.pause();
    this.#parts.live.endAll();
    this.#parts.followers.endAll();
    this.#parts.sockets.endAll();
  }

  /** Rows there are, by table; nothing where the vault is empty already. */
  inventory(): TableCounts {
    const { sql } = this.#state;
    const tables = sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
      .toArray()
      .filter(({ name }) => !NOT_COUNTED.has(name) && !name.startsWith("sqlite_"));
    const counts = tables.map(({ name }) => [name, sql.exec<{ n: number }>(`SELECT count(*) AS n FROM "${name}"`).one().n] as const);
    return Object.fromEntries(counts.filter(([, n]) => n > 0));
  }

  /**
   * Closes the streams that the person watches, and names everybody whom they ever let watch, every programme that they ever gave a
   * consent to, every room that knows of them, and every board on which they stand. Of a vault that is closed; throws where a stream could not be closed yet.
   */
  async takeLeave(): Promise<Acquaintances> {
    if (this.#life.state !== "closed") return { readers: [], programmes: [], rooms: [], standings: [] };
    await this.#parts.elsewhere.end();
    const { sql } = this.#state;
    const ids = (query: string) =>
      sql
        .exec<{ id: string }>(query)
        .toArray()
        .map(({ id }) => id);
    const readers = ids(
      "SELECT grantee AS id FROM consents WHERE grantee_kind = 'person' UNION SELECT clinician FROM emergency_accesses ORDER BY id",
    );
    const programmes = ids("SELECT DISTINCT grantee AS id FROM consents WHERE grantee_kind = 'programme' ORDER BY id");
    return {
      readers: readers.map((id) => parseId("person", id)).filter((id) => id !== undefined),
      programmes: programmes.map((id) => parseId("programme", id)).filter((id) => id !== undefined),
      rooms: this.#parts.rooms.all(),
      standings: this.#parts.challenges.standings(),
    };
  }

  /** Ends the person's permissions at vendors; see `endGrants`. */
  async endGrants(shared: readonly string[], isLast: boolean): Promise<EndedGrants> {
    if (this.#life.state !== "closed") return { revoked: 0, shared: 0, unconfirmed: 0, open: 0 };
    return await endGrants(this.#state, connectionPorts(this.#state), { shared, isLast });
  }
}
