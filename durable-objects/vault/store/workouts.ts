import { z } from "zod";
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
    const recorded = workout.summary === true ? recordedOf(sql, source, workout) : undefined;
    const moved = workout.id === undefined ? 0 : forgetMoved(sql, source, workout.id, workout, recorded !== undefined);
    const { source: _source, start, end, zone: _zone, type, route, summary: _summary, id, version, ...rest } = workout;
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
        JSON.stringify({ ...rest, ...(recorded ?? { points: route?.length ?? 0 }) }),
      )
      .toArray();
    if (stored === undefined) {
      duplicate++;
      continue;
    }
    if (stored.revision === 1 && moved === 0) accepted++;
    else updated++;
    if (recorded === undefined) writeRoute(sql, source, start, route);
  }
  return { accepted, duplicate, updated };
}

const recordedSchema = z.object({ laps: z.array(z.record(z.string(), z.unknown())).optional(), points: z.number() });

/** What is stored of a record's laps and of the length of its route; undefined where it did not begin then. */
function recordedOf(sql: SqlStorage, source: number, { id, start }: Workout): z.output<typeof recordedSchema> | undefined {
  const query = "SELECT body FROM workouts WHERE record_id = ? AND record_id <> '' AND source = ? AND start = ?";
  const [row] = sql.exec<{ body: string }>(query, id ?? "", source, start).toArray();
  return row === undefined ? undefined : recordedSchema.parse(JSON.parse(row.body));
}

function forgetMoved(sql: SqlStorage, source: number, id: string, workout: Workout, keepsRoute: boolean): number {
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
  for (const { start } of gone)
    if (!keepsRoute || start !== workout.start) sql.exec("DELETE FROM workout_routes WHERE source = ? AND start = ?", source, start);
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
