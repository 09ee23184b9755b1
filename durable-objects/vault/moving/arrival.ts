import type { SealedPlace } from "../../../shared/crypto/sealing";
import { problem } from "../../../shared/problem";
import type { AccessLog } from "../access/log";
import type { Connections } from "../connections/connections";
import type { Consents } from "../consents/consents";
import type { FhirPart } from "../fhir/part";
import type { Lifecycle } from "../lifecycle";
import { forgetProfile } from "../profile";
import type { Sealer } from "../sealer";
import type { VaultState } from "../state";
import type { Farewell } from "./departure";
import { type Digest, hashOf, type Part, readSpan, type Row, type TableSpan } from "./rows";
import { MOVED_TABLES } from "./tables";

interface Parts {
  readonly sealer: Sealer;
  readonly log: AccessLog;
  readonly consents: Consents;
  readonly connections: Connections;
  readonly fhir: FhirPart;
}

/** The side at which a person arrives. It is frozen until everything is here. */
export class Arrival {
  readonly #state: VaultState;
  readonly #life: Lifecycle;
  readonly #parts: Parts;

  constructor(state: VaultState, life: Lifecycle, parts: Parts) {
    this.#state = state;
    this.#life = life;
    this.#parts = parts;
  }

  /** Makes room: lets nobody in until `open`. */
  begin(): void {
    if (this.#life.isOpen) this.#life.set("frozen");
  }

  /** Stores rows, sealing what has to be; those that are here already are replaced by the same. */
  async take(parts: readonly Part[]): Promise<void> {
    this.#assertFrozen();
    for (const { table, rows } of parts) await this.#take(table, rows);
  }

  async #take(table: string, rows: readonly Row[]): Promise<void> {
    const how = MOVED_TABLES[table];
    if (how === undefined || "left" in how) throw problem("conflict", "The table does not move.");
    if (how.how === "chain")
      return this.#parts.log.carry(rows.map((row) => ({ seq: Number(row["seq"]), at: Number(row["at"]), body: textIn(row["body"]) })));
    const { sealed } = how;
    const ready = await Promise.all(
      rows.map(async (row) => (sealed === undefined ? row : await this.#closed(row, sealed.column, sealed.place(row)))),
    );
    this.#state.storage.transactionSync(() => {
      for (const row of ready) {
        const columns = Object.keys(row).map((column) => `"${column.replaceAll('"', "")}"`);
        this.#state.sql.exec(
          `INSERT OR REPLACE INTO "${table}" (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
          ...Object.values(row),
        );
      }
    });
    if (table === "profile") forgetProfile(this.#state.sql);
  }

  /** What is here in each of the spans. */
  async digest(spans: readonly TableSpan[]): Promise<Digest[]> {
    this.#assertFrozen();
    return await Promise.all(spans.map(async (span) => await this.#digest(span)));
  }

  async #digest({ table, ...span }: TableSpan): Promise<Digest> {
    const how = MOVED_TABLES[table];
    if (how === undefined || "left" in how) throw problem("conflict", "The table does not move.");
    const found = readSpan(this.#state.sql, table, span);
    const rows = await Promise.all(
      found.map(async (row): Promise<Row> => {
        if (how.how === "chain") return { seq: row["seq"] ?? null, at: row["at"] ?? null, body: row["body"] ?? null };
        const value = how.sealed === undefined ? undefined : row[how.sealed.column];
        if (how.sealed === undefined || typeof value !== "string") return row;
        return { ...row, [how.sealed.column]: await this.#parts.sealer.unseal(how.sealed.place(row), value) };
      }),
    );
    return { n: rows.length, hash: hashOf(rows) };
  }

  /** Seals a value of the records that moves along. */
  async seal(place: SealedPlace, text: string): Promise<string> {
    this.#assertFrozen();
    return await this.#parts.sealer.seal(place, text);
  }

  /**
   * Begins to work for the person, in one step: consents are given anew under the new id, and the log's first line of its own says where
   * it comes from. Done already is fine.
   */
  open({ person, seq, hash, statement }: Farewell): void {
    if (this.#life.state !== "frozen") return;
    this.#parts.consents.renew();
    this.#parts.log.append({
      actorKind: "system",
      actor: "region_move",
      action: "manage",
      resource: "access_log",
      about: [person, `head ${seq} ${hash}`, `statement ${statement}`],
      purpose: "personal",
      outcome: "allowed",
      reason: "system",
      onBehalfOf: this.#state.person,
    });
    this.#life.set("open");
    this.#parts.connections.wake();
    for (const { id } of this.#parts.fhir.targets.all()) this.#parts.fhir.forwarding.wake(id);
    this.#state.timers.wake();
  }

  async #closed(row: Row, column: string, place: SealedPlace): Promise<Row> {
    const value = row[column];
    return typeof value === "string" ? { ...row, [column]: await this.#parts.sealer.seal(place, value) } : row;
  }

  #assertFrozen(): void {
    if (this.#life.state !== "frozen") throw problem("conflict", "The vault is not being moved.");
  }
}

function textIn(value: SqlStorageValue | undefined): string {
  if (typeof value !== "string") throw new TypeError("a line of the log is a text");
  return value;
}
