import { AFFAIR_KINDS, FHIR_KINDS } from "./affairs";
import type { ExportKind } from "./kind";
import { REWARD_KINDS } from "./rewards";
import { LAB_KINDS } from "./labs";
import { NOTIFICATION_KINDS } from "./notifications";
import { READING_KINDS } from "./readings";
import { ROOM_KINDS } from "./rooms";

/** Every kind of thing that a vault gives into an export, in the order of the archive. A new table joins a kind, or `LEFT_OUT`. */
export const EXPORT_KINDS: readonly ExportKind[] = [
  ...AFFAIR_KINDS,
  ...NOTIFICATION_KINDS,
  ...READING_KINDS,
  ...LAB_KINDS,
  ...ROOM_KINDS,
  ...REWARD_KINDS,
  ...FHIR_KINDS,
];

/** Tables of a vault that no export shows, and why. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  _migrations: "Names of the schema's versions; nothing of the person.",
  revoked_sessions: "Ids of ended sessions for as long as their tokens live; the sessions are in the export.",
  timers: "When the vault does its own work next.",
  series: "Counts and ends of each series, computed from the readings that are in the export.",
  minutes: "Minutes of the last two days, computed from the samples that are in the export.",
  challenge_outbox: "Scores on their way to a board, for moments; the rounds are in the export.",
  connection_pushes:
    "What a vendor sent, until it is read a second later, as a rule; the readings are in the export. What is no text that can be read stays.",
  connection_secrets: "Tokens of vendors: whoever reads the archive must not act for the person there.",
  connection_grants: "Authorizations under way, with their secrets, for ten minutes.",
  fhir_sent: "Marks of what a forwarding target has: of use to this vault alone.",
  fhir_remote: "Ids that the person's resources have at a target: of use to this vault alone.",
  fhir_identities: "An index of the FHIR resources that are in the export.",
  fhir_subscription_windows: "Which readings changed in the last seconds, until Subscriptions are told.",
  fhir_gone: "Readings that a transaction under way removes: empty between two transactions.",
  fhir_tokens: "An index of the FHIR resources that are in the export.",
  fhir_references: "An index of the FHIR resources that are in the export.",
  fhir_dates: "An index of the FHIR resources that are in the export.",
  fhir_strings: "An index of the FHIR resources that are in the export.",
  fhir_quantities: "An index of the FHIR resources that are in the export.",
  fhir_uris: "An index of the FHIR resources that are in the export.",
  fhir_pairs: "An index of the FHIR resources that are in the export.",
  fhir_indexed: "How far that index reaches.",
  import_marks: "Which import brought which readings: of use to this vault alone, to take them back.",
  achievement_days: "What achievements are computed from, taken from the readings that are in the export.",
  achievement_changes: "Which dates have changed since, until their facts are taken anew.",
  achievement_standings: "How far the computing of achievements has come.",
  wallet_entries: "The two sides of each transaction that is in the export.",
  wallet_balances: "Sums of the transactions that are in the export.",
  wallet_lots: "What is left of each transaction that is in the export.",
  gap_checks: "Up to which date the vault has looked for gaps.",
  lifecycle: "Whether the vault is open, paused or closed.",
  live_state: "Counters of the live stream.",
  live_log: "Copies of the readings of the last ten minutes, for watchers who reconnect.",
  live_tickets: "Marks of tickets that were used, for half a minute.",
  notification_facts: "Marks of what the person was told, so that they are told once; the notifications are in the export.",
  fhir_imports: "Which import told of which FHIR resource, so that an import can be taken back.",
  lab_imports: "Which import told of which result, so that an import can be taken back.",
  lab_deletions: "Hashes of results that were deleted, so that they stay deleted.",
  retention_runs: "How many rows a clean-up removed last; shown by the retention settings.",
  webhook_own: "That the person has had an endpoint for webhooks; their endpoints are in the export.",
  watching: "Pointers to other people's streams that are open now, until their session ends.",
};
