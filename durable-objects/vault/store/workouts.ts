import { latestByKey } from "../../../shared/health/latest";
import type { Workout } from "../../../shared/health/reading";

export interface WorkoutRow {
  readonly workout: Workout;
  readonly zone: number;
  readonly date: number;
}

/** Points per stored part of a route: keeps a part well under the platform's 2 MB a row. */
const POINTS_A_PART = 5_000;

/** Writes workouts by source, time and type; a moved record replaces its older self. */
export function writeWorkouts(
  sql: SqlStorage,
  source: number,
  rows: readonly WorkoutRow[],
  now: number,
): { accepted: number; duplicate: number; updated: number } {
  const placed = rows.map((row) => ({ ...row, version: row.workout.version }));
  const { rows: distinct, repeated } = latestByKey(placed, ({ workout: w }) => `${w.start} ${w.end} ${w.type}`);
  let [accepted, duplicate, updated] = [0, repeated, 0];
  for (const { workout, zone, date } of distinct) {
    const moved = workout.id === undefined ? 0 : forgetMoved(sql, source, workout.id, workout);
    const { source: _source, start, end, zone: _zone, type, route, id, version, ...rest } = workout;
    const [stored] = sql
      .exec<{ revision: number }>(
        `INSERT INTO workouts (source, start, end, type, date, zone, version, updated_at, record_id, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET date = excluded.date, zone = excluded.zone, version = excluded.version, revision = revision + 1,
           updated_at = excluded.updated_at, record_id = excluded.record_id, body = excluded.body
         WHERE excluded.version >= version AND excluded.body <> body
         RETURNING revision`,
        source,
        start,
        end,
        type,
        date,
        zone,
        version,
        now,
        id ?? "",
        JSON.stringify({ ...rest, points: route?.length ?? 0 }),
      )
      .toArray();
    if (stored === undefined) {
      duplicate++;
      continue;
    }
    if (stored.revision === 1 && moved === 0) accepted++;
    else updated++;
    writeRoute(sql, source, start, route);
  }
  return { accepted, duplicate, updated };
}

function forgetMoved(sql: SqlStorage, source: number, id: string, workout: Workout): number {
  const gone = sql
    .exec<{ start: number }>(
      "DELETE FROM workouts WHERE record_id = ? AND record_id <> '' AND source = ? AND (start <> ? OR end <> ? OR type <> ?) AND version < ? RETURNING start",
      id,
      source,
      workout.start,
      workout.end,
      workout.type,
      workout.version,
    )
    .toArray();
  for (const { start } of gone) sql.exec("DELETE FROM workout_routes WHERE source = ? AND start = ?", source, start);
  return gone.length;
}

function writeRoute(sql: SqlStorage, source: number, start: number, route: Workout["route"]): void {
  sql.exec("DELETE FROM workout_routes WHERE source = ? AND start = ?", source, start);
  if (route === undefined) return;
  for (let part = 0; part * POINTS_A_PART < route.length; part++) {
    const points = JSON.stringify(route.slice(part * POINTS_A_PART, (part + 1) * POINTS_A_PART));
    sql.exec("INSERT INTO workout_routes (source, start, part, points) VALUES (?, ?, ?, ?)", source, start, part, points);
  }
}
