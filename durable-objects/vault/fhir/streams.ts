import { DAY_MS, HOUR_MS } from "../../../shared/clock";
import { type Clause, startBounds } from "../../../shared/fhir/date-search";
import { localDay, offsetAt, startOfDay } from "../../../shared/health/zone";
import { LENGTHS } from "../../../shared/fhir/labs";
import { type Ask, compareStreams, type Condition, type Entry, type Stream, type Table } from "./entries";

/**
 * Keyset queries over the vault's tables. Each states start, end, tag and time of change of a row in SQL, so that dates and cursors are
 * part of the query and a page reads no more rows than it shows. For `+?` see decision 100.
 */
interface TableQuery {
  readonly from: string;
  readonly start: string;
  readonly end: string;
  readonly tag: string;
  readonly updatedAt: string;
  /** Columns in whose order rows come by time, where the key has it; by default start, end and tag. */
  readonly ordered?: readonly string[];
  /** Condition on the key that lets the table be sought, and its bindings. */
  seek(stream: Stream, from: number, to: number): { readonly where: string; readonly bind: readonly number[] };
}

const LAB_END = `at + CASE length(body ->> '$.draft.at') ${Object.entries(LENGTHS)
  .map(([length, ms]) => `WHEN ${length} THEN ${ms}`)
  .join(" ")} ELSE 0 END`;

const QUERIES: Readonly<Record<Exclude<Table, "daily">, TableQuery>> = {
  lab_results: labQuery("lab_results"),
  lab_reports: labQuery("lab_reports"),
  readings: {
    from: "readings",
    start: "start",
    end: "end",
    tag: "tag",
    updatedAt: "updated_at",
    seek: ({ metric, source }, from, to) => ({
      where: "metric = +? AND source = +? AND start >= ? AND start < ?",
      bind: [metric, source, from, to],
    }),
  },
  segments: {
    // One entry an hour, whatever its parts: the first begins it, and an hour's parts follow one another.
    from: "segments",
    start: "first_at",
    end: partsOf("last_at"),
    tag: "''",
    updatedAt: partsOf("updated_at"),
    // Hours are in the order of their beginnings, and the key is sorted by them.
    ordered: ["hour"],
    seek: ({ metric, source }, from, to) => ({
      where: "metric = +? AND source = +? AND part = 0 AND hour >= ? AND hour < ?",
      bind: [metric, source, Math.floor(from / HOUR_MS), Math.ceil(to / HOUR_MS)],
    }),
  },
  sleeps: {
    from: "sleeps",
    start: "start",
    end: "end",
    tag: "''",
    updatedAt: "updated_at",
    seek: ({ source }, from, to) => ({ where: "source = +? AND start >= ? AND start < ?", bind: [source, from, to] }),
  },
  workouts: {
    from: "workouts",
    start: "start",
    end: "end",
    tag: "type",
    updatedAt: "updated_at",
    seek: ({ source }, from, to) => ({ where: "source = +? AND start >= ? AND start < ?", bind: [source, from, to] }),
  },
};

/** The greatest that the parts of an hour have. */
function partsOf(column: string): string {
  return `(SELECT max(p.${column}) FROM segments p WHERE p.metric = segments.metric AND p.hour = segments.hour AND p.source = segments.source)`;
}

type Row = { start: number; end: number; tag: string; updated_at: number };

function labQuery(from: "lab_results" | "lab_reports"): TableQuery {
  return {
    from,
    start: "at",
    end: LAB_END,
    tag: "id",
    updatedAt: "changed_at",
    seek: (_stream, first, to) => ({ where: "at >= ? AND at < ?", bind: [first, to] }),
  };
}

/** The next entries of a stream, in the order that is asked for. */
export function entriesOf(sql: SqlStorage, stream: Stream, ask: Ask, timeZone: string): Entry[] {
  const direction = ask.descending ? "DESC" : "ASC";
  if (stream.table === "daily") return dailyEntries(sql, stream, ask, timeZone);
  const query = QUERIES[stream.table];
  const { where, bind } = conditions(stream, query, ask);
  const times = query.ordered ?? [query.start, query.end, query.tag];
  const keys = ask.by === "updated" ? ["updated_at", ...times] : times;
  return sql
    .exec<Row>(
      `SELECT ${query.start} AS start, ${query.end} AS end, ${query.tag} AS tag, ${query.updatedAt} AS updated_at FROM ${query.from}
       WHERE ${where} ORDER BY ${keys.map((key) => `${key} ${direction}`).join(", ")} LIMIT +?`,
      ...bind,
      ask.limit,
    )
    .toArray()
    .map((row) => ({ stream, start: row.start, end: row.end, tag: row.tag, updatedAt: row.updated_at }));
}

/** How many entries a stream has, wherever a page ended. */
export function countOf(sql: SqlStorage, stream: Stream, ask: Ask, timeZone: string): number {
  if (stream.table === "daily") {
    const { where, bind } = dailyConditions(stream, { ...ask, after: undefined }, timeZone);
    return sql.exec<{ n: number }>(`SELECT count(*) AS n FROM daily WHERE ${where}`, ...bind).one().n;
  }
  const query = QUERIES[stream.table];
  const { where, bind } = conditions(stream, query, { ...ask, after: undefined });
  return sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${query.from} WHERE ${where}`, ...bind).one().n;
}

function conditions(stream: Stream, query: TableQuery, ask: Ask): Condition {
  const bounds = startBounds(ask.date, stream.longest);
  let from = Math.max(bounds.from, stream.first);
  let to = Math.min(bounds.to, stream.last + 1);
  if (ask.after !== undefined && ask.by === "date") {
    if (ask.descending) to = Math.min(to, ask.after.start + 1);
    else from = Math.max(from, ask.after.start);
  }
  const seek = query.seek(stream, from, Math.max(from, to));
  const parts = [
    clausesSql(ask.date, query.start, query.end),
    clausesSql(ask.updated, query.updatedAt, query.updatedAt),
    afterSql(stream, query, ask),
    ...(stream.only === undefined ? [] : [stream.only]),
  ];
  return {
    where: [seek.where, ...parts.map((part) => part.where)].join(" AND "),
    bind: [...seek.bind, ...parts.flatMap((part) => part.bind)],
  };
}

function clausesSql(clauses: readonly Clause[], start: string, end: string): Condition {
  if (clauses.length === 0) return { where: "true", bind: [] };
  return {
    where: clauses
      .map((clause) => `(${clause.map(({ field, op }) => `${field === "start" ? start : end} ${op} ?`).join(" OR ")})`)
      .join(" AND "),
    bind: clauses.flatMap((clause) => clause.map(({ value }) => value)),
  };
}

/** Rows after a position: in the position's own stream by the whole key, in others by time and the order of streams. */
function afterSql(stream: Stream, query: TableQuery, { after, by, descending }: Ask): Condition {
  if (after === undefined) return { where: "true", bind: [] };
  const past = descending ? "<" : ">";
  const order = compareStreams(stream, after) * (descending ? -1 : 1);
  const time = by === "updated" ? [query.updatedAt, query.start] : [query.start];
  const reached = by === "updated" ? [after.updatedAt, after.start] : [after.start];
  const [columns, values] =
    order === 0
      ? [
          [...time, query.end, query.tag],
          [...reached, after.end, after.tag],
        ]
      : [time, reached];
  return { where: `(${columns.join(", ")}) ${order > 0 ? `${past}=` : past} (${columns.map(() => "?").join(", ")})`, bind: values };
}

type DailyRow = { date: number; updated_at: number };

function dailyEntries(sql: SqlStorage, stream: Stream, ask: Ask, timeZone: string): Entry[] {
  const direction = ask.descending ? "DESC" : "ASC";
  const { where, bind } = dailyConditions(stream, ask, timeZone);
  return sql
    .exec<DailyRow>(
      `SELECT date, updated_at FROM daily WHERE ${where} ORDER BY ${ask.by === "updated" ? `updated_at ${direction}, ` : ""}date ${direction} LIMIT +?`,
      ...bind,
      ask.limit,
    )
    .toArray()
    .map((row) => ({
      stream,
      start: startOfDay(timeZone, row.date),
      end: startOfDay(timeZone, row.date + 1) - 1,
      tag: "",
      updatedAt: row.updated_at,
    }));
}

/** A date is the local day in the person's zone, so comparisons of instants become comparisons of dates. */
function dailyConditions(stream: Stream, ask: Ask, timeZone: string): Condition {
  const dates = ask.date.map((clause) =>
    clause.map(({ field, op, value }) => ({
      field,
      op,
      value: field === "start" ? dayFrom(timeZone, value) : dayFrom(timeZone, value + 1) - 1,
    })),
  );
  const parts = [clausesSql(dates, "date", "date"), clausesSql(ask.updated, "updated_at", "updated_at"), dailyAfter(stream, ask, timeZone)];
  return {
    where: ["metric = ? AND source = ?", ...parts.map((part) => part.where)].join(" AND "),
    bind: [stream.metric, stream.source, ...parts.flatMap((part) => part.bind)],
  };
}

function dailyAfter(stream: Stream, { after, by, descending }: Ask, timeZone: string): Condition {
  if (after === undefined) return { where: "true", bind: [] };
  const order = compareStreams(stream, after) * (descending ? -1 : 1);
  // The first date that begins at or after the position (ascending), or strictly after it.
  const inclusive = order > 0;
  const date = descending
    ? dayFrom(timeZone, inclusive ? after.start + 1 : after.start)
    : dayFrom(timeZone, inclusive ? after.start : after.start + 1);
  const onDate = descending ? "date < ?" : "date >= ?";
  if (by === "date") return { where: onDate, bind: [date] };
  return {
    where: `(updated_at ${descending ? "<" : ">"} ? OR (updated_at = ? AND ${onDate}))`,
    bind: [after.updatedAt, after.updatedAt, date],
  };
}

/** The first local date that begins at or after an instant. Instants beyond any calendar become dates beyond any reading. */
function dayFrom(timeZone: string, at: number): number {
  if (Math.abs(at) > 8.64e15 - DAY_MS) return at < 0 ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER;
  const day = localDay(at, offsetAt(timeZone, at));
  return startOfDay(timeZone, day) === at ? day : day + 1;
}
