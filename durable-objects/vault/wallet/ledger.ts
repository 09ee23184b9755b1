import { problem } from "../../../shared/problem";
import { BOOKINGS, type BookingKind, NEVER, type WalletUnit } from "../../../shared/wallet/wallet";

/** Something to book. The kind says in which direction; `amount` is positive. */
export interface Booking {
  /** What it is booked for: a second booking under the same key is none. */
  readonly key: string;
  readonly kind: BookingKind;
  readonly unit: WalletUnit;
  readonly amount: number;
  /** A pointer to what it is for. */
  readonly about: string;
  readonly expiresAt?: number | undefined;
}

/** A line of the statement. Times epoch milliseconds. Crosses RPC: plain data only. */
export interface Transaction {
  readonly seq: number;
  readonly kind: BookingKind;
  readonly unit: WalletUnit;
  /** Negative for what went out. */
  readonly amount: number;
  readonly balance: number;
  readonly about: string;
  readonly at: number;
  readonly expiresAt: number | null;
}

type Row = {
  seq: number;
  key: string;
  kind: BookingKind;
  unit: WalletUnit;
  amount: number;
  balance: number;
  about: string;
  at: number;
  expires_at: number | null;
};

/** Newest first, of a unit or of all. */
export const STATEMENT = "SELECT * FROM wallet_transactions WHERE seq < ? ORDER BY seq DESC LIMIT ?";
export const STATEMENT_OF_UNIT = "SELECT * FROM wallet_transactions WHERE unit = ? AND seq < ? ORDER BY seq DESC LIMIT ?";
/** What is spent first. */
export const NEXT_LOT = "SELECT seq, remaining FROM wallet_lots WHERE unit = ? ORDER BY expires_at, seq LIMIT 1";
export const DUE_LOTS = "SELECT seq, unit, remaining, expires_at FROM wallet_lots WHERE expires_at <= ? ORDER BY expires_at, seq LIMIT ?";
const AT_ONCE = 200;

/**
 * A ledger of double entries. Every booking is a transaction of two lines that add up to nothing; nothing is ever changed or removed. All
 * methods are to be called within a transaction of the storage.
 */
export class Ledger {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Whether something was booked under a key. */
  isBooked(key: string): boolean {
    return this.#sql.exec("SELECT 1 FROM wallet_transactions WHERE key = ?", key).toArray().length > 0;
  }

  /**
   * Books, once for a key: the same again answers what was booked. Problems `insufficient_funds` where less is there than goes out,
   * `conflict` for another booking under a key that is taken.
   */
  book({ key, kind, unit, amount, about, expiresAt }: Booking, now: number): Transaction {
    if (!Number.isSafeInteger(amount) || amount <= 0) throw new TypeError("an amount is a whole number above nothing");
    const { sign, against } = BOOKINGS[kind];
    const signed = sign * amount;
    const [done] = this.#sql.exec<Row>("SELECT * FROM wallet_transactions WHERE key = ?", key).toArray();
    if (done !== undefined) {
      if (done.kind !== kind || done.unit !== unit || done.amount !== signed)
        throw problem("conflict", "Something else was booked for this.");
      return transactionOf(done);
    }
    // What has expired is not there any more, whether the clock has said so or not.
    if (kind !== "expired") this.expire(now);
    const before = this.balance(unit);
    const balance = before + signed;
    if (balance < 0) throw problem("insufficient_funds", `There are ${before} ${unit.replace("_", " ")}.`);
    const seq = this.#last() + 1;
    this.#sql.exec(
      "INSERT INTO wallet_transactions (seq, key, kind, unit, amount, balance, about, at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      seq,
      key,
      kind,
      unit,
      signed,
      balance,
      about,
      now,
      expiresAt ?? null,
    );
    this.#sql.exec(
      "INSERT INTO wallet_entries (seq, account, unit, amount) VALUES (?1, 'own', ?2, ?3), (?1, ?4, ?2, -?3)",
      seq,
      unit,
      signed,
      against,
    );
    this.#sql.exec(
      "INSERT INTO wallet_balances (unit, amount) VALUES (?, ?) ON CONFLICT DO UPDATE SET amount = excluded.amount",
      unit,
      balance,
    );
    if (sign > 0) {
      this.#sql.exec(
        "INSERT INTO wallet_lots (seq, unit, remaining, expires_at) VALUES (?, ?, ?, ?)",
        seq,
        unit,
        amount,
        expiresAt ?? NEVER,
      );
    } else if (kind !== "expired") this.#use(unit, amount);
    return { seq, kind, unit, amount: signed, balance, about, at: now, expiresAt: expiresAt ?? null };
  }

  /** Takes off what has expired. Idempotent. */
  expire(now: number): void {
    for (;;) {
      const due = this.#sql
        .exec<{ seq: number; unit: WalletUnit; remaining: number; expires_at: number }>(DUE_LOTS, now, AT_ONCE)
        .toArray();
      for (const { seq, unit, remaining, expires_at } of due) {
        this.#sql.exec("DELETE FROM wallet_lots WHERE seq = ?", seq);
        this.book({ key: `expired ${seq}`, kind: "expired", unit, amount: remaining, about: `${seq}` }, expires_at);
      }
      if (due.length < AT_ONCE) return;
    }
  }

  /** When something expires next, or undefined. */
  nextExpiry(): number | undefined {
    const { due } = this.#sql.exec<{ due: number | null }>("SELECT min(expires_at) AS due FROM wallet_lots").one();
    return due === null || due === NEVER ? undefined : due;
  }

  balance(unit: WalletUnit): number {
    const [row] = this.#sql.exec<{ amount: number }>("SELECT amount FROM wallet_balances WHERE unit = ?", unit).toArray();
    return row?.amount ?? 0;
  }

  /** Lines before a number, newest first. */
  page(unit: WalletUnit | undefined, before: number, limit: number): Transaction[] {
    const rows =
      unit === undefined
        ? this.#sql.exec<Row>(STATEMENT, before, limit).toArray()
        : this.#sql.exec<Row>(STATEMENT_OF_UNIT, unit, before, limit).toArray();
    return rows.map(transactionOf);
  }

  #use(unit: WalletUnit, amount: number): void {
    let rest = amount;
    while (rest > 0) {
      const lot = this.#sql.exec<{ seq: number; remaining: number }>(NEXT_LOT, unit).one();
      const used = Math.min(rest, lot.remaining);
      if (used === lot.remaining) this.#sql.exec("DELETE FROM wallet_lots WHERE seq = ?", lot.seq);
      else this.#sql.exec("UPDATE wallet_lots SET remaining = remaining - ? WHERE seq = ?", used, lot.seq);
      rest -= used;
    }
  }

  #last(): number {
    return this.#sql.exec<{ last: number | null }>("SELECT max(seq) AS last FROM wallet_transactions").one().last ?? 0;
  }
}

function transactionOf({ seq, kind, unit, amount, balance, about, at, expires_at }: Row): Transaction {
  return { seq, kind, unit, amount, balance, about, at, expiresAt: expires_at };
}
