import { utc } from "../../../shared/exports/records";
import { type ExportKind, parsed, tableKind } from "./kind";

const time = (at: unknown): string | null => (at === null ? null : utc(Number(at)));

/** What the person was told, by which ways, and what they have chosen about it. */
export const NOTIFICATION_KINDS: readonly ExportKind[] = [
  tableKind({
    kind: "notifications",
    tables: ["notifications"],
    resource: "notification",
    columns: [
      "id",
      "type",
      "priority",
      "thread",
      "about",
      "words",
      "count",
      "createdAt",
      "updatedAt",
      "readAt",
      "archivedAt",
      "snoozedUntil",
    ],
    notReimported: "account",
    from: "notifications",
    key: ["id"],
    record: (row) => ({
      id: row["id"],
      type: row["type"],
      priority: row["priority"],
      thread: row["thread"],
      about: parsed(row["about"]),
      words: parsed(row["words"]),
      count: row["n"],
      createdAt: time(row["created_at"]),
      updatedAt: time(row["updated_at"]),
      readAt: time(row["read_at"]),
      archivedAt: time(row["archived_at"]),
      snoozedUntil: time(row["snoozed_until"]),
    }),
  }),
  tableKind({
    kind: "notification-preferences",
    tables: ["notification_state"],
    resource: "notification",
    columns: ["preferences"],
    notReimported: "account",
    from: "notification_state",
    key: ["one"],
    record: (row) => ({ preferences: parsed(row["preferences"]) }),
  }),
  tableKind({
    kind: "notification-levels",
    tables: ["notification_levels"],
    resource: "notification",
    columns: ["conversation", "level", "until", "changedAt"],
    notReimported: "account",
    from: "notification_levels",
    key: ["conversation"],
    record: (row) => ({
      conversation: row["conversation"],
      level: row["level"],
      until: time(row["until_at"]),
      changedAt: time(row["changed_at"]),
    }),
  }),
  {
    kind: "notification-addresses",
    tables: ["notification_addresses"],
    resource: "notification",
    columns: ["id", "kind", "label", "number", "confirmedAt", "createdAt", "reachedAt"],
    notReimported: "secret",
    async rows({ addresses }, after) {
      const found = await addresses.exported(after === undefined ? "" : String(after[0]));
      return found.map(({ createdAt, confirmedAt, reachedAt, ...one }) => [
        [one.id],
        { ...one, confirmedAt: time(confirmedAt), createdAt: time(createdAt), reachedAt: time(reachedAt) },
      ]);
    },
  },
  {
    kind: "notification-suppressions",
    tables: ["notification_suppressions"],
    resource: "notification",
    columns: ["id", "channel", "address", "reason", "at"],
    notReimported: "account",
    async rows({ addresses }, after) {
      const found = await addresses.suppressed(after === undefined ? "" : String(after[0]));
      return found.map(({ at, ...one }) => [[one.id], { ...one, at: time(at) }]);
    },
  },
  tableKind({
    kind: "notification-sends",
    tables: ["notification_sends"],
    resource: "notification",
    columns: ["id", "notification", "type", "channel", "address", "state", "reason", "attempts", "dueAt", "createdAt", "updatedAt"],
    notReimported: "account",
    from: "notification_sends",
    key: ["id"],
    record: (row) => ({
      id: row["id"],
      notification: row["notification"],
      type: row["type"],
      channel: row["channel"],
      address: row["address"],
      state: row["state"],
      reason: row["reason"],
      attempts: row["attempts"],
      dueAt: time(row["due_at"]),
      createdAt: time(row["created_at"]),
      updatedAt: time(row["updated_at"]),
    }),
  }),
  tableKind({
    kind: "known-readers",
    tables: ["notification_readers"],
    resource: "notification",
    columns: ["reader", "firstAt"],
    notReimported: "account",
    from: "notification_readers",
    key: ["reader"],
    record: (row) => ({ reader: row["reader"], firstAt: time(row["first_at"]) }),
  }),
];
