import { type Id, newId } from "../../../shared/id";
import { notFound, problem } from "../../../shared/problem";
import type { Sealer } from "../sealer";
import type { VaultState } from "../state";

export type AddressId = Id<"notificationAddress">;
export type AddressKind = "web_push" | "fcm" | "apns" | "sms";

/** Where a browser is reached, and the keys with which messages to it are closed (RFC 8291). */
export interface PushSubscription {
  readonly endpoint: string;
  /** Base 64 for URLs: the public key (65 bytes) and the secret (16 bytes). */
  readonly p256dh: string;
  readonly auth: string;
}

/** One place where the person can be reached, without the place itself. Epoch milliseconds. */
export interface Address {
  readonly id: AddressId;
  readonly kind: AddressKind;
  readonly label: string | null;
  /** Which of Meridian's keys a browser knows. */
  readonly vapid: string | null;
  /** Of a number: when it was proven. */
  readonly confirmedAt: number | null;
  readonly createdAt: number;
  readonly reachedAt: number | null;
}

export type SuppressionReason = "bounce" | "complaint" | "stop";

type Row = {
  id: AddressId;
  kind: AddressKind;
  sealed: string;
  label: string | null;
  vapid: string | null;
  proof: string | null;
  proof_until: number | null;
  guesses: number;
  confirmed_at: number | null;
  created_at: number;
  reached_at: number | null;
};
type Suppression = { id: string; channel: "email" | "sms"; sealed: string; reason: SuppressionReason; at: number };

const MOST: Readonly<Record<AddressKind, number>> = { web_push: 20, fcm: 20, apns: 20, sms: 1 };
const MOST_SUPPRESSIONS = 100;
const MOST_GUESSES = 5;

/** Where the person can be reached. Endpoints, tokens and numbers are sealed with their key. */
export class Addresses {
  readonly #state: VaultState;
  readonly #sealer: Sealer;
  /** What is found by opening what is sealed is found one after another. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(state: VaultState, sealer: Sealer) {
    this.#state = state;
    this.#sealer = sealer;
  }

  /** All of some kinds, oldest first. A number counts once it is proven. */
  all(...kinds: AddressKind[]): Address[] {
    return this.#state.sql
      .exec<Row>("SELECT * FROM notification_addresses WHERE kind IN (SELECT value FROM json_each(?)) ORDER BY id", JSON.stringify(kinds))
      .toArray()
      .map(shown);
  }

  get(id: string): Address | undefined {
    const row = this.#row(id);
    return row === undefined ? undefined : shown(row);
  }

  /** The place itself; undefined where it is gone. */
  async open(id: string): Promise<string | undefined> {
    const row = this.#row(id);
    return row === undefined ? undefined : await this.#sealer.unseal(placeOf(row.id), row.sealed);
  }

  /**
   * Keeps a place, or finds it again where it is known: then its label is the new one. Beyond the most that there may be, the one that was
   * reached longest ago makes room.
   */
  async keep(
    kind: Exclude<AddressKind, "sms">,
    place: string,
    names: Pick<Address, "label" | "vapid">,
  ): Promise<{ address: Address; isNew: boolean }> {
    return await this.#inTurn(async () => await this.#keep(kind, place, names));
  }

  async #keep(
    kind: Exclude<AddressKind, "sms">,
    place: string,
    { label, vapid }: Pick<Address, "label" | "vapid">,
  ): Promise<{ address: Address; isNew: boolean }> {
    const { sql, now, random, region } = this.#state;
    const known = await this.#find(kind, identityOf(kind, place));
    const at = Math.floor(now());
    const id = known?.id ?? newId("notificationAddress", region, at, random);
    const sealed = await this.#sealer.seal(placeOf(id), place);
    sql.exec(
      `INSERT INTO notification_addresses (id, kind, sealed, label, vapid, created_at) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed, label = excluded.label, vapid = excluded.vapid`,
      id,
      kind,
      sealed,
      label,
      vapid,
      at,
    );
    sql.exec(
      `DELETE FROM notification_addresses WHERE kind = ?1 AND id NOT IN (
         SELECT id FROM notification_addresses WHERE kind = ?1 ORDER BY id = ?2 DESC, coalesce(reached_at, created_at) DESC LIMIT ?3)`,
      kind,
      id,
      MOST[kind],
    );
    return { address: shown(this.#must(id)), isNew: known === undefined };
  }

  /** Forgets a place; problem `not_found`. */
  remove(id: string, ...kinds: AddressKind[]): void {
    const row = this.#row(id);
    if (row === undefined || !kinds.includes(row.kind)) throw notFound("address");
    this.forget(id);
  }

  /** Forgets a place that is gone. */
  forget(id: string): void {
    this.#state.sql.exec("DELETE FROM notification_addresses WHERE id = ?", id);
  }

  /** Notes that something arrived. */
  reached(id: string): void {
    this.#state.sql.exec("UPDATE notification_addresses SET reached_at = ? WHERE id = ?", Math.floor(this.#state.now()), id);
  }

  /** The person's number, proven or not. */
  async number(): Promise<(Address & { readonly number: string }) | undefined> {
    const [row] = this.#state.sql.exec<Row>("SELECT * FROM notification_addresses WHERE kind = 'sms'").toArray();
    if (row === undefined) return undefined;
    return { ...shown(row), number: await this.#sealer.unseal(placeOf(row.id), row.sealed) };
  }

  /** Keeps a number that is still to be proven by a code, in place of any other. `proof` is the code's hash. */
  async keepNumber(number: string, proof: string, until: number): Promise<Address> {
    const { sql, now, random, region, storage } = this.#state;
    const at = Math.floor(now());
    const id = newId("notificationAddress", region, at, random);
    const sealed = await this.#sealer.seal(placeOf(id), number);
    storage.transactionSync(() => {
      sql.exec("DELETE FROM notification_addresses WHERE kind = 'sms'");
      sql.exec(
        "INSERT INTO notification_addresses (id, kind, sealed, proof, proof_until, created_at) VALUES (?, 'sms', ?, ?, ?, ?)",
        id,
        sealed,
        proof,
        Math.floor(until),
        at,
      );
    });
    return shown(this.#must(id));
  }

  /** Proves the number by its code's hash. Problems `not_found`, `gone` for a code that is old or was guessed too often, `invalid`. */
  proveNumber(proof: string): Address {
    const { sql, now } = this.#state;
    const [row] = sql.exec<Row>("SELECT * FROM notification_addresses WHERE kind = 'sms'").toArray();
    if (row === undefined) throw notFound("number");
    if (row.confirmed_at !== null) return shown(row);
    if ((row.proof_until ?? 0) <= now() || row.guesses >= MOST_GUESSES)
      throw problem("gone", "The code is not good any more: ask for another.");
    if (row.proof !== proof) {
      sql.exec("UPDATE notification_addresses SET guesses = guesses + 1 WHERE id = ?", row.id);
      throw problem("invalid", undefined, { errors: [{ pointer: "/code", code: "wrong_code", message: "This is not the code." }] });
    }
    sql.exec(
      "UPDATE notification_addresses SET confirmed_at = ?, proof = NULL, proof_until = NULL WHERE id = ?",
      Math.floor(now()),
      row.id,
    );
    return shown(this.#must(row.id));
  }

  /** Writes nothing more to an address. Done already is fine. */
  async suppress(channel: "email" | "sms", address: string, reason: SuppressionReason): Promise<void> {
    await this.#inTurn(async () => await this.#suppress(channel, address, reason));
  }

  async #suppress(channel: "email" | "sms", address: string, reason: SuppressionReason): Promise<void> {
    if ((await this.suppression(channel, address)) !== undefined) return;
    const { sql, now, random, region } = this.#state;
    const at = Math.floor(now());
    const id = newId("notificationAddress", region, at, random);
    const sealed = await this.#sealer.seal(suppressionPlace(id), address);
    sql.exec(
      "INSERT INTO notification_suppressions (id, channel, sealed, reason, at) VALUES (?, ?, ?, ?, ?)",
      id,
      channel,
      sealed,
      reason,
      at,
    );
    sql.exec(
      "DELETE FROM notification_suppressions WHERE id NOT IN (SELECT id FROM notification_suppressions ORDER BY id DESC LIMIT ?)",
      MOST_SUPPRESSIONS,
    );
  }

  /** Writes to an address again. */
  async lift(channel: "email" | "sms", address: string): Promise<void> {
    const found = await this.suppression(channel, address);
    if (found !== undefined) this.liftById(found.id);
  }

  liftById(id: string): void {
    const { sql } = this.#state;
    sql.exec("DELETE FROM notification_suppressions WHERE id = ?", id);
    if (sql.exec<{ n: number }>("SELECT changes() AS n").one().n === 0) throw notFound("suppression");
  }

  /** Why an address is not written to; undefined where it is. */
  async suppression(channel: "email" | "sms", address: string): Promise<{ id: string; reason: SuppressionReason } | undefined> {
    const all = await this.suppressed("");
    return all.find((one) => one.channel === channel && one.address.toLowerCase() === address.toLowerCase());
  }

  /** Addresses that are not written to, beyond an id. */
  async suppressed(
    after: string,
  ): Promise<{ id: string; channel: "email" | "sms"; address: string; reason: SuppressionReason; at: number }[]> {
    const rows = this.#state.sql.exec<Suppression>("SELECT * FROM notification_suppressions WHERE id > ? ORDER BY id", after).toArray();
    return await Promise.all(
      rows.map(async ({ sealed, ...row }) => ({ ...row, address: await this.#sealer.unseal(suppressionPlace(row.id), sealed) })),
    );
  }

  /** What an export says of each beyond an id. Endpoints and tokens let whoever has them reach the device: they stay. */
  async exported(
    after: string,
  ): Promise<(Pick<Address, "id" | "kind" | "label" | "confirmedAt" | "createdAt" | "reachedAt"> & { number: string | null })[]> {
    const rows = this.#state.sql.exec<Row>("SELECT * FROM notification_addresses WHERE id > ? ORDER BY id", after).toArray();
    return await Promise.all(
      rows.map(async (row) => {
        const { vapid: _key, ...rest } = shown(row);
        return { ...rest, number: row.kind === "sms" ? await this.#sealer.unseal(placeOf(row.id), row.sealed) : null };
      }),
    );
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn;
    return await turn;
  }

  /** One of a kind whose place is this; a person has few. */
  async #find(kind: AddressKind, identity: string): Promise<Row | undefined> {
    for (const row of this.#state.sql.exec<Row>("SELECT * FROM notification_addresses WHERE kind = ?", kind).toArray())
      if (identityOf(kind, await this.#sealer.unseal(placeOf(row.id), row.sealed)) === identity) return row;
    return undefined;
  }

  #row(id: string): Row | undefined {
    return this.#state.sql.exec<Row>("SELECT * FROM notification_addresses WHERE id = ?", id).toArray()[0];
  }

  #must(id: string): Row {
    const row = this.#row(id);
    if (row === undefined) throw notFound("address");
    return row;
  }
}

/** What makes a place the same: of a browser its endpoint, whatever its keys. */
function identityOf(kind: AddressKind, place: string): string {
  return kind === "web_push" ? (JSON.parse(place) as PushSubscription).endpoint : place;
}

function placeOf(id: string) {
  return { table: "notification_addresses", column: "sealed", row: id };
}

function suppressionPlace(id: string) {
  return { table: "notification_suppressions", column: "sealed", row: id };
}

function shown({ id, kind, label, vapid, confirmed_at, created_at, reached_at }: Row): Address {
  return { id, kind, label, vapid, confirmedAt: confirmed_at, createdAt: created_at, reachedAt: reached_at };
}
