import { HOUR_MS } from "../../shared/clock";
import { type ConnectionId, type PersonId, regionOf } from "../../shared/id";
import type { Region } from "../../shared/region";
import type { PushedPointer } from "../../shared/vendors/pointer";
import { LONGEST_HELD, type AddressedPush } from "../../shared/vendors/push";

/** A push as it waits for its vault. */
export interface WaitingPush extends Pick<AddressedPush, "parts"> {
  readonly id: number;
  /** When it came, in epoch milliseconds. */
  readonly cameAt: number;
}

/** Whose a push is, as the directory knows it. */
export interface PushAccount extends Pick<AddressedPush, "account" | "credential"> {
  readonly id: number;
}

/** What the queue is to be told: for which connections of one region's people something waits. */
export interface Untold {
  readonly region: Region;
  readonly ids: readonly number[];
  readonly pointers: readonly PushedPointer[];
}

/** Letters that are bound as one value, which may have 2 MB; a letter takes up to three bytes, and more where it is escaped. */
const LETTERS_AT_ONCE = LONGEST_HELD;
/** Pushes that so much time after they were told still wait are told again: their message may be lost. */
const TELL_AGAIN_MS = HOUR_MS;
/** Ids in a millisecond. */
const IDS_A_MS = 1_024;

export const UNTOLD = "select id, vendor, person, connection from pushes where tell_at <= ? order by tell_at, id limit ?";
const AMONG = "(?2 is null or id in (select value from json_each(?2)))";
export const WAITING = `select id, came_at, parts from pushes where connection = ?1 and ${AMONG} and id > ?3 order by id`;
export const ACCOUNTS = `select id, account, credential from pushes where connection = ?1 and ${AMONG} order by id`;
export const NEXT_TELL = "select min(tell_at) as at from pushes";

/** Pushes that came for people of a region and are not in their vaults yet. */
export class GatePushes {
  readonly #sql: SqlStorage;
  #lastId: number | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Keeps pushes in their order; they want to be told at once. Part of the caller's write; one statement for most of them. */
  add(pushes: readonly AddressedPush[], now: number): void {
    let rows: unknown[] = [];
    let letters = 0;
    const write = (): void => {
      this.#sql.exec(
        `insert into pushes (id, vendor, person, connection, account, credential, came_at, tell_at, parts)
         select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, ?, value ->> 7 from json_each(?)`,
        now,
        JSON.stringify(rows),
      );
      [rows, letters] = [[], 0];
    };
    for (const { vendor, person, connection, account, credential, parts } of pushes) {
      if (rows.length > 0 && letters + parts.length > LETTERS_AT_ONCE) write();
      rows.push([this.#newId(now), vendor, person, connection, account, credential, now, parts]);
      letters += parts.length;
    }
    if (rows.length > 0) write();
  }

  /** The pushes that are to be told now, of one region's people, `most` of them; undefined where there are none. */
  untold(now: number, most: number): Untold | undefined {
    const rows = this.#sql.exec<{ id: number; vendor: string; person: PersonId; connection: ConnectionId }>(UNTOLD, now, most).toArray();
    const [first] = rows;
    if (first === undefined) return undefined;
    const region = regionOf(first.person);
    const own = rows.filter(({ person }) => regionOf(person) === region);
    const byConnection = new Map(own.map((row) => [row.connection, row]));
    const pointers = [...byConnection.values()].map(({ vendor, person, connection }): PushedPointer => ({
      kind: "pushed",
      person,
      connection,
      vendor,
    }));
    return { region, ids: own.map(({ id }) => id), pointers };
  }

  /** The queue knows of them. */
  told({ ids }: Untold, now: number): void {
    this.#sql.exec("update pushes set tell_at = ? where id in (select value from json_each(?))", now + TELL_AGAIN_MS, JSON.stringify(ids));
  }

  /** When the queue is to be told of the next; undefined where none waits. */
  get nextTell(): number | undefined {
    return this.#sql.exec<{ at: number | null }>(NEXT_TELL).one().at ?? undefined;
  }

  /**
   * What waits for a connection, oldest first, beyond a number, and no more letters than `letters` beyond the first.
   *
   * @param only of these alone
   */
  waiting(connection: ConnectionId, after: number, letters: number, only?: readonly number[]): WaitingPush[] {
    const found: WaitingPush[] = [];
    let length = 0;
    type Row = { id: number; came_at: number; parts: string };
    for (const { came_at, ...row } of this.#sql.exec<Row>(WAITING, connection, among(only), after)) {
      length += row.parts.length;
      if (found.length > 0 && length > letters) break;
      found.push({ ...row, cameAt: came_at });
    }
    return found;
  }

  /** Whose that is which waits for a connection, or those of it that are named. */
  accounts(connection: ConnectionId, only?: readonly number[]): PushAccount[] {
    return this.#sql.exec<{ id: number; account: string; credential: string | null }>(ACCOUNTS, connection, among(only)).toArray();
  }

  /** Their vaults have them, or nobody wants them. */
  done(ids: readonly number[]): void {
    this.#sql.exec("delete from pushes where id in (select value from json_each(?))", JSON.stringify(ids));
  }

  #newId(now: number): number {
    this.#lastId ??= this.#sql.exec<{ id: number | null }>("select max(id) as id from pushes").one().id ?? 0;
    return (this.#lastId = Math.max(now * IDS_A_MS, this.#lastId + 1));
  }
}

const among = (ids: readonly number[] | undefined): string | null => (ids === undefined ? null : JSON.stringify(ids));
