import type { Profile } from "./state";

/** Every write of readings asks for the profile. An object has one storage, and nothing else writes the table. */
const known = new WeakMap<SqlStorage, Profile>();

/** The profile, with UTC and English until registration has told better. */
export function readProfile(sql: SqlStorage): Profile {
  const remembered = known.get(sql);
  if (remembered !== undefined) return remembered;
  const profile = loadProfile(sql);
  known.set(sql, profile);
  return profile;
}

function loadProfile(sql: SqlStorage): Profile {
  const [row] = sql
    .exec<{ time_zone: string; locale: string; name: string | null }>("SELECT time_zone, locale, name FROM profile")
    .toArray();
  if (row === undefined) return { timeZone: "UTC", locale: "en" };
  const base = { timeZone: row.time_zone, locale: row.locale };
  return row.name === null ? base : { ...base, name: row.name };
}

export function writeProfile(sql: SqlStorage, profile: Profile): void {
  sql.exec(
    "INSERT INTO profile (one, time_zone, locale, name) VALUES (1, ?, ?, ?) ON CONFLICT DO UPDATE SET time_zone = excluded.time_zone, locale = excluded.locale, name = excluded.name",
    profile.timeZone,
    profile.locale,
    profile.name ?? null,
  );
  known.delete(sql);
}

/** Forgets what is remembered, after the table was written by another way. */
export function forgetProfile(sql: SqlStorage): void {
  known.delete(sql);
}
