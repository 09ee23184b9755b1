import { currentKey, regionalKeys } from "../../../shared/crypto/keys";
import type { SealedPlace } from "../../../shared/crypto/sealing";
import { movedIds } from "../../../shared/erasure/moved-ids";
import type { PersonId } from "../../../shared/id";
import { problem } from "../../../shared/problem";
import { storesOf, vaultDoor } from "../../doors";
import { chainKey, mac } from "../access/chain";
import type { AccessLog } from "../access/log";
import type { Lifecycle } from "../lifecycle";
import type { Sealer } from "../sealer";
import type { VaultState } from "../state";
import { bare, CROSSING, goesOn, hashOf, type Key, type Part, placeOf, readSlice, type Row, type TableSpan } from "./rows";
import { MOVED_TABLES, MOVING } from "./tables";

/** How far a vault has been gone through. */
export interface Place {
  /** Number of the table in `MOVING`. */
  readonly table: number;
  readonly after?: Key | undefined;
}

/** What one slice came to; without `next` it was the last. */
export interface SliceDone {
  readonly rows: number;
  readonly next: Place | undefined;
  /** Table in which the two sides differ. */
  readonly differs?: string;
}

/** What the old region says of the end of a log that goes on elsewhere: its head, and an HMAC over it and both ids. */
export interface Farewell {
  readonly person: PersonId;
  readonly seq: number;
  readonly hash: string;
  readonly statement: string;
}

/** Rows of one table as they cross, and the span in which the new vault must have them. */
type Crossing = Part & TableSpan;

const VERIFIED_AT_ONCE = 20_000;

/** The side that a person leaves: hands its rows to the new vault, object to object, and compares. Only while it is frozen. */
export class Departure {
  readonly #state: VaultState;
  readonly #life: Lifecycle;
  readonly #sealer: Sealer;
  readonly #log: AccessLog;

  constructor(state: VaultState, life: Lifecycle, sealer: Sealer, log: AccessLog) {
    this.#state = state;
    this.#life = life;
    this.#sealer = sealer;
    this.#log = log;
  }

  /** Proves the whole log against itself and its checkpoints. */
  async logIsIntact(): Promise<boolean> {
    let after: number | null = 0;
    while (after !== null) {
      const { intact, next } = await this.#log.verify(after, VERIFIED_AT_ONCE);
      if (!intact) return false;
      after = next;
    }
    return true;
  }

  /** How many rows there are to move. */
  rows(): number {
    return MOVING.reduce((sum, table) => sum + this.#state.sql.exec<{ n: number }>(`SELECT count(*) AS n FROM "${table}"`).one().n, 0);
  }

  /** Hands the slice at a place to the new vault. Repeating it writes the same rows again. */
  async copy(to: PersonId, place: Place): Promise<SliceDone> {
    const { crossings, next } = await this.#slice(to, place);
    const parts = crossings.flatMap(({ table, rows }) => (rows.length === 0 ? [] : [{ table, rows }]));
    if (parts.length > 0) await vaultDoor(this.#state.env, to).takeRows(parts);
    return { rows: countOf(crossings), next };
  }

  /** Compares the slice at a place with what the new vault has there. */
  async compare(to: PersonId, place: Place): Promise<SliceDone> {
    const { crossings, next } = await this.#slice(to, place);
    const spans = crossings.map(({ table, after, to: end }) => ({ table, after, to: end }));
    const there = await vaultDoor(this.#state.env, to).digestRows(spans);
    const differing = crossings.find(({ rows }, i) => there[i]?.n !== rows.length || there[i]?.hash !== hashOf(rows));
    return { rows: countOf(crossings), next, ...(differing !== undefined && { differs: differing.table }) };
  }

  /** Opens a value that was sealed here and has it sealed by the new vault; neither it nor a key is seen in between. */
  async reseal(place: SealedPlace, sealed: string, to: PersonId, toPlace: SealedPlace): Promise<string> {
    this.#assertFrozen();
    return await vaultDoor(this.#state.env, to).sealArriving(toPlace, await this.#sealer.unseal(place, sealed));
  }

  farewell(to: PersonId): Farewell {
    this.#assertFrozen();
    const { seq, hash } = this.#log.head();
    const keys = regionalKeys(storesOf(this.#state.env, this.#state.region).keys);
    const { version } = currentKey(keys.chain);
    const key = chainKey(keys, version);
    if (key === undefined) throw new TypeError("the key ring has no current key");
    const { person } = this.#state;
    return { person, seq, hash, statement: `${version}.${mac(key, "region-move", `${person}|${to}|${seq}|${hash}`)}` };
  }

  /** The rows from a place on, through as many tables as there is room for. Tables without rows are among them: they have to be empty there. */
  async #slice(to: PersonId, place: Place): Promise<{ crossings: Crossing[]; next: Place | undefined }> {
    this.#assertFrozen();
    const { sql } = this.#state;
    const map = movedIds(this.#state.person, to);
    const mapped = (key: Key | undefined) => key?.map((part) => (typeof part === "string" ? map(part) : part));
    const crossings: Crossing[] = [];
    let next: Place | undefined = place;
    let room = CROSSING;
    while (next !== undefined && room.rows > 0 && room.bytes > 0) {
      const at: Place = next;
      const table: string | undefined = MOVING[at.table];
      if (table === undefined) throw problem("conflict", "There is nothing left to move.");
      const { rows: found, left } = readSlice(sql, table, at.after, room);
      room = left;
      const last = found.at(-1);
      const end: Key | undefined = last === undefined ? undefined : placeOf(sql, table, last);
      const isWhole: boolean = end === undefined || !goesOn(sql, table, end);
      const rows = await Promise.all(found.map(async (row) => await this.#leave(table, row, map)));
      crossings.push({ table, rows, after: mapped(at.after), to: isWhole ? undefined : mapped(end) });
      next = isWhole ? following(at) : { table: at.table, after: end };
    }
    return { crossings, next };
  }

  async #leave(table: string, row: Row, map: (text: string) => string): Promise<Row> {
    const how = MOVED_TABLES[table];
    if (how === undefined || "left" in how) throw new TypeError("the table does not move");
    if (how.how !== "rows") return bare(how.how, row);
    const { sealed = [] } = how;
    const entries = await Promise.all(
      Object.entries(row).map(async ([column, value]): Promise<[string, SqlStorageValue]> => {
        if (typeof value !== "string") return [column, value];
        const seal = sealed.find((one) => one.column === column);
        if (seal !== undefined) return [column, await this.#sealer.unseal(seal.place(row), value)];
        return [column, map(value)];
      }),
    );
    return Object.fromEntries(entries);
  }

  #assertFrozen(): void {
    if (this.#life.state !== "frozen") throw problem("conflict", "The vault is not being moved.");
  }
}

/** The beginning of the next table, if there is one. */
function following({ table }: Place): Place | undefined {
  return table + 1 < MOVING.length ? { table: table + 1 } : undefined;
}

function countOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { rows }) => sum + rows.length, 0);
}
