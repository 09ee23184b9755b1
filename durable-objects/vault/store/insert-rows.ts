import { localDay } from "../../../shared/health/zone";
import type { Row } from "./rows";

/** The platform's most bound values a statement. */
const MOST_BOUND = 100;
/** Shifts instants after 1900 to positive numbers: SQLite's integer division rounds towards zero. */
const CENTURY_DAYS = 36_525;
const DAY_MS = 86_400_000;

type Value = string | number | null;

interface Column {
  readonly name: string;
  readonly of: (row: Row) => Value;
}

const COLUMNS: readonly Column[] = [
  { name: "end", of: (row) => row.end },
  { name: "tag", of: (row) => row.tag },
  { name: "value", of: (row) => row.value },
  { name: "zone", of: (row) => row.zone },
  { name: "date", of: (row) => row.date },
  { name: "version", of: (row) => row.version },
  { name: "record_id", of: (row) => row.id },
  { name: "body", of: (row) => row.body },
];

/**
 * Inserts rows that are not there yet and returns how many were. Bulk deliveries repeat themselves: zone, version, tag and body are
 * mostly the same in all rows, and then they are bound once, so that a statement carries many rows (about three times as fast as one
 * JSON array of whole rows).
 */
export function insertRows(sql: SqlStorage, metric: number, source: number, kind: string, rows: readonly Row[], now: number): number {
  const plan = planOf(rows);
  const before = totalChanges(sql);
  for (let from = 0; from < rows.length; from += plan.rowsAtOnce) {
    const part = rows.slice(from, from + plan.rowsAtOnce);
    const bound: Value[] = [metric, source, kind, now, ...plan.constants];
    for (const row of part) {
      bound.push(row.start);
      for (const column of plan.varying) bound.push(column.of(row));
    }
    sql.exec(statement(plan, part.length), ...bound);
  }
  return totalChanges(sql) - before;
}

interface Plan {
  readonly varying: readonly Column[];
  readonly constants: readonly Value[];
  /** The SQL expression of each column, in the order of `COLUMNS`. */
  readonly expressions: readonly string[];
  readonly rowsAtOnce: number;
}

function planOf(rows: readonly Row[]): Plan {
  const varying: Column[] = [];
  const constants: Value[] = [];
  const first = rows[0]!;
  const sameZone = rows.every((row) => row.zone === first.zone);
  const expressions = COLUMNS.map((column) => {
    const value = column.of(first);
    if (column.name === "end" && rows.every((row) => row.end === row.start)) return "column1";
    if (column.name === "date" && sameZone && rows.every((row) => row.date === localDay(row.start, row.zone)))
      return dateExpression(first.zone);
    if (rows.every((row) => column.of(row) === value)) {
      constants.push(value);
      return `?${4 + constants.length}`;
    }
    varying.push(column);
    return `column${1 + varying.length}`;
  });
  const rowsAtOnce = Math.floor((MOST_BOUND - 4 - constants.length) / (1 + varying.length));
  return { varying, constants, expressions, rowsAtOnce };
}

/** The local date of `column1` under a zone in seconds, in integers. */
function dateExpression(zone: number): string {
  return `(CAST(column1 AS INTEGER) + ${zone * 1_000 + CENTURY_DAYS * DAY_MS}) / ${DAY_MS} - ${CENTURY_DAYS}`;
}

function statement(plan: Plan, rows: number): string {
  const width = 1 + plan.varying.length;
  const first = 5 + plan.constants.length;
  const values = Array.from(
    { length: rows },
    (_, r) => `(${Array.from({ length: width }, (_, c) => `?${first + r * width + c}`).join(",")})`,
  ).join(",");
  return `INSERT OR IGNORE INTO readings (metric, source, kind, updated_at, start, ${COLUMNS.map((column) => column.name).join(", ")})
    SELECT ?1, ?2, ?3, ?4, column1, ${plan.expressions.join(", ")} FROM (VALUES ${values})`;
}

function totalChanges(sql: SqlStorage): number {
  return sql.exec<{ n: number }>("SELECT total_changes() AS n").one().n;
}
