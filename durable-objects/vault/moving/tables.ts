import type { SealedPlace } from "../../../shared/crypto/sealing";
import type { Row } from "./rows";

/** A column that holds sealed values. */
export interface SealedColumn {
  readonly column: string;
  readonly place: (row: Row) => SealedPlace;
}

/** How a table of the vault moves to another region. */
export type MovedTable =
  | {
      /** Row by row, with ids mapped. */
      readonly how: "rows";
      /** Columns that are opened here and sealed anew there, and where each is sealed for. */
      readonly sealed?: readonly SealedColumn[];
    }
  /** The access log: its lines as they are, chained anew with the new region's key. */
  | { readonly how: "chain" }
  /** Where the log was cut off at its beginning: signed anew with the new region's key. */
  | { readonly how: "anchor" }
  /** Stays behind, and why. */
  | { readonly left: string };

/** Every table of the schema; a test fails for one that is not here. In this order they are copied. */
export const MOVED_TABLES: Readonly<Record<string, MovedTable>> = {
  profile: { how: "rows" },
  person_details: {
    how: "rows",
    sealed: [{ column: "sealed", place: (row) => ({ table: "person_details", column: "sealed", row: text(row, "name") }) }],
  },
  sources: { how: "rows" },
  source_settings: { how: "rows" },
  series: { how: "rows" },
  segments: { how: "rows" },
  segment_ids: { how: "rows" },
  annotations: { how: "rows" },
  readings: { how: "rows" },
  daily: { how: "rows" },
  hours: { how: "rows" },
  days: { how: "rows" },
  minutes: { how: "rows" },
  sleep_stretches: { how: "rows" },
  sleeps: { how: "rows" },
  workouts: { how: "rows" },
  workout_routes: { how: "rows" },
  quarantine: { how: "rows" },
  gaps: { how: "rows" },
  gap_checks: { how: "rows" },
  // Their imports follow, so what they brought can still be taken back.
  import_marks: { how: "rows" },
  tombstones: { how: "rows" },
  erasures: { how: "rows" },
  connections: { how: "rows" },
  connection_secrets: {
    how: "rows",
    sealed: [
      {
        column: "sealed",
        place: (row) => ({ table: "connection_secrets", column: "sealed", row: `${text(row, "connection")}/${text(row, "name")}` }),
      },
    ],
  },
  connection_resources: { how: "rows" },
  connection_windows: { how: "rows" },
  connection_pushes: { how: "rows" },
  connection_jobs: { how: "rows" },
  connection_events: { how: "rows" },
  fhir_targets: {
    how: "rows",
    sealed: [{ column: "auth", place: (row) => ({ table: "fhir_targets", column: "auth", row: text(row, "id") }) }],
  },
  fhir_deliveries: { how: "rows" },
  fhir_sent: { how: "rows" },
  fhir_remote: { how: "rows" },
  fhir_resources: { how: "rows" },
  fhir_versions: { how: "rows" },
  fhir_identities: { how: "rows" },
  fhir_tokens: { how: "rows" },
  fhir_references: { how: "rows" },
  fhir_dates: { how: "rows" },
  fhir_strings: { how: "rows" },
  fhir_quantities: { how: "rows" },
  fhir_uris: { how: "rows" },
  fhir_pairs: { how: "rows" },
  // What is not in the index yet is put there where the person has arrived.
  fhir_indexed: { how: "rows" },
  fhir_imports: { how: "rows" },
  fhir_files: { how: "rows" },
  // Endpoints are named anew on arrival. What waits to be looked at or sent goes along.
  fhir_subscriptions: {
    how: "rows",
    sealed: [{ column: "headers", place: (row) => ({ table: "fhir_subscriptions", column: "headers", row: text(row, "id") }) }],
  },
  fhir_subscription_events: { how: "rows" },
  fhir_subscription_windows: { how: "rows" },
  fhir_notifications: { how: "rows" },
  fhir_gone: { left: "Empty between two transactions." },
  inbox: { how: "rows" },
  notifications: { how: "rows" },
  notification_facts: { how: "rows" },
  notification_state: { how: "rows" },
  notification_levels: { how: "rows" },
  notification_readers: { how: "rows" },
  notification_sends: { how: "rows" },
  notification_addresses: {
    how: "rows",
    sealed: [{ column: "sealed", place: (row) => ({ table: "notification_addresses", column: "sealed", row: text(row, "id") }) }],
  },
  notification_suppressions: {
    how: "rows",
    sealed: [{ column: "sealed", place: (row) => ({ table: "notification_suppressions", column: "sealed", row: text(row, "id") }) }],
  },
  // The rooms learn the new id once the person has arrived.
  rooms: { how: "rows" },
  stream_targets: {
    how: "rows",
    sealed: [{ column: "sealed", place: (row) => ({ table: "stream_targets", column: "sealed", row: text(row, "id") }) }],
  },
  achievement_days: { how: "rows" },
  achievement_changes: { how: "rows" },
  achievement_standings: { how: "rows" },
  achievement_adopted: { how: "rows" },
  achievement_awards: { how: "rows" },
  achievement_settings: { how: "rows" },
  // Transactions before their entries, which refer to them. What was on its way goes on from the new region.
  wallet_transactions: { how: "rows" },
  wallet_entries: { how: "rows" },
  wallet_balances: { how: "rows" },
  wallet_lots: { how: "rows" },
  wallet_transfers: { how: "rows" },
  wallet_vouchers: {
    how: "rows",
    sealed: [{ column: "code", place: (row) => ({ table: "wallet_vouchers", column: "code", row: text(row, "id") }) }],
  },
  // Challenges stay where they are, and so do aliases; receipts are made anew on arrival.
  challenge_parts: { how: "rows" },
  challenge_rounds: { how: "rows" },
  challenge_efforts: { how: "rows" },
  challenge_late: { how: "rows" },
  challenge_outbox: { how: "rows" },
  consents: { how: "rows" },
  lab_reports: { how: "rows" },
  lab_results: { how: "rows" },
  lab_result_versions: { how: "rows" },
  lab_imports: { how: "rows" },
  lab_deletions: { how: "rows" },
  retention: { how: "rows" },
  retention_runs: { how: "rows" },
  // The name, the reason and the note of the review. An access that is open ends on arrival.
  emergency_accesses: {
    how: "rows",
    sealed: (["sealed_reason", "sealed_note"] as const).map((column) => ({
      column,
      place: (row) => ({ table: "emergency_accesses", column, row: text(row, "id") }),
    })),
  },
  // What nobody has been told of yet is told by the new vault.
  webhook_events: { how: "rows" },
  webhook_own: { how: "rows" },
  // Before the log, whose first line follows it.
  access_anchor: { how: "anchor" },
  access_log: { how: "chain" },
  connection_grants: { left: "authorizations of ten minutes, whose callback leads to the old region" },
  exports: { left: "their archives lie in the old region and are erased with it" },
  lifecycle: { left: "the vault's own state" },
  live_log: { left: "the stream begins anew" },
  live_state: { left: "the stream begins anew" },
  live_tickets: { left: "good for half a minute" },
  revoked_sessions: { left: "sessions do not move" },
  timers: { left: "set anew on arrival" },
  watching: { left: "sessions do not move, and the streams of others end with them" },
  _migrations: { left: "the schema's own" },
};

/** The tables that move, in order. */
export const MOVING: readonly string[] = Object.keys(MOVED_TABLES).filter((name) => !("left" in (MOVED_TABLES[name] ?? { left: "" })));

function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new TypeError("a sealed value has no place");
  return value;
}
