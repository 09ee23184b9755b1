import { DAY_MS, MINUTE_MS } from "../../../shared/clock";
import { sha256Hex } from "../../../shared/crypto/sha256";
import { parseId, type PersonId } from "../../../shared/id";
import { notFound, problem } from "../../../shared/problem";
import {
  type BookingKind,
  type Currency,
  newCode,
  type RewardKind,
  type RewardTerms,
  UNITS,
  unitOfVouchers,
  type VoucherState,
  type WalletUnit,
} from "../../../shared/wallet/wallet";
import type { Sealer } from "../sealer";
import type { VaultState } from "../state";
import { Ledger, type Transaction } from "./ledger";

const EXPIRY_TIMER = "wallet-expiry";
const TRANSFER_TIMER = "wallet-transfer";
const RETRY_MS = MINUTE_MS;

/** What there is of each unit, and how much of it expires next and when. Epoch milliseconds. */
export interface Balance {
  readonly unit: WalletUnit;
  readonly amount: number;
  readonly expiring: { readonly amount: number; readonly at: number } | null;
}

/** An offer as it stands at the moment in which somebody takes it. */
export interface Offer {
  readonly reward: string;
  readonly organisation: string;
  readonly kind: RewardKind;
  readonly title: string;
  readonly terms: RewardTerms;
  readonly unit: Currency;
  readonly price: number;
  readonly perPerson: number;
  readonly validDays: number;
}

/** A reward that the person has, or is about to. Times epoch milliseconds. */
export interface Voucher {
  readonly id: string;
  readonly reward: string;
  readonly organisation: string;
  readonly kind: RewardKind;
  readonly title: string;
  readonly terms: RewardTerms;
  readonly unit: Currency;
  readonly price: number;
  readonly state: VoucherState;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly settledAt: number | null;
}

/** A voucher that waits for the region of its reward to say yes. */
export interface HeldVoucher extends Voucher {
  readonly codeHash: string;
}

export interface VoucherPlace {
  readonly at: number;
  readonly id: string;
}

/** A voucher of which more may be known elsewhere. */
export type OpenVoucher = Pick<Voucher, "id" | "reward" | "state" | "createdAt">;

/** What the region of a reward says of a voucher. */
export interface VoucherNews {
  readonly id: string;
  readonly state: "issued" | "used" | "returned" | "void";
}

/** Something won, to be paid once for its key. */
export interface Payment {
  readonly key: string;
  readonly unit: Currency;
  readonly amount: number;
  /** A pointer to what was won. */
  readonly about: string;
  readonly expiresAt?: number | undefined;
}

export interface Transfer {
  readonly id: string;
  readonly to: string;
  readonly amount: number;
  readonly state: "sending" | "done" | "returned";
  readonly createdAt: number;
}

/** What somebody else's wallet is asked; `false` where it takes nothing, for good. Throws where it cannot be asked now. */
export type HandOver = (
  to: PersonId,
  transfer: { readonly id: string; readonly from: PersonId; readonly amount: number },
) => Promise<boolean>;

type VoucherRow = {
  id: string;
  reward: string;
  organisation: string;
  kind: RewardKind;
  title: string;
  terms: string;
  unit: Currency;
  price: number;
  state: VoucherState;
  code: string;
  created_at: number;
  expires_at: number;
  settled_at: number | null;
};

/** Newest first. */
export const VOUCHER_PAGE = "SELECT * FROM wallet_vouchers WHERE (created_at, id) < (?, ?) ORDER BY created_at DESC, id DESC LIMIT ?";
export const OPEN_VOUCHERS =
  "SELECT id, reward, state, created_at AS createdAt FROM wallet_vouchers WHERE state IN ('held', 'issued') ORDER BY id LIMIT ?";
const MOST_OPEN = 500;

/** One person's wallet: a ledger, and what was bought from it. Callers decide who may. */
export class Wallet {
  readonly ledger: Ledger;
  readonly #state: VaultState;
  readonly #sealer: Sealer;
  readonly #handOver: HandOver;

  constructor(state: VaultState, sealer: Sealer, handOver: HandOver) {
    this.#state = state;
    this.#sealer = sealer;
    this.#handOver = handOver;
    this.ledger = new Ledger(state.sql);
    state.timers.on(EXPIRY_TIMER, async () => this.#expire());
    state.timers.on(TRANSFER_TIMER, async (id) => await this.#send(id));
  }

  /** Books what comes in or is taken back, once for a key. Part of the caller's transaction. */
  book(kind: BookingKind, unit: WalletUnit, amount: number, key: string, about: string, expiresAt?: number): Transaction {
    const transaction = this.ledger.book({ key, kind, unit, amount, about, expiresAt }, this.#now());
    if (expiresAt !== undefined) this.#arm();
    return transaction;
  }

  balances(): Balance[] {
    return this.#state.storage.transactionSync(() => {
      this.ledger.expire(this.#now());
      return UNITS.map((unit) => {
        const [next] = this.#state.sql
          .exec<{ at: number; amount: number }>(
            `SELECT expires_at AS at, sum(remaining) AS amount FROM wallet_lots
             WHERE unit = ?1 AND expires_at = (SELECT min(expires_at) FROM wallet_lots WHERE unit = ?1) AND expires_at < ?2 GROUP BY expires_at`,
            unit,
            Number.MAX_SAFE_INTEGER,
          )
          .toArray();
        return { unit, amount: this.ledger.balance(unit), expiring: next === undefined ? null : { at: next.at, amount: next.amount } };
      });
    });
  }

  statement(unit: WalletUnit | undefined, before: number | undefined, limit: number): Transaction[] {
    this.#state.storage.transactionSync(() => this.ledger.expire(this.#now()));
    return this.ledger.page(unit, before ?? Number.MAX_SAFE_INTEGER, limit);
  }

  /** Pays what was won, once for a key. */
  pay({ key, unit, amount, about, expiresAt }: Payment): Transaction {
    return this.#state.storage.transactionSync(() => this.book("won", unit, amount, `won ${key}`, about, expiresAt));
  }

  /** Sends coins to somebody. They are gone from here at once, and come back where they are not taken. Problem `insufficient_funds`. */
  async send(id: string, to: PersonId, amount: number): Promise<Transfer> {
    const { storage, sql, timers } = this.#state;
    storage.transactionSync(() => {
      if (sql.exec("SELECT 1 FROM wallet_transfers WHERE id = ?", id).toArray().length > 0) return;
      this.book("sent", "coins", amount, `sent ${id}`, to);
      sql.exec(
        "INSERT INTO wallet_transfers (id, recipient, amount, state, created_at) VALUES (?, ?, ?, 'sending', ?)",
        id,
        to,
        amount,
        this.#now(),
      );
      timers.set(TRANSFER_TIMER, id, this.#now() + RETRY_MS);
    });
    try {
      if ((await this.#send(id)) === undefined) timers.clear(TRANSFER_TIMER, id);
    } catch {
      // The timer tries again.
    }
    return this.#transfer(id);
  }

  /** Whether coins of a transfer were taken. */
  hasReceived(id: string): boolean {
    return this.ledger.isBooked(`received ${id}`);
  }

  /** Takes coins from somebody, once for a transfer. */
  receive(id: string, from: PersonId, amount: number): void {
    this.#state.storage.transactionSync(() => this.book("received", "coins", amount, `received ${id}`, from));
  }

  /** Sends on what was on its way when the person came from another region. */
  wake(): void {
    for (const { id } of this.#state.sql.exec<{ id: string }>("SELECT id FROM wallet_transfers WHERE state = 'sending'"))
      this.#state.timers.set(TRANSFER_TIMER, id, this.#now());
    this.#arm();
  }

  /**
   * Pays for an offer and keeps a code, before the region of the reward is asked for one; the same id again answers the same. Problems
   * `insufficient_funds`, and `conflict` for whoever has had as many as one may. `isFree` for what was won.
   */
  async hold(id: string, offer: Offer, isFree = false): Promise<HeldVoucher> {
    const { sql, storage, random } = this.#state;
    const price = isFree ? 0 : offer.price;
    const sealed = await this.#sealer.seal(placeOf(id), newCode(random));
    storage.transactionSync(() => {
      if (sql.exec("SELECT 1 FROM wallet_vouchers WHERE id = ?", id).toArray().length > 0) return;
      const { n } = sql
        .exec<{ n: number }>(
          "SELECT count(*) AS n FROM wallet_vouchers WHERE reward = ? AND state NOT IN ('void', 'returned')",
          offer.reward,
        )
        .one();
      if (!isFree && n >= offer.perPerson) throw problem("conflict", `One person can have ${offer.perPerson} of this reward.`);
      if (price > 0) this.book("spent", offer.unit, price, `spent ${id}`, id);
      const now = this.#now();
      sql.exec(
        `INSERT INTO wallet_vouchers (id, reward, organisation, kind, title, terms, unit, price, state, code, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'held', ?, ?, ?)`,
        id,
        offer.reward,
        offer.organisation,
        offer.kind,
        offer.title,
        JSON.stringify(offer.terms),
        offer.unit,
        price,
        sealed,
        now,
        now + offer.validDays * DAY_MS,
      );
    });
    const row = this.#row(id);
    return { ...voucherOf(row), codeHash: await sha256Hex(await this.#sealer.unseal(placeOf(id), row.code)) };
  }

  /** Vouchers of which the region of their reward may know more than is known here. */
  open(): OpenVoucher[] {
    return this.#state.sql.exec<OpenVoucher & Record<string, SqlStorageValue>>(OPEN_VOUCHERS, MOST_OPEN).toArray();
  }

  /** Takes in what regions say of vouchers, and lets those go whose time is over. Idempotent, and every booking is made once. */
  settle(news: readonly VoucherNews[]): void {
    const { sql, storage } = this.#state;
    storage.transactionSync(() => {
      const now = this.#now();
      for (const { id, state } of news) {
        const [row] = sql.exec<VoucherRow>("SELECT * FROM wallet_vouchers WHERE id = ?", id).toArray();
        if (row === undefined || (row.state !== "held" && row.state !== "issued")) continue;
        if (row.state === "held" && state !== "void") this.book("issued", unitOfVouchers(row.kind), 1, `issued ${id}`, id);
        if (state === "used" || state === "returned") this.book(state, unitOfVouchers(row.kind), 1, `${state} ${id}`, id);
        if ((state === "void" || state === "returned") && row.price > 0) this.book("refunded", row.unit, row.price, `refunded ${id}`, id);
        this.#set(id, state, state === "issued" ? null : now);
        // Only what the region has just called unused: another may have been used in time.
        if (state === "issued" && row.expires_at <= now) {
          this.book("lapsed", unitOfVouchers(row.kind), 1, `lapsed ${id}`, id);
          this.#set(id, "expired", now);
        }
      }
    });
  }

  /** Vouchers before a place, newest first. */
  vouchers(before: VoucherPlace | undefined, limit: number): Voucher[] {
    return this.#state.sql
      .exec<VoucherRow>(VOUCHER_PAGE, before?.at ?? Number.MAX_SAFE_INTEGER, before?.id ?? "", limit)
      .toArray()
      .map(voucherOf);
  }

  /** One voucher with its code, where that is good for something. Problem `not_found`. */
  async voucher(id: string): Promise<Voucher & { readonly code: string | null }> {
    const row = this.#row(id);
    return { ...voucherOf(row), code: row.state === "issued" ? await this.#sealer.unseal(placeOf(id), row.code) : null };
  }

  async #send(id: string): Promise<number | undefined> {
    const { sql, storage } = this.#state;
    const transfer = this.#transfer(id);
    const to = parseId("person", transfer.to);
    if (transfer.state !== "sending") return undefined;
    // Asked again until there is an answer: the other side takes it once, however often it hears of it.
    const isTaken = to !== undefined && (await this.#handOver(to, { id, from: this.#state.person, amount: transfer.amount }));
    storage.transactionSync(() => {
      const [settled] = sql
        .exec(
          "UPDATE wallet_transfers SET state = ?, settled_at = ? WHERE id = ? AND state = 'sending' RETURNING 1",
          isTaken ? "done" : "returned",
          this.#now(),
          id,
        )
        .toArray();
      // Asked twice at once, the first answer counts: nothing comes back of what was taken.
      if (settled !== undefined && !isTaken) this.book("sent_back", "coins", transfer.amount, `sent_back ${id}`, transfer.to);
    });
    return undefined;
  }

  #transfer(id: string): Transfer {
    const [row] = this.#state.sql
      .exec<{ id: string; recipient: string; amount: number; state: Transfer["state"]; created_at: number }>(
        "SELECT id, recipient, amount, state, created_at FROM wallet_transfers WHERE id = ?",
        id,
      )
      .toArray();
    if (row === undefined) throw notFound("transfer");
    return { id: row.id, to: row.recipient, amount: row.amount, state: row.state, createdAt: row.created_at };
  }

  #expire(): number | undefined {
    this.#state.storage.transactionSync(() => this.ledger.expire(this.#now()));
    return this.ledger.nextExpiry();
  }

  #arm(): void {
    const next = this.ledger.nextExpiry();
    if (next !== undefined) this.#state.timers.setEarliest(EXPIRY_TIMER, "", next);
  }

  #set(id: string, state: VoucherState, at: number | null): void {
    this.#state.sql.exec("UPDATE wallet_vouchers SET state = ?, settled_at = ? WHERE id = ?", state, at, id);
  }

  #row(id: string): VoucherRow {
    const [row] = this.#state.sql.exec<VoucherRow>("SELECT * FROM wallet_vouchers WHERE id = ?", id).toArray();
    if (row === undefined) throw notFound("voucher");
    return row;
  }

  #now(): number {
    return Math.floor(this.#state.now());
  }
}

function voucherOf(row: VoucherRow): Voucher {
  return {
    id: row.id,
    reward: row.reward,
    organisation: row.organisation,
    kind: row.kind,
    title: row.title,
    terms: JSON.parse(row.terms) as RewardTerms,
    unit: row.unit,
    price: row.price,
    state: row.state,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    settledAt: row.settled_at,
  };
}

function placeOf(id: string) {
  return { table: "wallet_vouchers", column: "code", row: id };
}
