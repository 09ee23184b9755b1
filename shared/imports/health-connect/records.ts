import type { SqlValue } from "../sqlite/record";
import type { Database } from "../sqlite/database";
import type { Table } from "../sqlite/table";
import { EXERCISES, type FieldPlan, SEGMENTS, type TablePlan } from "./tables";

export type JsonRecord = Record<string, unknown>;

/** What every record has besides its fields. */
const SHARED = ["uuid", "last_modified_time", "client_record_version", "app_info_id", "device_info_id", "recording_method"] as const;
const INSTANT = ["time", "zone_offset"] as const;
const INTERVAL = ["start_time", "start_zone_offset", "end_time", "end_zone_offset"] as const;

/** Columns of a record's table that are read. */
export function columnsOf(plan: TablePlan): readonly string[] {
  return [...SHARED, ...(plan.isInterval ? INTERVAL : INSTANT), ...plan.fields.map(({ column }) => column)];
}

/** Apps and devices by the numbers under which records name them. */
export interface Origins {
  readonly apps: ReadonlyMap<number, string>;
  readonly devices: ReadonlyMap<number, JsonRecord>;
}

/** Apps and devices of a phone are few: what is beyond is nobody's. */
const MOST_ORIGINS = 10_000;

export async function originsOf(database: Database): Promise<Origins> {
  const apps = new Map<number, string>();
  const devices = new Map<number, JsonRecord>();
  // Not the icons, which are most of the table.
  for await (const [id, name] of valuesOf(database.table("application_info_table"), ["row_id", "package_name"])) {
    if (typeof id === "number" && typeof name === "string") apps.set(id, name);
    if (apps.size >= MOST_ORIGINS) break;
  }
  for await (const [id, manufacturer, model, type] of valuesOf(database.table("device_info_table"), [
    "row_id",
    "manufacturer",
    "model",
    "device_type",
  ])) {
    if (typeof id === "number")
      devices.set(id, { manufacturer: manufacturer ?? undefined, model: model ?? undefined, type: type ?? undefined });
    if (devices.size >= MOST_ORIGINS) break;
  }
  return { apps, devices };
}

/** The values of all rows. */
export async function* valuesOf(table: Table | undefined, columns: readonly string[]): AsyncGenerator<readonly SqlValue[], void> {
  if (table !== undefined) for await (const rows of table.scan(columns)) for (const { values } of rows) yield values;
}

/** A row as the record that Health Connect's own interface would give, which is what phones send. `values` are those of `columnsOf`. */
export function recordOf(plan: TablePlan, values: readonly SqlValue[], { apps, devices }: Origins): JsonRecord {
  const [uuid, modified, version, app, device, method] = values;
  const times = SHARED.length;
  const fields = times + (plan.isInterval ? INTERVAL.length : INSTANT.length);
  const record: JsonRecord = {
    type: plan.record,
    id: uuidText(uuid),
    startTime: told(values[times]),
    startZoneOffset: offset(values[times + 1]),
    metadata: {
      dataOrigin: typeof app === "number" ? apps.get(app) : undefined,
      device: typeof device === "number" ? devices.get(device) : undefined,
      recordingMethod: told(method),
      clientRecordVersion: version === null ? undefined : Number(version),
      lastModifiedTime: told(modified),
    },
  };
  if (plan.isInterval) {
    record["endTime"] = told(values[times + 2]);
    const end = offset(values[times + 3]);
    if (end !== undefined) record["endZoneOffset"] = end;
  }
  putFields(record, plan.fields, values, fields);
  if (plan.record === "ExerciseSession") record["exerciseType"] = nameOf(EXERCISES, record["exerciseType"]);
  return record;
}

/** Puts the fields of a row into a record or a part of one; `from` is where their values begin. What was not recorded is left out. */
export function putFields(record: JsonRecord, fields: readonly FieldPlan[], values: readonly SqlValue[], from = 0): void {
  for (let i = 0; i < fields.length; i++) {
    const { field, unit } = fields[i]!;
    const value = told(values[from + i]);
    if (value === undefined) continue;
    if (field === "segmentType") record[field] = nameOf(SEGMENTS, value);
    else record[field] = unit === undefined ? value : { value, unit };
  }
}

/** Health Connect writes the smallest number there is where nothing was recorded (`Constants.DEFAULT_DOUBLE`). */
function told(value: SqlValue | undefined): unknown {
  return value === null || value === Number.MIN_VALUE ? undefined : value;
}

/** Seconds, told as such: a plain number could be minutes. */
function offset(value: SqlValue | undefined): { readonly totalSeconds: number } | undefined {
  return typeof value === "number" ? { totalSeconds: value } : undefined;
}

/** The usual writing of an id of 16 bytes, which is how phones send it. */
function uuidText(value: SqlValue | undefined): string | undefined {
  if (!(value instanceof Uint8Array) || value.length !== 16) return undefined;
  const hex = Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function nameOf(names: readonly string[], value: unknown): string {
  return (typeof value === "number" ? names[value] : undefined) ?? "other";
}
