import { sameBytes } from "../../../shared/crypto/hmac";
import { currentKey, type RegionalKeys, regionalKeys } from "../../../shared/crypto/keys";
import type { PersonId } from "../../../shared/id";
import { beyondRole } from "../../../shared/policy/roles";
import type { Category, Consent, ConsentPurpose, Grantee, SharedAction } from "../../../shared/policy/vocabulary";
import { type FieldError, notFound, type Problem, problem } from "../../../shared/problem";
import type { Role } from "../../../shared/roles";
import { storesOf } from "../../doors";
import { chainKey, mac } from "../access/chain";
import type { VaultState } from "../state";
import { type ConsentRow, recordOf } from "./rows";

/** What a person agrees to. Times epoch ms; without `from` at once, without `until` until revoked. */
export interface ConsentTerms {
  readonly grantee: Grantee;
  readonly role: Role;
  readonly categories: readonly Category[];
  readonly actions: readonly SharedAction[];
  readonly purpose: ConsentPurpose;
  readonly from?: number | undefined;
  readonly until?: number | null | undefined;
}

/** What can change without it being another consent. */
export type ConsentChange = Partial<Omit<ConsentTerms, "grantee" | "role">>;

/** One version with its proof. */
export interface ConsentRecord extends Consent {
  /** When this version came into being, epoch ms. */
  readonly changedAt: number;
  readonly receipt: string;
}

/** More than anybody has; keeps a decision cheap. */
const MOST_CONSENTS = 1_000;

const COLUMNS = "id, version, grantee_kind, grantee, role, categories, actions, purpose, from_at, until_at, state, changed_at, receipt";
/** The version in force of every consent. */
const NEWEST = `SELECT ${COLUMNS} FROM consents AS one WHERE version = (SELECT max(version) FROM consents WHERE id = one.id)`;

/** The consents of one person, with their history. Those in force are kept in memory by grantee, for decisions. */
export class Consents {
  readonly #state: VaultState;
  readonly #keys: RegionalKeys;
  #byGrantee: ReadonlyMap<string, readonly Consent[]> | undefined;
  #grantees: readonly Grantee[] | undefined;
  readonly #listeners: ((grantee: string) => void)[] = [];

  constructor(state: VaultState) {
    this.#state = state;
    this.#keys = regionalKeys(storesOf(state.env, state.region).keys);
  }

  /** The newest versions of the consents to somebody, revoked and expired ones included. */
  to(grantee: Grantee): readonly Consent[] {
    this.#byGrantee ??= Map.groupBy(this.#read(NEWEST), (consent) => keyOf(consent.grantee));
    return this.#byGrantee.get(keyOf(grantee)) ?? [];
  }

  /** To whom something is shared that was not taken back; whether it counts at this moment is the judge's to say. */
  grantees(): readonly Grantee[] {
    if (this.#grantees === undefined) {
      const living = this.#read(`${NEWEST} AND state = 'active'`).map(({ grantee }) => grantee);
      this.#grantees = [...new Map(living.map((grantee) => [keyOf(grantee), grantee])).values()];
    }
    return this.#grantees;
  }

  /** Names who is told, in the same call, to whom a consent was given, changed or taken back. */
  onChanged(listener: (grantee: string) => void): void {
    this.#listeners.push(listener);
  }

  /** When the consents to somebody say something else by themselves: the next beginning or end. Infinite where there is none. */
  nextChange(grantee: Grantee): number {
    const now = this.#state.now();
    const times = this.to(grantee).flatMap(({ state, from, until }) => (state === "active" ? [from, until ?? Infinity] : []));
    return Math.min(...times.filter((at) => at > now));
  }

  /** Newest versions, latest consent first, below an id. */
  page(before: string | undefined, limit: number): ConsentRecord[] {
    return this.#read(`${NEWEST} AND (?1 IS NULL OR id < ?1) ORDER BY id DESC LIMIT ?2`, before ?? null, limit);
  }

  /** The newest version; problem `not_found`. */
  get(id: string): ConsentRecord {
    const [newest] = this.#read(`${NEWEST} AND id = ?`, id);
    if (newest === undefined) throw notFound("consent");
    return newest;
  }

  /** Every version, newest first; problem `not_found`. */
  history(id: string): ConsentRecord[] {
    const versions = this.#read(`SELECT ${COLUMNS} FROM consents WHERE id = ? ORDER BY version DESC`, id);
    if (versions.length === 0) throw notFound("consent");
    return versions;
  }

  /**
   * Which version a receipt proves, with the terms as they are stored; undefined where it proves none. Computed anew from the stored
   * terms, so that terms which were changed behind our back do not fit their receipt any more. Problem `not_found`.
   */
  prove(id: string, receipt: string): ConsentRecord | undefined {
    const [version = ""] = receipt.split(".");
    return this.history(id).find((record) => sameText(this.#receipt(record, record.changedAt, version), receipt));
  }

  /** Gives a consent under a new id. Problem `invalid` where the role cannot be given that much, `conflict` past the limit. */
  give(id: string, terms: ConsentTerms): ConsentRecord {
    const now = this.#state.now();
    if (terms.grantee.id === this.#state.person) throw invalid("/grantee/id", "own_data", "Your own data needs no consent.");
    if (this.#state.sql.exec<{ n: number }>("SELECT count(DISTINCT id) AS n FROM consents").one().n >= MOST_CONSENTS) {
      throw problem("conflict", "There are too many consents: change one that exists.");
    }
    const { grantee, from = now, until = null, ...rest } = terms;
    return this.#write({
      id,
      version: 1,
      owner: this.#state.person,
      grantee: { kind: grantee.kind, id: grantee.id },
      ...rest,
      from,
      until,
      state: "active",
    });
  }

  /** Makes a new version. Problems `not_found`, `precondition_failed`, `conflict` for a revoked one, `invalid`. */
  change(id: string, change: ConsentChange, ifVersion: number | undefined): ConsentRecord {
    const { changedAt: _at, receipt: _receipt, ...last } = this.get(id);
    if (ifVersion !== undefined && ifVersion !== last.version) throw problem("precondition_failed");
    if (last.state === "revoked") throw problem("conflict", "The consent was revoked: give another one.");
    return this.#write({
      ...last,
      version: last.version + 1,
      categories: change.categories ?? last.categories,
      actions: change.actions ?? last.actions,
      purpose: change.purpose ?? last.purpose,
      from: change.from ?? last.from,
      until: change.until === undefined ? last.until : change.until,
    });
  }

  /** Takes a consent back, for good; done already is fine. Problems `not_found`, `precondition_failed`. */
  revoke(id: string, ifVersion: number | undefined): ConsentRecord {
    const newest = this.get(id);
    if (newest.state === "revoked") return newest;
    if (ifVersion !== undefined && ifVersion !== newest.version) throw problem("precondition_failed");
    const { changedAt: _at, receipt: _receipt, ...last } = newest;
    return this.#insert({ ...last, version: last.version + 1, state: "revoked" });
  }

  /**
   * Makes a new version of everything in force, with a receipt of this region: its owner has another id now. A programme takes people of
   * its own region alone, so consents to programmes end.
   */
  renew(): void {
    for (const { changedAt: _at, receipt: _receipt, ...last } of this.#read(`${NEWEST} AND state = 'active'`)) {
      const state = last.grantee.kind === "programme" ? "revoked" : "active";
      this.#insert({ ...last, version: last.version + 1, state });
    }
  }

  /** Makes a new version for a grantee who has another id now. False where the consent is not to the old one. */
  regrant(id: string, from: PersonId, to: PersonId): boolean {
    const [newest] = this.#read(`${NEWEST} AND id = ?`, id);
    if (newest === undefined || newest.grantee.kind !== "person" || (newest.grantee.id !== from && newest.grantee.id !== to)) return false;
    const { changedAt: _at, receipt: _receipt, ...last } = newest;
    if (last.grantee.id === from) this.#insert({ ...last, grantee: { kind: "person", id: to }, version: last.version + 1 });
    return true;
  }

  #write(consent: Consent): ConsentRecord {
    const beyond = beyondRole(consent);
    if (beyond !== undefined) throw invalid(`/${beyond}`, "beyond_role", "Nobody in this role can be given that.");
    if (consent.until !== null && consent.until <= Math.max(consent.from, this.#state.now())) {
      throw invalid("/until", "ends_too_early", "The end must lie after the beginning and in the future.");
    }
    return this.#insert(consent);
  }

  #insert(consent: Consent): ConsentRecord {
    const changedAt = Math.floor(this.#state.now());
    const receipt = this.#receipt(consent, changedAt, currentKey(this.#keys.chain).version);
    if (receipt === undefined) throw new TypeError("the key ring has no current key");
    const record = { ...consent, changedAt, receipt };
    this.#state.sql.exec(
      `INSERT INTO consents (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      record.id,
      record.version,
      record.grantee.kind,
      record.grantee.id,
      record.role,
      JSON.stringify(record.categories),
      JSON.stringify(record.actions),
      record.purpose,
      record.from,
      record.until,
      record.state,
      record.changedAt,
      record.receipt,
    );
    this.#byGrantee = undefined;
    this.#grantees = undefined;
    for (const listener of this.#listeners) listener(record.grantee.id);
    return record;
  }

  /** Proves these terms at this time: `key version.HMAC` under the region's chain key. Undefined for a version that is not in the ring. */
  #receipt(consent: Consent, at: number, version: string): string | undefined {
    const key = chainKey(this.#keys, version);
    if (key === undefined) return undefined;
    const { id, owner, grantee, role, categories, actions, purpose, from, until, state } = consent;
    const terms = [id, consent.version, owner, grantee.kind, grantee.id, role, categories, actions, purpose, from, until, state, at];
    return `${version}.${mac(key, "consent-receipt", JSON.stringify(terms))}`;
  }

  #read(query: string, ...values: (string | number | null)[]): ConsentRecord[] {
    return this.#state.sql
      .exec<ConsentRow>(query, ...values)
      .toArray()
      .map((row) => recordOf(row, this.#state.person));
  }
}

function keyOf({ kind, id }: Grantee): string {
  return `${kind} ${id}`;
}

function sameText(one: string | undefined, other: string): boolean {
  return one !== undefined && sameBytes(new TextEncoder().encode(one), new TextEncoder().encode(other));
}

function invalid(pointer: string, code: string, message: string): Problem {
  return problem("invalid", undefined, { errors: [{ pointer, code, message } satisfies FieldError] });
}
