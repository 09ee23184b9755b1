import { DAY_MS, HOUR_MS } from "../../../shared/clock";
import { type Bounds, METRIC_CODE, type Metric, metric as metricOf } from "../../../shared/health/catalogue";
import { type Mark, markKey, packMarks, unpackMarks } from "../../../shared/health/marks";
import { type Batch, ZONE_UNKNOWN } from "../../../shared/health/reading";
import { localDay, offsetAt, parseDay } from "../../../shared/health/zone";
import type { Restore } from "../../../shared/exports/restore";
import type { RecordContext } from "./record";
import { isTagged } from "./rows";
import { readHour } from "./segments";

/** Where what is marked lies. */
export type Marked = "sample" | "row" | "daily" | "stretch" | "sleep" | "workout" | "quarantine" | "hour";

/** Marks of one table, metric and source. */
export interface MarkGroup {
  readonly what: Marked;
  /** Catalogue code; 0 for sessions and for metrics that the catalogue does not know. */
  readonly metric: number;
  readonly source: number;
  readonly marks: readonly Mark[];
}

export interface StoredMarks extends MarkGroup {
  readonly part: number;
}

/** Every door that is no import. */
const OTHER_DOORS = "";
/** Marks that one look-up asks for; keeps its text under the platform's 2 MB for a bound value. */
const ASKED_AT_ONCE = 10_000;

type Row = { part: number; what: Marked; metric: number; source: number; marks: ArrayBuffer };

/**
 * Knows which import brought what, so that it can be taken back. A reading carries no mark of its own: each batch of an import leaves one
 * packed row per metric and source. What was there before, by another door, is never marked and so never taken back; what two imports
 * brought is marked for both and stays until the last of them is taken back.
 */
export class ImportMarks {
  readonly #sql: SqlStorage;
  /** Sources with marks: for all others, writing costs nothing. */
  #sources: Set<number>;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#sources = this.#load();
  }

  /** Reads the sources anew, after a transaction was rolled back. */
  reload(): void {
    this.#sources = this.#load();
  }

  /** Marks what a batch brings, before it is written. `by` is the import, undefined for every other door. */
  note(ctx: RecordContext, batch: Batch, by: string | undefined): void {
    if (by === undefined && this.#sources.size === 0) return;
    const numbers = batch.sources.map((source) => ctx.sources.number(source, ctx.now));
    if (by === undefined && !numbers.some((number) => this.#sources.has(number))) return;
    for (const group of groupsOf(ctx, batch, numbers)) this.#note(group, by ?? OTHER_DOORS);
  }

  /** Marks what an export brings back beyond readings, before it is written. */
  noteRestored(restore: Restore, numbers: readonly number[], by: string): void {
    const groups = new Groups();
    for (const { metric, source, hour, date } of restore.hours) {
      const code = METRIC_CODE.get(metric);
      if (code !== undefined) groups.add("hour", code, numbers[source] ?? 0, { at: hour * HOUR_MS, span: 0, tag: String(date) });
    }
    for (const { metric, source, at, value } of restore.quarantined)
      groups.add("quarantine", 0, numbers[source] ?? 0, quarantineMark(metric, at, value));
    for (const group of groups.all()) this.#note(group, by);
  }

  /** Some of what an import is marked to have brought and nothing else was, and the row that says so; undefined where nothing is left. */
  next(by: string): StoredMarks | undefined {
    const [row] = this.#sql
      .exec<Row>("SELECT part, what, metric, source, marks FROM import_marks WHERE import = ? ORDER BY part DESC LIMIT 1", by)
      .toArray();
    if (row === undefined) return undefined;
    const { part, what, metric, source } = row;
    const marks = unpackMarks(new Uint8Array(row.marks));
    const elsewhere = this.#others({ what, metric, source, marks }, by);
    return { part, what, metric, source, marks: marks.filter((mark) => !elsewhere.has(markKey(mark))) };
  }

  forget(by: string, part: number): void {
    this.#sql.exec("DELETE FROM import_marks WHERE import = ? AND part = ?", by, part);
    this.#sources = this.#load();
  }

  #note(group: MarkGroup, by: string): void {
    const others = this.#sources.has(group.source) ? this.#others(group, by) : NONE;
    const own = others.size > 0 || this.#sources.has(group.source) ? this.#own(group, by) : NONE;
    let fresh: readonly Mark[];
    if (by === OTHER_DOORS) fresh = group.marks.filter((mark) => others.has(markKey(mark)) && !own.has(markKey(mark)));
    else {
      const there = existing(this.#sql, group);
      fresh = group.marks.filter((mark) => {
        const key = markKey(mark);
        return !own.has(key) && (others.has(key) || !there.has(key));
      });
    }
    if (fresh.length === 0) return;
    const at = fresh.map((mark) => mark.at);
    this.#sql.exec(
      `INSERT INTO import_marks (import, part, what, metric, source, from_at, to_at, marks)
       SELECT ?1, coalesce(max(part), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7 FROM import_marks WHERE import = ?1`,
      by,
      group.what,
      group.metric,
      group.source,
      at.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY),
      at.reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY),
      packMarks(fresh),
    );
    this.#sources.add(group.source);
  }

  /** Keys that others than `by` brought, within the time of a group. */
  #others(group: MarkGroup, by: string): ReadonlySet<string> {
    return this.#marked(group, "import <> ?", by);
  }

  #own(group: MarkGroup, by: string): ReadonlySet<string> {
    return this.#marked(group, "import = ?", by);
  }

  #marked({ what, metric, source, marks }: MarkGroup, whose: string, by: string): ReadonlySet<string> {
    const at = marks.map((mark) => mark.at);
    const rows = this.#sql
      .exec<{ marks: ArrayBuffer }>(
        `${MARKED} AND ${whose}`,
        source,
        what,
        metric,
        at.reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY),
        at.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY),
        by,
      )
      .toArray();
    const keys = new Set<string>();
    for (const row of rows) for (const mark of unpackMarks(new Uint8Array(row.marks))) keys.add(markKey(mark));
    return keys;
  }

  #load(): Set<number> {
    return new Set(
      this.#sql
        .exec<{ source: number }>("SELECT DISTINCT source FROM import_marks")
        .toArray()
        .map(({ source }) => source),
    );
  }
}

/** Marks of a place that begin no later and end no earlier than a time. */
export const MARKED =
  "SELECT marks FROM import_marks INDEXED BY import_marks_by_place WHERE source = ? AND what = ? AND metric = ? AND from_at <= ? AND to_at >= ?";

/** The mark of something that was kept apart. */
export function quarantineMark(metric: string, at: number, value: number | null): Mark {
  return { at, span: 0, tag: `${metric}\n${value === null ? "" : String(value)}` };
}

class Groups {
  readonly #groups = new Map<string, { what: Marked; metric: number; source: number; marks: Mark[] }>();

  add(what: Marked, metric: number, source: number, mark: Mark): void {
    const key = `${what} ${metric} ${source}`;
    const group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, { what, metric, source, marks: [mark] });
    else group.marks.push(mark);
  }

  all(): MarkGroup[] {
    return [...this.#groups.values()];
  }
}

/** What a batch is going to write, where it lies, by its identity. */
function groupsOf(ctx: RecordContext, batch: Batch, numbers: readonly number[]): MarkGroup[] {
  const groups = new Groups();
  const number = (source: number): number => numbers[source] ?? 0;
  // What the screen will keep apart.
  const kept = (metric: Metric, source: number, at: number, value: number | null, bounds: Bounds | undefined): boolean => {
    if (value === null || bounds === undefined || (value >= bounds[0] && value <= bounds[1])) return false;
    groups.add("quarantine", 0, number(source), quarantineMark(metric.key, at, value));
    return true;
  };
  for (const { metric: key, kind, source, start, end, value, ids } of batch.series) {
    const metric = metricOf(key);
    if (metric === undefined) continue;
    const isDense = kind === "sample" && metric.storage === "segment";
    const tagged = isTagged(metric, kind);
    for (let i = 0; i < start.length; i++) {
      const at = start[i]!;
      if (kept(metric, source, at, value[i]!, metric.bounds)) continue;
      if (isDense) groups.add("sample", metric.code, number(source), { at, span: 0, tag: "" });
      else groups.add("row", metric.code, number(source), { at, span: (end?.[i] ?? at) - at, tag: tagged ? (ids?.[i] ?? "") : "" });
    }
  }
  for (const r of batch.readings) {
    const metric = metricOf(r.metric);
    if (metric === undefined || kept(metric, r.source, r.start, r.value, metric.bounds)) continue;
    const { components = [] } = metric;
    if (components.some(({ key, bounds }) => kept(metric, r.source, r.start, r.components?.[key] ?? null, bounds))) continue;
    if (r.kind === "daily") {
      const zone = r.zone === ZONE_UNKNOWN ? offsetAt(ctx.timeZone, r.start) : r.zone;
      const date = (r.date === undefined ? undefined : parseDay(r.date)) ?? localDay(r.start, zone);
      groups.add("daily", metric.code, number(r.source), { at: date * DAY_MS, span: 0, tag: "" });
    } else if (r.kind === "sample" && metric.storage === "segment")
      groups.add("sample", metric.code, number(r.source), { at: r.start, span: 0, tag: "" });
    else {
      const tag = isTagged(metric, r.kind) ? (r.id ?? "") || (r.text ?? "") : "";
      groups.add("row", metric.code, number(r.source), { at: r.start, span: r.end - r.start, tag });
    }
  }
  for (const s of batch.sleepStretches) groups.add("stretch", 0, number(s.source), { at: s.start, span: s.end - s.start, tag: s.stage });
  for (const s of batch.sleepSessions) groups.add("sleep", 0, number(s.source), { at: s.start, span: 0, tag: "" });
  for (const w of batch.workouts) groups.add("workout", 0, number(w.source), { at: w.start, span: w.end - w.start, tag: w.type });
  for (const q of batch.quarantined)
    groups.add("quarantine", 0, number(q.source), quarantineMark(metricOf(q.metric)?.key ?? q.metric, q.at, q.value));
  return groups.all();
}

const NONE: ReadonlySet<string> = new Set();

/** One look-up by key for each mark; `?1` and `?2` are metric and source. */
const EXISTS: Readonly<Record<Exclude<Marked, "sample">, string>> = {
  row: "SELECT 1 FROM readings t WHERE t.metric = ?1 AND t.source = ?2 AND t.start = j.value->>0 AND t.end = j.value->>1 AND t.tag = j.value->>2",
  daily: `SELECT 1 FROM daily t WHERE t.metric = ?1 AND t.source = ?2 AND t.date = j.value->>0 / ${DAY_MS}`,
  stretch:
    "SELECT 1 FROM sleep_stretches t WHERE ?1 = 0 AND t.source = ?2 AND t.start = j.value->>0 AND t.end = j.value->>1 AND t.stage = j.value->>2",
  sleep: "SELECT 1 FROM sleeps t WHERE ?1 = 0 AND t.source = ?2 AND t.start = j.value->>0 AND t.assembled = 0",
  workout:
    "SELECT 1 FROM workouts t WHERE ?1 = 0 AND t.source = ?2 AND t.start = j.value->>0 AND t.end = j.value->>1 AND t.type = j.value->>2",
  quarantine: `SELECT 1 FROM quarantine t WHERE ?1 = 0 AND t.source = ?2 AND t.at = j.value->>0
    AND t.metric = substr(j.value->>2, 1, instr(j.value->>2, char(10)) - 1) AND t.value = substr(j.value->>2, instr(j.value->>2, char(10)) + 1)`,
  hour: `SELECT 1 FROM hours t WHERE t.metric = ?1 AND t.source = ?2 AND t.hour = j.value->>0 / ${HOUR_MS}`,
};

/** Which of these are stored already. */
function existing(sql: SqlStorage, group: MarkGroup): ReadonlySet<string> {
  const { metric, source } = group;
  const isNew =
    metric !== 0 && sql.exec("SELECT 1 FROM series WHERE metric = ? AND source = ? LIMIT 1", metric, source).toArray().length === 0;
  if (isNew && group.what !== "hour") return NONE;
  const keys = new Set<string>();
  if (group.what === "sample") {
    const wanted = group.marks.map(({ at }) => Math.floor(at / HOUR_MS));
    const hours = sql
      .exec<{ hour: number }>(
        "SELECT DISTINCT hour FROM segments WHERE metric = ? AND hour >= ? AND hour <= ? AND source = ?",
        metric,
        wanted.reduce((least, hour) => Math.min(least, hour), Number.POSITIVE_INFINITY),
        wanted.reduce((most, hour) => Math.max(most, hour), Number.NEGATIVE_INFINITY),
        source,
      )
      .toArray();
    const asked = new Set(wanted);
    for (const { hour } of hours) {
      if (asked.has(hour)) for (const at of readHour(sql, { metric, source, hour }).at) keys.add(markKey({ at, span: 0, tag: "" }));
    }
    return keys;
  }
  for (let i = 0; i < group.marks.length; i += ASKED_AT_ONCE) {
    const rows = sql.exec<{ at: number; span: number; tag: string }>(
      `SELECT j.value->>0 AS at, j.value->>1 - j.value->>0 AS span, j.value->>2 AS tag FROM json_each(?3) j WHERE EXISTS (${EXISTS[group.what]})`,
      metric,
      source,
      JSON.stringify(group.marks.slice(i, i + ASKED_AT_ONCE).map(({ at, span, tag }) => [at, at + span, tag])),
    );
    for (const row of rows) keys.add(markKey(row));
  }
  return keys;
}
