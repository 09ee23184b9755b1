import { NO_SETTINGS, type SourceSettings } from "../../../shared/health/source-settings";

/** Settings with their version; version 0 is the defaults. */
export interface VersionedSettings {
  readonly version: number;
  readonly settings: SourceSettings;
}

export function readSettings(sql: SqlStorage): VersionedSettings {
  const [row] = sql.exec<{ version: number; body: string }>("SELECT version, body FROM source_settings").toArray();
  return row === undefined
    ? { version: 0, settings: NO_SETTINGS }
    : { version: row.version, settings: JSON.parse(row.body) as SourceSettings };
}

/** Keeps settings as the next version. The same again changes nothing. */
export function writeSettings(sql: SqlStorage, settings: SourceSettings, now: number): void {
  const body = JSON.stringify({ priorities: settings.priorities, cutovers: settings.cutovers } satisfies SourceSettings);
  sql.exec(
    `INSERT INTO source_settings (one, version, changed_at, body) VALUES (1, 1, ?1, ?2)
     ON CONFLICT DO UPDATE SET version = version + 1, changed_at = excluded.changed_at, body = excluded.body WHERE excluded.body <> body`,
    Math.floor(now),
    body,
  );
}
