/** Whether the person has released just this reading. */
export function isReleased(sql: SqlStorage, metric: string, source: number, at: number, value: number): boolean {
  const query = "SELECT 1 FROM quarantine WHERE metric = ? AND source = ? AND at = ? AND value = ? AND state = 'released'";
  return sql.exec(query, metric, source, at, String(value)).toArray().length > 0;
}
