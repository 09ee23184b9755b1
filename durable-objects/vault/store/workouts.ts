import * as z from "zod";
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
    if (moved === undefined) {
      duplicate++;
      continue;
    }
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

/** Removes what older versions of a record told of another time; how many, or undefined where a newer one does, so that this one is late. */
function forgetMoved(sql: SqlStorage, source: number, id: string, workout: Workout, keepsRoute: boolean): number | undefined {
  const others = sql
    .exec<{ start: number; end: number; type: string; version: number }>(
      "SELECT start, end, type, version FROM workouts WHERE record_id = ? AND record_id <> '' AND source = ? AND (start <> ? OR end <> ? OR type <> ?)",
      id,
      source,
      workout.start,
      workout.end,
      workout.type,
    )
    .toArray();
  if (others.some(({ version }) => version > workout.version)) return undefined;
  const older = others.filter(({ version }) => version < workout.version);
  for (const { start, end, type } of older) {
    sql.exec("DELETE FROM workouts WHERE source = ? AND start = ? AND end = ? AND type = ?", source, start, end, type);
    if (!keepsRoute || start !== workout.start) sql.exec("DELETE FROM workout_routes WHERE source = ? AND start = ?", source, start);
  }
  return older.length;
}

function writeRoute(sql: SqlStorage, source: number, start: number, route: Workout["route"]): void {
  sql.exec("DELETE FROM workout_routes WHERE source = ? AND start = ?", source, start);
  if (route === undefined) return;
  for (let part = 0; part * POINTS_A_PART < route.length; part++) {
    const points = JSON.stringify(route.slice(part * POINTS_A_PART, (part + 1) * POINTS_A_PART));
    sql.exec("INSERT INTO workout_routes (source, start, part, points) VALUES (?, ?, ?, ?)", source, start, part, points);
  }
}
