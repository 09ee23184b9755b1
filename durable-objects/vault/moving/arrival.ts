import type { SealedPlace } from "../../../shared/crypto/sealing";
import { problem } from "../../../shared/problem";
import type { AccessLog } from "../access/log";
import type { Achievements } from "../achievements/achievements";
import type { Connections } from "../connections/connections";
import type { Challenges } from "../challenges/challenges";
import type { Consents } from "../consents/consents";
import type { Notifications } from "../notifications/notifications";
import type { Outbox } from "../notifications/outbox";
import type { EmergencyAccesses } from "../emergency/accesses";
import type { FhirPart } from "../fhir/part";
import type { Subscriptions } from "../subscriptions/subscriptions";
import type { StreamTargets } from "../streams/targets";
import type { Wallet } from "../wallet/wallet";
import type { Webhooks } from "../webhooks/webhooks";
import type { Lifecycle } from "../lifecycle";
import { forgetProfile } from "../profile";
import type { Sealer } from "../sealer";
import type { VaultState } from "../state";
import type { Store } from "../store/store";
import type { Farewell } from "./departure";
import { bare, type Digest, hashOf, type Part, readSpan, type Row, type TableSpan } from "./rows";
import { MOVED_TABLES, type SealedColumn } from "./tables";

interface Parts {
  readonly sealer: Sealer;
  readonly log: AccessLog;
  readonly store: Pick<Store, "reload">;
  readonly consents: Consents;
  readonly emergencies: EmergencyAccesses;
  readonly connections: Connections;
  readonly fhir: FhirPart;
  readonly webhooks: Webhooks;
  readonly subscriptions: Subscriptions;
  readonly notifications: Notifications;
  readonly achievements: Achievements;
  readonly wallet: Wallet;
  readonly challenges: Challenges;
  readonly streams: StreamTargets;
  readonly outbox: Outbox;
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
    if (how.how === "anchor") {
      for (const row of rows) this.#parts.log.carryAnchor({ seq: Number(row["seq"]), at: Number(row["at"]), hash: textIn(row["hash"]) });
      return;
    }
    const { sealed = [] } = how;
    const { sealer } = this.#parts;
    const ready = await Promise.all(
      rows.map(async (row) => await changed(row, sealed, async (place, value) => await sealer.seal(place, value))),
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
    const { sealer } = this.#parts;
    const rows = await Promise.all(
      found.map(async (row) =>
        how.how === "rows"
          ? await changed(row, how.sealed ?? [], async (place, value) => await sealer.unseal(place, value))
          : bare(how.how, row),
      ),
    );
    return { n: rows.length, hash: hashOf(rows) };
  }

  /** Seals a value of the records that moves along. */
  async seal(place: SealedPlace, text: string): Promise<string> {
    this.#assertFrozen();
    return await this.#parts.sealer.seal(place, text);
  }

  /**
   * Begins to work for the person, in one step: consents are given anew under the new id, emergency accesses end, and the log's first line
   * of its own says where it comes from. What was carried of the log is put under a checkpoint of this region before, since old lines
   * without one are not proven. Done already is fine.
   */
  async open({ person, seq, hash, statement }: Farewell): Promise<void> {
    if (this.#life.state !== "frozen") return;
    await this.#parts.log.putCheckpoint();
    // Somebody else may have opened it meanwhile.
    if (!this.#isFrozen()) return;
    this.#parts.store.reload();
    this.#parts.consents.renew();
    this.#parts.challenges.renew();
    this.#parts.emergencies.endAll();
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
    this.#parts.webhooks.wake();
    this.#parts.subscriptions.wake(true);
    this.#parts.notifications.wake();
    this.#parts.achievements.wake();
    this.#parts.wallet.wake();
    this.#parts.streams.wake();
    this.#parts.outbox.wake();
    this.#state.timers.wake();
  }

  #isFrozen(): boolean {
    return this.#life.state === "frozen";
  }

  #assertFrozen(): void {
    if (!this.#isFrozen()) throw problem("conflict", "The vault is not being moved.");
  }
}

/** A row with its sealed columns opened, or closed. */
async function changed(
  row: Row,
  sealed: readonly SealedColumn[],
  change: (place: SealedPlace, value: string) => Promise<string>,
): Promise<Row> {
  const entries = await Promise.all(
    sealed.map(async ({ column, place }): Promise<[string, SqlStorageValue]> => {
      const value = row[column] ?? null;
      return [column, typeof value === "string" ? await change(place(row), value) : value];
    }),
  );
  return { ...row, ...Object.fromEntries(entries) };
}

function textIn(value: SqlStorageValue | undefined): string {
  if (typeof value !== "string") throw new TypeError("a line of the log is a text");
  return value;
}
