import { DENSE_COLUMNS } from "../../../shared/exports/dense";
import { stamp, utc } from "../../../shared/exports/records";
import { HOUR_MS } from "../../../shared/clock";
import { metric, METRIC_CODE } from "../../../shared/health/catalogue";
import { sourceId } from "../../../shared/health/source-id";
import { dayText } from "../../../shared/health/zone";
import type { Source } from "../../../shared/health/reading";
import { type ExportContext, type ExportKind, filled, metricKey, parsed, tableKind } from "./kind";

const source = (number: unknown): string => sourceId(Number(number));
const unit = (code: unknown): string => metric(metricKey(code))?.unit ?? "";

/** The name of the kind of dense samples, whose hours travel as they are stored. */
export const SAMPLES = "samples";

/** Dense samples: a file for each metric and year, which the exporter writes from whole hours. */
const samples: ExportKind = {
  kind: SAMPLES,
  tables: ["segments", "segment_ids", "annotations"],
  resource: "reading",
  columns: DENSE_COLUMNS,
  rows: () => [],
  parts: ({ state }) =>
    state.sql
      .exec<{ metric: number; first: number; last: number; n: number }>(
        `SELECT metric, min(first_at) AS first, max(last_at) AS last, sum(n) AS n FROM series WHERE kind = 'sample' AND n > 0 GROUP BY metric ORDER BY metric`,
      )
      .toArray()
      .flatMap(({ metric: code, first, last, n }) => {
        const from = new Date(first).getUTCFullYear();
        const to = new Date(last).getUTCFullYear();
        const years = Array.from({ length: to - from + 1 }, (_, i) => from + i);
        return years
          .filter((year) => hasSegments(state.sql, code, year))
          .map((year) => ({ part: `${metricKey(code)}/${year}`, records: Math.ceil(n / years.length) }));
      }),
};

/** The hours of a year, `to` exclusive. */
export function hoursOf(year: number): { readonly from: number; readonly to: number } {
  return { from: Date.UTC(year, 0, 1) / HOUR_MS, to: Date.UTC(year + 1, 0, 1) / HOUR_MS };
}

function hasSegments(sql: SqlStorage, code: number, year: number): boolean {
  const { from, to } = hoursOf(year);
  return sql.exec("SELECT 1 FROM segments WHERE metric = ? AND hour >= ? AND hour < ? LIMIT 1", code, from, to).toArray().length > 0;
}

const gaps = tableKind({
  kind: "gaps",
  tables: ["gaps"],
  resource: "gap",
  columns: ["date", "metric", "source", "class", "state", "foundAt", "changedAt", "repairAt"],
  notReimported: "computed",
  from: "gaps",
  key: ["date", "metric", "source"],
  record: (row) => ({
    date: dayText(Number(row["date"])),
    metric: metricKey(row["metric"]),
    source: source(row["source"]),
    class: row["class"],
    state: row["state"],
    foundAt: utc(Number(row["found_at"])),
    changedAt: utc(Number(row["changed_at"])),
    repairAt: row["repair_at"] === null ? null : utc(Number(row["repair_at"])),
  }),
});

const readings = tableKind({
  kind: "readings",
  tables: ["readings"],
  resource: "reading",
  columns: ["metric", "kind", "at", "endAt", "value", "unit", "zone", "date", "source", "recordId", "version", "more"],
  from: "readings",
  where: "metric = ?",
  bind: (part) => [METRIC_CODE.get(part) ?? Number(part.replace("metric_", ""))],
  key: ["source", "start", "end", "tag"],
  parts: ({ state }) =>
    state.sql
      .exec<{ metric: number; n: number }>(
        `SELECT metric, sum(n) AS n FROM series WHERE EXISTS (SELECT 1 FROM readings WHERE readings.metric = series.metric AND readings.source = series.source)
         GROUP BY metric ORDER BY metric`,
      )
      .toArray()
      .map(({ metric: code, n }) => ({ part: metricKey(code), records: n })),
  record: (row) => ({
    metric: metricKey(row["metric"]),
    kind: row["kind"],
    at: stamp(Number(row["start"]), Number(row["zone"])),
    endAt: stamp(Number(row["end"]), Number(row["zone"])),
    value: row["value"],
    unit: unit(row["metric"]),
    zone: row["zone"],
    date: dayText(Number(row["date"])),
    source: source(row["source"]),
    recordId: filled(row["record_id"]),
    version: row["version"],
    more: parsed(row["body"]),
  }),
});

const daily = tableKind({
  kind: "daily",
  tables: ["daily"],
  resource: "day",
  columns: ["metric", "date", "value", "unit", "zone", "source", "recordId", "version", "more"],
  from: "daily",
  key: ["metric", "date", "source"],
  record: (row) => ({
    metric: metricKey(row["metric"]),
    date: dayText(Number(row["date"])),
    value: row["value"],
    unit: unit(row["metric"]),
    zone: row["zone"],
    source: source(row["source"]),
    recordId: filled(row["record_id"]),
    version: row["version"],
    more: parsed(row["body"]),
  }),
});

const SUMMARY = ["n", "min", "max", "sum", "last", "lastAt", "slots"];
const summary = (row: Readonly<Record<string, unknown>>) => ({
  source: source(row["source"]),
  n: row["n"],
  min: row["min"],
  max: row["max"],
  sum: row["sum"],
  last: row["last"],
  lastAt: utc(Number(row["last_at"])),
  slots: row["slots"],
});

const hours = tableKind({
  kind: "hours",
  tables: ["hours"],
  resource: "metric",
  columns: ["metric", "hour", "date", "source", ...SUMMARY],
  from: "hours",
  key: ["metric", "hour", "source", "date"],
  record: (row) => ({
    metric: metricKey(row["metric"]),
    hour: utc(Number(row["hour"]) * HOUR_MS),
    date: dayText(Number(row["date"])),
    ...summary(row),
  }),
});

const days = tableKind({
  kind: "days",
  tables: ["days"],
  resource: "day",
  columns: ["metric", "date", "source", ...SUMMARY],
  notReimported: "computed",
  from: "days",
  key: ["metric", "date", "source"],
  record: (row) => ({ metric: metricKey(row["metric"]), date: dayText(Number(row["date"])), ...summary(row) }),
});

const sources = tableKind({
  kind: "sources",
  tables: ["sources"],
  resource: "source",
  columns: [
    "id",
    "vendor",
    "connection",
    "app",
    "deviceName",
    "deviceManufacturer",
    "deviceModel",
    "deviceType",
    "recordingMethod",
    "firstSeenAt",
  ],
  from: "sources",
  key: ["id"],
  record: (row) => ({ id: source(row["id"]), ...(parsed(row["body"]) as Source), firstSeenAt: utc(Number(row["first_seen"])) }),
});

const sleepStretches = tableKind({
  kind: "sleep-stretches",
  tables: ["sleep_stretches"],
  resource: "sleep",
  columns: ["startAt", "endAt", "stage", "zone", "source", "recordId", "version"],
  from: "sleep_stretches",
  key: ["source", "start", "end", "stage"],
  record: (row) => ({
    startAt: stamp(Number(row["start"]), Number(row["zone"])),
    endAt: stamp(Number(row["end"]), Number(row["zone"])),
    stage: row["stage"],
    zone: row["zone"],
    source: source(row["source"]),
    recordId: filled(row["record_id"]),
    version: row["version"],
  }),
});

type Stages = { readonly stages: readonly (readonly [number, number, string])[]; readonly attributes?: unknown };

const sleep = tableKind({
  kind: "sleep",
  tables: ["sleeps"],
  resource: "sleep",
  columns: ["startAt", "endAt", "date", "nap", "assembled", "zone", "source", "recordId", "version", "stages", "attributes"],
  from: "sleeps",
  key: ["source", "start"],
  record: (row) => {
    const { stages, attributes } = parsed(row["body"]) as Stages;
    const zone = Number(row["zone"]);
    return {
      startAt: stamp(Number(row["start"]), zone),
      endAt: stamp(Number(row["end"]), zone),
      date: dayText(Number(row["date"])),
      nap: row["nap"] === 1,
      assembled: row["assembled"] === 1,
      zone,
      source: source(row["source"]),
      recordId: filled(row["record_id"]),
      version: row["version"],
      stages: stages.map(([start, end, stage]) => ({ stage, startAt: stamp(start, zone), endAt: stamp(end, zone) })),
      ...(attributes !== undefined && { attributes }),
    };
  },
});

const routeOf = (ctx: ExportContext, number: unknown, start: unknown): unknown[] =>
  ctx.state.sql
    .exec<{ points: string }>("SELECT points FROM workout_routes WHERE source = ? AND start = ? ORDER BY part", number, start)
    .toArray()
    .flatMap(({ points }) => parsed(points) as unknown[]);

const workouts = tableKind({
  kind: "workouts",
  tables: ["workouts", "workout_routes"],
  resource: "workout",
  columns: ["type", "startAt", "endAt", "date", "zone", "source", "recordId", "version", "more", "route"],
  from: "workouts",
  key: ["source", "start", "end", "type"],
  record: (row, ctx) => {
    const { points, ...more } = parsed(row["body"]) as { readonly points?: number } & Record<string, unknown>;
    return {
      type: row["type"],
      startAt: stamp(Number(row["start"]), Number(row["zone"])),
      endAt: stamp(Number(row["end"]), Number(row["zone"])),
      date: dayText(Number(row["date"])),
      zone: row["zone"],
      source: source(row["source"]),
      recordId: filled(row["record_id"]),
      version: row["version"],
      more,
      ...(points !== undefined && points > 0 && { route: routeOf(ctx, row["source"], row["start"]) }),
    };
  },
});

const quarantine = tableKind({
  kind: "quarantine",
  tables: ["quarantine"],
  resource: "quarantine",
  columns: ["metric", "at", "value", "unit", "reason", "source", "recordId", "receivedAt", "state", "decidedAt"],
  from: "quarantine",
  key: ["id"],
  record: (row) => ({
    metric: row["metric"],
    at: utc(Number(row["at"])),
    value: row["value"] === "" ? null : Number(row["value"]),
    unit: row["unit"],
    reason: row["reason"],
    source: source(row["source"]),
    recordId: filled(row["record_id"]),
    receivedAt: utc(Number(row["received_at"])),
    state: row["state"],
    decidedAt: row["decided_at"] === null ? null : utc(Number(row["decided_at"])),
  }),
});

const deletedRecords = tableKind({
  kind: "deleted-records",
  tables: ["tombstones"],
  resource: "reading",
  columns: ["vendor", "recordId", "version", "deletedAt"],
  from: "tombstones",
  key: ["vendor", "record_id"],
  record: (row) => ({
    vendor: row["vendor"],
    recordId: row["record_id"],
    version: row["version"],
    deletedAt: utc(Number(row["deleted_at"])),
  }),
});

/** Times as epoch milliseconds: a range may reach beyond every calendar. */
const deletedRanges = tableKind({
  kind: "deleted-ranges",
  tables: ["erasures"],
  resource: "reading",
  columns: ["metric", "source", "from", "to", "deletedAt"],
  from: "erasures",
  key: ["id"],
  record: (row) => ({
    metric: row["metric"] === 0 ? null : metricKey(row["metric"]),
    source: row["source"] === 0 ? null : source(row["source"]),
    from: row["from_at"],
    to: row["to_at"],
    deletedAt: utc(Number(row["erased_at"])),
  }),
});

/** Readings of every kind, and what belongs to them. */
export const READING_KINDS: readonly ExportKind[] = [
  sources,
  deletedRecords,
  deletedRanges,
  samples,
  readings,
  sleepStretches,
  sleep,
  workouts,
  daily,
  hours,
  days,
  quarantine,
  gaps,
];
