import type { ConnectionId } from "../../../shared/id";
import type { ConnectionState } from "../../../shared/vendors/connection-view";

/** States in which a vendor may be asked. */
export const LIVE_STATES: ReadonlySet<ConnectionState> = new Set(["active", "degraded", "rate_limited", "stale", "error"]);

/** On whose behalf a connection was made; opaque ids. */
export interface Behalf {
  readonly organisation: string;
  readonly credential: string;
}

export interface Connection {
  readonly id: ConnectionId;
  readonly vendor: string;
  readonly state: ConnectionState;
  readonly accountHash: string | undefined;
  readonly accountKey: string | undefined;
  /** The organisation on whose behalf it was made, and its account at the vendor; undefined for Meridian's own. */
  readonly behalf: Behalf | undefined;
  readonly areas: readonly string[];
  readonly createdAt: number;
  readonly connectedAt: number | undefined;
  readonly firstConnectedAt: number | undefined;
  readonly lastSuccessAt: number | undefined;
  readonly lastDataAt: number | undefined;
  readonly blockedUntil: number;
  readonly error: { readonly code: string; readonly at: number } | undefined;
  /** Grows with every change. */
  readonly revision: number;
}

export interface Grant {
  readonly connection: ConnectionId;
  readonly verifier: string;
  readonly redirectUri: string;
  readonly returnTo: string | undefined;
  /** The areas asked for. */
  readonly areas: readonly string[];
}

export interface ConnectionEvent {
  readonly at: number;
  readonly kind: string;
  readonly detail: string | undefined;
}

type ConnectionRow = {
  id: ConnectionId;
  vendor: string;
  state: ConnectionState;
  account_hash: string | null;
  account_key: string | null;
  credential: string | null;
  organisation: string | null;
  areas: string;
  created_at: number;
  connected_at: number | null;
  first_connected_at: number | null;
  last_success_at: number | null;
  last_data_at: number | null;
  blocked_until: number;
  error_code: string | null;
  error_at: number | null;
  revision: number;
};
type GrantRow = { connection: ConnectionId; verifier: string; redirect_uri: string; return_to: string | null; areas: string };

/** The person's tokens and account at the vendor, and the organisation's account there. */
export type SecretName = "tokens" | "account" | "credential";

/** Told of a connection as it is now, the state that it comes from, and why. */
export type StateListener = (connection: Connection, from: ConnectionState, reason: string | undefined) => void;

/** Told that something about a connection has changed, in the same transaction. */
export type ChangeListener = (id: string) => void;

/** Events kept per connection. */
const HISTORY = 100;
/** Moves that no event of their own tells of. */
const TROUBLE: ReadonlySet<ConnectionState> = new Set(["degraded", "rate_limited", "stale"]);
/** Authorizations one person may have under way. */
const GRANTS = 5;

/** The tables of connections, their secrets, authorizations and history. */
export class ConnectionRows {
  readonly #sql: SqlStorage;
  readonly #onMoved: StateListener;
  readonly #onChanged: ChangeListener;

  /** @param onMoved is told, in the same transaction, when a connection has come into another state */
  constructor(sql: SqlStorage, onMoved: StateListener = () => undefined, onChanged: ChangeListener = () => undefined) {
    this.#sql = sql;
    this.#onMoved = onMoved;
    this.#onChanged = onChanged;
  }

  all(vendor?: string): Connection[] {
    return this.#sql
      .exec<ConnectionRow>("SELECT * FROM connections WHERE ?1 IS NULL OR vendor = ?1 ORDER BY created_at, id", vendor ?? null)
      .toArray()
      .map(connectionOf);
  }

  get(id: string): Connection | undefined {
    const [row] = this.#sql.exec<ConnectionRow>("SELECT * FROM connections WHERE id = ?", id).toArray();
    return row === undefined ? undefined : connectionOf(row);
  }

  add(id: ConnectionId, vendor: string, now: number, behalf?: Behalf): void {
    this.#sql.exec(
      "INSERT INTO connections (id, vendor, state, created_at, credential, organisation) VALUES (?, ?, 'pending', ?, ?, ?)",
      id,
      vendor,
      now,
      behalf?.credential ?? null,
      behalf?.organisation ?? null,
    );
  }

  /** Moves a connection to a state and says why; a state without trouble clears the last error. */
  setState(id: string, state: ConnectionState, now: number, error?: string): void {
    this.#moving(id, now, error, (before) => {
      this.#sql.exec(
        "UPDATE connections SET state = ?, error_code = ?, error_at = ? WHERE id = ?",
        state,
        error ?? null,
        error === undefined ? null : now,
        id,
      );
      if (before !== undefined && LIVE_STATES.has(before) && !LIVE_STATES.has(state))
        this.#sql.exec("UPDATE connections SET lived_until = ? WHERE id = ?", now, id);
    });
  }

  /** Notes that all its data were removed, so that none of then come after. */
  dataRemoved(id: string, now: number): void {
    this.#sql.exec("UPDATE connections SET data_removed_at = ? WHERE id = ?", now, id);
  }

  connected(id: string, account: { hash: string; key: string }, areas: readonly string[], now: number): void {
    this.#moving(id, now, undefined, () =>
      this.#sql.exec(
        `UPDATE connections SET state = 'active', account_hash = ?1, account_key = ?2, areas = ?3, connected_at = ?4, first_connected_at = coalesce(first_connected_at, ?4),
         blocked_until = 0, error_code = NULL, error_at = NULL WHERE id = ?5`,
        account.hash,
        account.key,
        JSON.stringify(areas),
        now,
        id,
      ),
    );
  }

  /** Keeps another hash of the same account, where it still has the hash that was read. */
  rehashed(id: string, before: string, { hash, version }: { readonly hash: string; readonly version: string }): void {
    this.#sql.exec("UPDATE connections SET account_hash = ?, account_key = ? WHERE id = ? AND account_hash = ?", hash, version, id, before);
  }

  /** Notes a page that was read, and the newest instant it spoke of. */
  succeeded(id: string, now: number, newestAt: number | undefined): void {
    this.#moving(id, now, undefined, () =>
      this.#sql.exec(
        `UPDATE connections SET state = 'active', error_code = NULL, error_at = NULL, last_success_at = ?2,
         last_data_at = CASE WHEN ?3 IS NULL THEN last_data_at ELSE max(coalesce(last_data_at, ?3), ?3) END WHERE id = ?1`,
        id,
        now,
        newestAt ?? null,
      ),
    );
  }

  #moving(id: string, now: number, reason: string | undefined, write: (before: ConnectionState | undefined) => unknown): void {
    const before = this.get(id)?.state;
    write(before);
    this.changed(id);
    const after = this.get(id);
    if (after === undefined || before === undefined || after.state === before) return;
    if (TROUBLE.has(after.state)) this.addEvent(id, after.state, now, reason);
    else if (after.state === "active" && (TROUBLE.has(before) || before === "error")) this.addEvent(id, "recovered", now);
    this.#onMoved(after, before, reason);
  }

  /** Notes that something about a connection has changed, for those who follow it. */
  changed(id: string): void {
    this.#sql.exec("UPDATE connections SET revision = revision + 1 WHERE id = ?", id);
    this.#onChanged(id);
  }

  block(id: string, until: number): void {
    this.#sql.exec("UPDATE connections SET blocked_until = max(blocked_until, ?) WHERE id = ?", until, id);
    this.changed(id);
  }

  remove(id: string): void {
    for (const table of ["connection_secrets", "connection_grants", "connection_events"]) {
      this.#sql.exec(`DELETE FROM ${table} WHERE connection = ?`, id);
    }
    this.#sql.exec("DELETE FROM connections WHERE id = ?", id);
    this.#onChanged(id);
  }

  secret(id: string, name: SecretName): string | undefined {
    const [row] = this.#sql
      .exec<{ sealed: string }>("SELECT sealed FROM connection_secrets WHERE connection = ? AND name = ?", id, name)
      .toArray();
    return row?.sealed;
  }

  putSecret(id: string, name: SecretName, sealed: string): void {
    this.#sql.exec("INSERT OR REPLACE INTO connection_secrets (connection, name, sealed) VALUES (?, ?, ?)", id, name, sealed);
  }

  dropSecret(id: string, name: SecretName): void {
    this.#sql.exec("DELETE FROM connection_secrets WHERE connection = ? AND name = ?", id, name);
  }

  dropSecrets(id: string): void {
    this.#sql.exec("DELETE FROM connection_secrets WHERE connection = ?", id);
    this.#sql.exec("DELETE FROM connection_grants WHERE connection = ?", id);
  }

  addGrant(stateHash: string, grant: Grant, expiresAt: number, now: number): void {
    this.#sql.exec("DELETE FROM connection_grants WHERE expires_at <= ?", now);
    this.#sql.exec(
      "DELETE FROM connection_grants WHERE state_hash IN (SELECT state_hash FROM connection_grants ORDER BY expires_at DESC LIMIT -1 OFFSET ?)",
      GRANTS - 1,
    );
    this.#sql.exec(
      "INSERT INTO connection_grants (state_hash, connection, verifier, redirect_uri, return_to, areas, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
      stateHash,
      grant.connection,
      grant.verifier,
      grant.redirectUri,
      grant.returnTo ?? null,
      JSON.stringify(grant.areas),
      expiresAt,
    );
  }

  /** Takes an authorization out: of two callers one gets it. */
  takeGrant(stateHash: string, now: number): Grant | undefined {
    const [row] = this.#sql
      .exec<GrantRow>(
        "DELETE FROM connection_grants WHERE state_hash = ? AND expires_at > ? RETURNING connection, verifier, redirect_uri, return_to, areas",
        stateHash,
        now,
      )
      .toArray();
    if (row === undefined) return undefined;
    return {
      connection: row.connection,
      verifier: row.verifier,
      redirectUri: row.redirect_uri,
      returnTo: row.return_to ?? undefined,
      areas: JSON.parse(row.areas) as string[],
    };
  }

  addEvent(id: string, kind: string, now: number, detail?: string): void {
    this.changed(id);
    this.#sql.exec(
      `INSERT INTO connection_events (connection, seq, at, kind, detail, revision)
       SELECT ?1, coalesce(max(seq), 0) + 1, ?2, ?3, ?4, (SELECT revision FROM connections WHERE id = ?1) FROM connection_events
       WHERE connection = ?1`,
      id,
      now,
      kind,
      detail ?? null,
    );
    this.#sql.exec(
      "DELETE FROM connection_events WHERE connection = ?1 AND seq <= (SELECT max(seq) FROM connection_events WHERE connection = ?1) - ?2",
      id,
      HISTORY,
    );
  }

  /** The latest events, newest first. */
  events(id: string, limit: number): ConnectionEvent[] {
    return this.#sql
      .exec<{ at: number; kind: string; detail: string | null }>(
        "SELECT at, kind, detail FROM connection_events WHERE connection = ? ORDER BY seq DESC LIMIT ?",
        id,
        limit,
      )
      .toArray()
      .map(({ at, kind, detail }) => ({ at, kind, detail: detail ?? undefined }));
  }

  /** The events after a revision, in order; undefined where some of them are not kept any more. */
  eventsAfter(id: string, revision: number): ConnectionEvent[] | undefined {
    const rows = this.#sql
      .exec<{ at: number; kind: string; detail: string | null; revision: number }>(
        "SELECT at, kind, detail, revision FROM connection_events WHERE connection = ? ORDER BY seq DESC LIMIT ?",
        id,
        HISTORY,
      )
      .toArray();
    const missed = rows.filter((row) => row.revision > revision);
    if (missed.length === HISTORY) return undefined;
    return missed.toReversed().map(({ at, kind, detail }) => ({ at, kind, detail: detail ?? undefined }));
  }
}

function connectionOf(row: ConnectionRow): Connection {
  return {
    id: row.id,
    vendor: row.vendor,
    state: row.state,
    accountHash: row.account_hash ?? undefined,
    accountKey: row.account_key ?? undefined,
    behalf:
      row.credential === null || row.organisation === null ? undefined : { credential: row.credential, organisation: row.organisation },
    areas: JSON.parse(row.areas) as string[],
    createdAt: row.created_at,
    connectedAt: row.connected_at ?? undefined,
    firstConnectedAt: row.first_connected_at ?? undefined,
    lastSuccessAt: row.last_success_at ?? undefined,
    lastDataAt: row.last_data_at ?? undefined,
    blockedUntil: row.blocked_until,
    error: row.error_code === null ? undefined : { code: row.error_code, at: row.error_at ?? 0 },
    revision: row.revision,
  };
}
