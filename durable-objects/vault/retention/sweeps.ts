import type { RetainedKind } from "../../../shared/retention";
import { DAY_MS, HOUR_MS } from "../../../shared/clock";

/** How rows of one kind are found: a condition on their time with one `?`, and the column that holds it. */
interface Sweep {
  readonly table: string;
  readonly where: string;
  /** The oldest of what may be removed, as SQL over the table; epoch milliseconds. */
  readonly oldest: string;
}

/** Kinds that are rows of one table, removed by their age. Samples and the access log are more than that. */
export const SWEEPS: Readonly<Record<Exclude<RetainedKind, "raw_samples" | "access_log">, Sweep>> = {
  quarantine: { table: "quarantine", where: "received_at < ?", oldest: "min(received_at)" },
  gaps: { table: "gaps", where: `date * ${DAY_MS} < ?`, oldest: `min(date) * ${DAY_MS}` },
  connection_events: { table: "connection_events", where: "at < ?", oldest: "min(at)" },
  connection_jobs: { table: "connection_jobs", where: "created_at < ?", oldest: "min(created_at)" },
  connection_windows: {
    table: "connection_windows",
    where: "due_at < ? AND connection IN (SELECT id FROM connections WHERE state = 'revoked')",
    oldest: "min(due_at) FILTER (WHERE connection IN (SELECT id FROM connections WHERE state = 'revoked'))",
  },
  forwarding_deliveries: {
    table: "fhir_deliveries",
    where: "updated_at < ? AND state IN ('done', 'dead')",
    oldest: "min(updated_at) FILTER (WHERE state IN ('done', 'dead'))",
  },
  webhook_events: {
    table: "webhook_events",
    where: "updated_at < ? AND state = 'routed'",
    oldest: "min(updated_at) FILTER (WHERE state = 'routed')",
  },
  subscription_events: { table: "fhir_subscription_events", where: "at < ?", oldest: "min(at)" },
  inbox: {
    table: "inbox",
    where: "updated_at < ? AND read_at IS NOT NULL AND is_open = 0",
    oldest: "min(updated_at) FILTER (WHERE read_at IS NOT NULL AND is_open = 0)",
  },
  notifications: { table: "notifications", where: "updated_at < ?", oldest: "min(updated_at)" },
  notification_sends: {
    table: "notification_sends",
    where: "updated_at < ? AND state NOT IN ('waiting', 'queued', 'sending')",
    oldest: "min(updated_at)",
  },
  notification_facts: { table: "notification_facts", where: "at < ?", oldest: "min(at)" },
  subscription_messages: {
    table: "fhir_notifications",
    where: "at < ? AND is_routed = 1",
    oldest: "min(at) FILTER (WHERE is_routed = 1)",
  },
  exports: { table: "exports", where: "begun_at < ? AND ended_at IS NOT NULL", oldest: "min(begun_at)" },
  minutes: { table: "minutes", where: `(hour + 1) * ${HOUR_MS} < ?`, oldest: `(min(hour) + 1) * ${HOUR_MS}` },
  live_log: { table: "live_log", where: "at < ? AND seq <= (SELECT sent FROM live_state)", oldest: "min(at)" },
};
