import type { Migration } from "../migrate";
import live from "../../migrations/vault/0040_live.sql";
import connectionPushes from "../../migrations/vault/0304_connection_pushes.sql";
import latePushes from "../../migrations/vault/0314_late_pushes.sql";
import details from "../../migrations/vault/0010_person_details.sql";
import accessLog from "../../migrations/vault/0050_access_log.sql";
import lifecycle from "../../migrations/vault/0100_lifecycle.sql";
import challenges from "../../migrations/vault/0275_challenges.sql";
import consents from "../../migrations/vault/0051_consents.sql";
import watching from "../../migrations/vault/0120_watching.sql";
import exports from "../../migrations/vault/0090_exports.sql";
import retention from "../../migrations/vault/0091_retention.sql";
import emergencyAccesses from "../../migrations/vault/0080_emergency_accesses.sql";
import labs from "../../migrations/vault/0160_labs.sql";
import storage from "../../migrations/vault/0001_storage.sql";
import fhirForwarding from "../../migrations/vault/0030_fhir_forwarding.sql";
import fhirClasses from "../../migrations/vault/0240_fhir_classes.sql";
import fhirResources from "../../migrations/vault/0230_fhir_resources.sql";
import fhirPlans from "../../migrations/vault/0235_fhir_plans.sql";
import fhirImports from "../../migrations/vault/0250_fhir_imports.sql";
import fhirFewerRows from "../../migrations/vault/0247_fhir_fewer_rows.sql";
import fhirFiles from "../../migrations/vault/0251_fhir_files.sql";
import fhirFileVersions from "../../migrations/vault/0312_fhir_file_versions.sql";
import fhirIndexed from "../../migrations/vault/0313_fhir_indexed.sql";
import fhirSubscriptions from "../../migrations/vault/0245_fhir_subscriptions.sql";
import fhirGone from "../../migrations/vault/0298_fhir_gone.sql";
import rooms from "../../migrations/vault/0285_rooms.sql";
import adoptedAchievements from "../../migrations/vault/0291_adopted_achievements.sql";
import awardsInTheFeed from "../../migrations/vault/0290_awards_in_the_feed.sql";
import achievements from "../../migrations/vault/0270_achievements.sql";
import streamTargets from "../../migrations/vault/0272_stream_targets.sql";
import wallet from "../../migrations/vault/0271_wallet.sql";
import inbox from "../../migrations/vault/0246_inbox.sql";
import importMarks from "../../migrations/vault/0150_import_marks.sql";
import webhooks from "../../migrations/vault/0170_webhooks.sql";
import connections from "../../migrations/vault/0020_connections.sql";
import gaps from "../../migrations/vault/0181_gaps.sql";
import quarantineDecisions from "../../migrations/vault/0182_quarantine_decisions.sql";
import sourceSettings from "../../migrations/vault/0180_source_settings.sql";
import askedAreas from "../../migrations/vault/0191_asked_areas.sql";
import firstConnected from "../../migrations/vault/0200_first_connected.sql";
import connectionRevisions from "../../migrations/vault/0215_connection_revisions.sql";
import connectionCredentials from "../../migrations/vault/0210_connection_credentials.sql";
import notifications from "../../migrations/vault/0265_notifications.sql";
import connectionWindows from "../../migrations/vault/0190_connection_windows.sql";

/** The vault's schema, in order of application. Never edit one that has shipped: add another. */
export const VAULT_MIGRATIONS: readonly Migration[] = [
  ["0001_storage", storage],
  ["0010_person_details", details],
  ["0020_connections", connections],
  ["0030_fhir_forwarding", fhirForwarding],
  ["0040_live", live],
  ["0050_access_log", accessLog],
  ["0051_consents", consents],
  ["0090_exports", exports],
  ["0091_retention", retention],
  ["0120_watching", watching],
  ["0080_emergency_accesses", emergencyAccesses],
  ["0100_lifecycle", lifecycle],
  ["0150_import_marks", importMarks],
  ["0160_labs", labs],
  ["0180_source_settings", sourceSettings],
  ["0181_gaps", gaps],
  ["0182_quarantine_decisions", quarantineDecisions],
  ["0190_connection_windows", connectionWindows],
  ["0191_asked_areas", askedAreas],
  ["0170_webhooks", webhooks],
  ["0200_first_connected", firstConnected],
  ["0215_connection_revisions", connectionRevisions],
  ["0210_connection_credentials", connectionCredentials],
  ["0230_fhir_resources", fhirResources],
  ["0235_fhir_plans", fhirPlans],
  ["0250_fhir_imports", fhirImports],
  ["0240_fhir_classes", fhirClasses],
  ["0251_fhir_files", fhirFiles],
  ["0245_fhir_subscriptions", fhirSubscriptions],
  ["0246_inbox", inbox],
  ["0265_notifications", notifications],
  ["0285_rooms", rooms],
  ["0270_achievements", achievements],
  ["0271_wallet", wallet],
  ["0275_challenges", challenges],
  ["0290_awards_in_the_feed", awardsInTheFeed],
  ["0291_adopted_achievements", adoptedAchievements],
  ["0272_stream_targets", streamTargets],
  ["0247_fhir_fewer_rows", fhirFewerRows],
  ["0298_fhir_gone", fhirGone],
  ["0304_connection_pushes", connectionPushes],
  ["0312_fhir_file_versions", fhirFileVersions],
  ["0313_fhir_indexed", fhirIndexed],
  ["0314_late_pushes", latePushes],
];
