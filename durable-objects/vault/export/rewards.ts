import * as z from "zod";
import { utc } from "../../../shared/exports/records";
import { dayText } from "../../../shared/health/zone";
import { type ExportKind, parsed, tableKind } from "./kind";

const time = (at: unknown): string | null => (at === null ? null : utc(Number(at)));

const achievements = tableKind({
  kind: "achievements",
  tables: ["achievement_awards"],
  resource: "achievement",
  columns: ["achievement", "key", "date", "awardedAt", "takenAt"],
  notReimported: "trust",
  from: "achievement_awards",
  key: ["achievement", "key"],
  record: (row) => ({
    achievement: row["achievement"],
    key: row["key"],
    date: dayText(Number(row["date"])),
    awardedAt: time(row["awarded_at"]),
    takenAt: time(row["taken_at"]),
  }),
});

const adopted = tableKind({
  kind: "organisation-achievements",
  tables: ["achievement_adopted"],
  resource: "achievement",
  columns: ["id", "organisation", "title", "text", "adoptedAt"],
  notReimported: "trust",
  from: "achievement_adopted",
  key: ["id"],
  record: (row) => {
    const { title, text } = z.looseObject({ title: z.string(), text: z.string() }).parse(parsed(row["definition"]));
    return { id: row["id"], organisation: row["organisation"], title, text, adoptedAt: time(row["adopted_at"]) };
  },
});

const settings = tableKind({
  kind: "achievement-settings",
  tables: ["achievement_settings"],
  resource: "achievement",
  columns: ["visibility", "keptBack", "changedAt"],
  notReimported: "trust",
  from: "achievement_settings",
  key: ["one"],
  record: (row) => ({ visibility: row["visibility"], keptBack: parsed(row["kept_back"]), changedAt: time(row["changed_at"]) }),
});

const transactions = tableKind({
  kind: "wallet",
  tables: ["wallet_transactions"],
  resource: "wallet",
  columns: ["number", "kind", "unit", "amount", "balance", "about", "at", "expiresAt"],
  notReimported: "trust",
  from: "wallet_transactions",
  key: ["seq"],
  record: (row) => ({
    number: row["seq"],
    kind: row["kind"],
    unit: row["unit"],
    amount: row["amount"],
    balance: row["balance"],
    about: row["about"],
    at: time(row["at"]),
    expiresAt: time(row["expires_at"]),
  }),
});

const transfers = tableKind({
  kind: "wallet-transfers",
  tables: ["wallet_transfers"],
  resource: "wallet",
  columns: ["id", "to", "amount", "state", "createdAt", "settledAt"],
  notReimported: "trust",
  from: "wallet_transfers",
  key: ["id"],
  record: (row) => ({
    id: row["id"],
    to: row["recipient"],
    amount: row["amount"],
    state: row["state"],
    createdAt: time(row["created_at"]),
    settledAt: time(row["settled_at"]),
  }),
});

/** Without address and key, which let whoever reads the archive stream as the person. */
const streamTargets = tableKind({
  kind: "stream-targets",
  tables: ["stream_targets"],
  resource: "stream_target",
  columns: ["id", "platform", "label", "hint", "createdAt", "expiresAt", "handedAt"],
  notReimported: "secret",
  from: "stream_targets",
  key: ["id"],
  record: (row) => ({
    id: row["id"],
    platform: row["platform"],
    label: row["label"],
    hint: row["hint"],
    createdAt: time(row["created_at"]),
    expiresAt: time(row["expires_at"]),
    handedAt: time(row["handed_at"]),
  }),
});

/** Without its code, which is worth something to whoever reads it. */
const vouchers = tableKind({
  kind: "vouchers",
  tables: ["wallet_vouchers"],
  resource: "wallet",
  columns: ["id", "reward", "organisation", "kind", "title", "terms", "unit", "price", "state", "createdAt", "expiresAt", "settledAt"],
  notReimported: "secret",
  from: "wallet_vouchers",
  key: ["id"],
  record: (row) => ({
    id: row["id"],
    reward: row["reward"],
    organisation: row["organisation"],
    kind: row["kind"],
    title: row["title"],
    terms: parsed(row["terms"]),
    unit: row["unit"],
    price: row["price"],
    state: row["state"],
    createdAt: time(row["created_at"]),
    expiresAt: time(row["expires_at"]),
    settledAt: time(row["settled_at"]),
  }),
});

export const REWARD_KINDS: readonly ExportKind[] = [achievements, adopted, settings, transactions, transfers, vouchers, streamTargets];
