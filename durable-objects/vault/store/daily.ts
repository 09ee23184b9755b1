/** One daily value to store, by local date. */
export interface DailyRow {
  readonly date: number;
  readonly value: number | null;
  readonly zone: number;
  readonly version: number;
  readonly id: string;
  readonly body: string | null;
}

export interface DailyWrite {
  readonly accepted: number;
  readonly duplicate: number;
  readonly updated: number;
}

const COLUMNS = "(metric, source, date, value, zone, version, updated_at, record_id, body)";
const FROM_JSON = "SELECT ?1, ?2, value->>0, value->>1, value->>2, value->>3, ?3, value->>4, value->>5 FROM json_each(?4)";

/** Writes daily values of one metric and source: one per local date, the higher version wins. */
export function writeDaily(sql: SqlStorage, metric: number, source: number, rows: readonly DailyRow[], now: number): DailyWrite {
  const text = JSON.stringify(rows.map((r) => [r.date, r.value, r.zone, r.version, r.id, r.body]));
  sql.exec(`INSERT OR IGNORE INTO daily ${COLUMNS} ${FROM_JSON}`, metric, source, now, text);
  const accepted = sql.exec<{ n: number }>("SELECT changes() AS n").one().n;
  if (accepted === rows.length) return { accepted, duplicate: 0, updated: 0 };
  const updated = sql
    .exec(
      `INSERT INTO daily ${COLUMNS} ${FROM_JSON} WHERE true
       ON CONFLICT DO UPDATE SET value = excluded.value, zone = excluded.zone, version = excluded.version, revision = revision + 1,
         updated_at = excluded.updated_at, record_id = excluded.record_id, body = excluded.body
       WHERE excluded.version >= version AND (excluded.value IS NOT value OR excluded.body IS NOT body)
       RETURNING date`,
      metric,
      source,
      now,
      text,
    )
    .toArray().length;
  return { accepted, updated, duplicate: rows.length - accepted - updated };
}
