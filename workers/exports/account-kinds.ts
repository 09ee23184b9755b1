/** One kind of thing that the records of a region know of a person. */
export interface AccountKind {
  readonly kind: string;
  /** Every table that it shows. */
  readonly tables: readonly string[];
  /** Selects the fields of the record by their names, for the person `?1`; fields that end in `At` are epoch milliseconds. */
  readonly sql: string;
  /** Fields whose texts are JSON. */
  readonly json?: readonly string[];
}

/** What an export says of the account, in the order of the archive. Never a secret or what can be guessed into one. A new table joins here, or `RECORDS_LEFT_OUT`. */
export const ACCOUNT_KINDS: readonly AccountKind[] = [
  {
    kind: "account",
    tables: ["people", "credentials"],
    // The address is opened by the vault before it is written.
    sql: `select people.id, people.name, credentials.sealed_email as email, credentials.email_verified_at as emailVerifiedAt, people.time_zone as timeZone,
            people.locale, people.units, people.roles, people.created_at as createdAt, people.updated_at as updatedAt
          from people left join credentials on credentials.person_id = people.id where people.id = ?1`,
    json: ["roles"],
  },
  {
    kind: "factors",
    tables: ["totp", "recovery_codes", "passkeys"],
    sql: `select 'password' as kind, null as id, null as name, changed_at as createdAt, null as lastUsedAt, null as "left" from credentials where person_id = ?1
          union all select 'totp', null, null, confirmed_at, null, null from totp where person_id = ?1
          union all select 'recovery_codes', null, null, null, null, count(*) from recovery_codes where person_id = ?1 and used_at is null
          union all select 'passkey', id, name, created_at, last_used_at, null from passkeys where person_id = ?1`,
  },
  {
    kind: "sessions",
    tables: ["sessions"],
    sql: `select id, client_id as client, scope, device, address, amr, acr, auth_time as authAt, created_at as createdAt, last_used_at as lastUsedAt,
            idle_expiry as idleUntilAt, absolute_expiry as untilAt, revoked_at as endedAt, revoked_reason as reason
          from sessions where person_id = ?1 order by id`,
  },
  {
    kind: "api-keys",
    tables: ["api_keys"],
    sql: "select id, session_id as session, name, scopes, created_at as createdAt, last_used_at as lastUsedAt from api_keys where person_id = ?1 order by id",
    json: ["scopes"],
  },
  {
    kind: "imports",
    tables: ["imports"],
    sql: "select id, created_at as createdAt from imports where person_id = ?1 order by id",
  },
  {
    kind: "shared-with-me",
    tables: ["shared_with"],
    sql: "select owner_id as owner, consent_id as consent from shared_with where grantee_id = ?1 order by owner_id, consent_id",
  },
];

/** Tables of a region's records and of the directory that no export shows, and why. */
export const RECORDS_LEFT_OUT: Readonly<Record<string, string>> = {
  d1_migrations: "Names of the schema's versions; nothing of the person.",
  challenges: "Steps that were begun and wait for the other half, for minutes, as hashes.",
  outbox: "Letters under way, sealed, for a day; names nobody.",
  idempotency_claims: "Sealed answers for a day, under hashes; names nobody.",
  vendor_states: "Authorizations under way, as hashes, for ten minutes.",
  due_connections: "When each connection is asked again; the connections are in the export.",
  exports: "Ids of the exports; the vault's own list of them is in the export.",
  emails: "A keyed hash of the address, which leads to the region; the address is in the export.",
  passkey_challenges: "Sign-ins under way, as hashes; names nobody.",
  vendor_accounts: "Keyed hashes of accounts at vendors, which lead to the connections; those are in the export.",
};
