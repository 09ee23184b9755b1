import type { EventView } from "../../shared/messaging/views";

/** An event as it is stored: what it shows of a message is read when it is told. */
export interface StoredEvent {
  readonly seq: number;
  readonly at: number;
  readonly kind: EventView["kind"];
  /** 0 for the room itself. */
  readonly member: number;
  readonly message: number | null;
  readonly data: Readonly<Record<string, unknown>> | null;
}

type Row = { seq: number; at: number; kind: EventView["kind"]; member: number; message: number | null; data: string | null };

const COLUMNS = "seq, at, kind, member, message, data";

/** The numbered changes of a room. */
export class EventLog {
  readonly #sql: SqlStorage;
  #head: number | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The number of the last event; 0 before the first. */
  get head(): number {
    this.#head ??= this.#sql.exec<{ seq: number | null }>("SELECT max(seq) AS seq FROM events").one().seq ?? this.#floor();
    return this.#head;
  }

  /** Gives the next number to a change; part of the caller's transaction; see `forget`. */
  append(event: Omit<StoredEvent, "seq">, client?: { readonly id: string; readonly digest: number }): StoredEvent {
    const seq = this.head + 1;
    this.#sql.exec(
      "INSERT INTO events (seq, at, kind, member, message, data, client_id, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      seq,
      event.at,
      event.kind,
      event.member,
      event.message ?? (event.kind === "message" ? seq : null),
      event.data === null ? null : JSON.stringify(event.data),
      client?.id ?? null,
      client?.digest ?? null,
    );
    this.#head = seq;
    return { ...event, seq, message: event.message ?? (event.kind === "message" ? seq : null) };
  }

  /** What was sent under a client's id before. */
  sentAs(member: number, clientId: string): { readonly seq: number; readonly at: number; readonly digest: number } | undefined {
    return this.#sql
      .exec<{ seq: number; at: number; digest: number }>(
        "SELECT seq, at, digest FROM events WHERE member = ? AND client_id = ?",
        member,
        clientId,
      )
      .toArray()[0];
  }

  /** The last event of a kind about a message. */
  lastOf(message: number, kinds: readonly EventView["kind"][]): { readonly seq: number; readonly at: number } | undefined {
    const rows = kinds.flatMap((kind) =>
      this.#sql
        .exec<{ seq: number; at: number }>(
          "SELECT seq, at FROM events WHERE message = ? AND kind = ? AND kind <> 'message' ORDER BY seq DESC LIMIT 1",
          message,
          kind,
        )
        .toArray(),
    );
    return rows.toSorted((a, b) => b.seq - a.seq)[0];
  }

  /** Events after a number, in order. */
  after(seq: number, limit: number): StoredEvent[] {
    return this.#sql
      .exec<Row>(`SELECT ${COLUMNS} FROM events WHERE seq > ? ORDER BY seq LIMIT ?`, seq, limit)
      .toArray()
      .map((row) => ({ ...row, data: row.data === null ? null : (JSON.parse(row.data) as Record<string, unknown>) }));
  }

  /** When the last event was; undefined before the first. */
  lastAt(): number | undefined {
    return this.#sql.exec<{ at: number }>("SELECT at FROM events ORDER BY seq DESC LIMIT 1").toArray()[0]?.at;
  }

  /** The last event at or before an instant. */
  headAt(at: number): number {
    // Instants rise with numbers, so this looks from the front, through what is too old.
    const [first] = this.#sql.exec<{ seq: number }>("SELECT seq FROM events WHERE at > ? ORDER BY seq LIMIT 1", at).toArray();
    return first === undefined ? this.head : first.seq - 1;
  }

  /** Reads the number of the last event anew: what was being written was not. */
  forget(): void {
    this.#head = undefined;
  }

  /** Forgets everything up to and including a number. */
  purge(floor: number): void {
    this.#sql.exec("DELETE FROM events WHERE seq <= ?", floor);
  }

  #floor(): number {
    return this.#sql.exec<{ floor: number }>("SELECT floor FROM room").toArray()[0]?.floor ?? 0;
  }
}
