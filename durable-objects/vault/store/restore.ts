import { type Restore, type RestoredHour } from "../../../shared/exports/restore";
import { METRIC_CODE } from "../../../shared/health/catalogue";
import { parseSourceId, sourceId } from "../../../shared/health/source-id";
import { mapSources, refusedSettings, type SourceSettings } from "../../../shared/health/source-settings";
import type { Touched } from "../state";
import type { RecordContext } from "./record";
import { rebuildDays } from "./rollups";

/**
 * Stores what an import of an export brings back beyond readings. Runs inside the caller's transaction; what is there already stays as
 * it is, so that a replay changes nothing. `before` is told the numbers of the sources, before anything is written.
 */
export function restoreInto(ctx: RecordContext, restore: Restore, before: (numbers: readonly number[]) => void): Touched[] {
  const numbers = restore.sources.map(({ source, firstSeenAt }) => ctx.sources.number(source, firstSeenAt));
  before(numbers);
  const numberOf = (index: number): number => {
    const number = numbers[index];
    if (number === undefined) throw new RangeError("something names a source that is not there");
    return number;
  };
  for (const [vendor, records] of Map.groupBy(restore.deletedRecords, (one) => one.vendor)) {
    for (const record of records) ctx.erasures.bury(vendor, [record], record.at);
  }
  for (const { metric, source, from, to, at } of restore.deletedRanges) {
    const code = metric === null ? 0 : METRIC_CODE.get(metric);
    if (code !== undefined) ctx.erasures.restore(code, source === null ? 0 : numberOf(source), from, to, at);
  }
  for (const q of restore.quarantined) {
    ctx.sql.exec(
      "INSERT OR IGNORE INTO quarantine (metric, source, at, value, unit, reason, record_id, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      q.metric,
      numberOf(q.source),
      q.at,
      q.value === null ? "" : String(q.value),
      q.unit,
      q.reason,
      q.id,
      q.receivedAt,
    );
  }
  for (const settings of restore.sourceSettings) restoreSettings(ctx, settings, numberOf);
  const hours = Map.groupBy(restore.hours, ({ metric, source }) => `${metric} ${source}`);
  return [...hours.values()].flatMap((list) => restoreHours(ctx, list[0]!.metric, numberOf(list[0]!.source), list));
}

/** Takes which sources come first where nothing has been chosen here; nothing of it where something in it is not known. */
function restoreSettings({ sources, now }: RecordContext, told: SourceSettings, numberOf: (index: number) => number): void {
  if (sources.settings.version > 0) return;
  const settings = mapSources(told, (id) => sourceId(numberOf((parseSourceId(id) ?? 0) - 1)));
  if (refusedSettings(settings, sources.all()).length === 0) sources.choose(settings, now);
}

/** Puts back summaries of hours whose samples are gone; hours that were summarised again from their readings stay. */
function restoreHours({ sql }: RecordContext, metric: string, source: number, hours: readonly RestoredHour[]): Touched[] {
  const code = METRIC_CODE.get(metric);
  if (code === undefined) return [];
  const added = sql
    .exec<{ date: number }>(
      `INSERT INTO hours (metric, source, hour, date, n, min, max, sum, last, last_at, slots)
       SELECT ?1, ?2, value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7, value->>8 FROM json_each(?3) j
       WHERE NOT EXISTS (SELECT 1 FROM hours h WHERE h.metric = ?1 AND h.hour = j.value->>0 AND h.source = ?2)
       ON CONFLICT DO NOTHING RETURNING date`,
      code,
      source,
      JSON.stringify(hours.map((h) => [h.hour, h.date, h.n, h.min, h.max, h.sum, h.last, h.lastAt, h.slots])),
    )
    .toArray();
  if (added.length === 0) return [];
  rebuildDays(
    sql,
    code,
    source,
    added.map(({ date }) => date),
  );
  return [{ metric, source, from: Math.min(...hours.map((h) => h.hour)) * 3_600_000, to: Math.max(...hours.map((h) => h.lastAt)) }];
}
