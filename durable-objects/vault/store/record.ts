import { DAY_MS } from "../../../shared/clock";
import { type Kind, metric as metricOf, type Metric } from "../../../shared/health/catalogue";
import { type IdentifiedSamples, pickSamples } from "../../../shared/health/merge";
import { type Batch, type Reading, type Receipt, type Series, ZONE_UNKNOWN } from "../../../shared/health/reading";
import { localDay, offsetAt, parseDay } from "../../../shared/health/zone";
import type { Touched } from "../state";
import { type DailyRow, writeDaily } from "./daily";
import type { Erasures } from "./erasures";
import type { OpenHours } from "./open-hours";
import { isTagged, type Row, writeRows } from "./rows";
import { rebuildDays } from "./rollups";
import { writeSamples } from "./samples";
import { addToSeries, growSeries, noteSeries } from "./series";
import { rebuildNights, type SessionRow, type StretchRow, writeSessions, writeStretches } from "./sleeps";
import type { Sources } from "./sources";
import { Screen } from "./screen";
import { writeWorkouts } from "./workouts";

/** What recording needs besides the SQL storage. */
export interface RecordContext {
  readonly sql: SqlStorage;
  readonly sources: Sources;
  readonly erasures: Erasures;
  readonly open: OpenHours;
  readonly now: number;
  /** Dense samples before this instant are not taken. */
  readonly keptFrom: number;
  /** The person's own zone, for readings that tell none. */
  readonly timeZone: string;
}

/**
 * Stores the new content of a batch (its deletions are done by `remove.ts` before). Runs inside the caller's transaction. Counts every
 * reading exactly once in the receipt and reports the windows it touched.
 */
export function recordBatch(ctx: RecordContext, batch: Batch, receipt: Receipt): Touched[] {
  const numbers = batch.sources.map((source) => ctx.sources.number(source, ctx.now));
  const vendors = batch.sources.map((source) => source.vendor);
  const writer = new BatchWriter(ctx, receipt, numbers, vendors);
  for (const series of batch.series) writer.series(series);
  writer.readings(batch.readings);
  writer.sleep(batch);
  writer.workouts(batch);
  writer.quarantine(batch);
  return writer.touched;
}

class BatchWriter {
  readonly touched: Touched[] = [];
  readonly #ctx: RecordContext;
  readonly #receipt: Receipt;
  readonly #numbers: readonly number[];
  readonly #vendors: readonly string[];
  readonly #screen: Screen;

  constructor(ctx: RecordContext, receipt: Receipt, numbers: readonly number[], vendors: readonly string[]) {
    this.#ctx = ctx;
    this.#receipt = receipt;
    this.#numbers = numbers;
    this.#vendors = vendors;
    this.#screen = new Screen(ctx, receipt);
  }

  series(series: Series): void {
    const metric = metricOf(series.metric);
    const source = this.#number(series.source);
    if (metric === undefined) {
      for (let i = 0; i < series.start.length; i++) this.#screen.reject(series.ids?.[i], "unknown_metric");
      return;
    }
    const passed = this.#screen.series(metric, source, this.#vendors[series.source] ?? "", series);
    if (passed !== undefined && passed.length === 0) return;
    const zone = this.#zones(series.start, series.zone);
    const all: IdentifiedSamples = { at: series.start, value: series.value, zone, version: series.version, ids: series.ids };
    const samples = passed === undefined ? all : pickSamples(all, passed);
    const end = series.end === undefined || passed === undefined ? series.end : Float64Array.from(passed, (i) => series.end?.[i] ?? 0);
    if (series.kind === "sample" && metric.storage === "segment") this.#dense(metric, source, samples);
    else this.#numericRows(metric, series.kind, source, samples, end);
  }

  readings(readings: readonly Reading[]): void {
    const groups = new Map<string, { metric: Metric; kind: Kind; source: number; list: Reading[] }>();
    for (const reading of readings) {
      const metric = metricOf(reading.metric);
      if (metric === undefined) {
        this.#screen.reject(reading.id, "unknown_metric");
        continue;
      }
      const source = this.#number(reading.source);
      if (!this.#screen.reading(metric, source, this.#vendors[reading.source] ?? "", reading)) continue;
      const key = `${metric.code} ${reading.kind} ${source}`;
      const group = groups.get(key) ?? { metric, kind: reading.kind, source, list: [] };
      group.list.push(reading);
      groups.set(key, group);
    }
    for (const { metric, kind, source, list } of groups.values()) {
      if (kind === "daily") this.#daily(metric, source, list);
      else if (kind === "sample" && metric.storage === "segment") this.#annotated(metric, source, list);
      else
        this.#rows(
          metric,
          kind,
          source,
          list.map((r) => this.#row(metric, r)),
          list[0]?.value !== null,
        );
    }
  }

  sleep(batch: Batch): void {
    const stretches = Map.groupBy(
      batch.sleepStretches.filter((s) => this.#screen.session("sleep", this.#number(s.source), this.#vendors[s.source] ?? "", s)),
      (s) => this.#number(s.source),
    );
    for (const [source, list] of stretches) {
      const rows = list.map((s): StretchRow => ({
        start: s.start,
        end: s.end,
        stage: s.stage,
        zone: this.#zone(s.zone, s.start),
        version: s.version,
        id: s.id ?? "",
      }));
      this.#slept(source, rows, writeStretches(this.#ctx.sql, source, rows, this.#ctx.now));
    }
    const sessions = Map.groupBy(
      batch.sleepSessions.filter((s) => this.#screen.session("sleep", this.#number(s.source), this.#vendors[s.source] ?? "", s)),
      (s) => this.#number(s.source),
    );
    for (const [source, list] of sessions) {
      const rows = list.map((s): SessionRow => {
        const zone = this.#zone(s.zone, s.end);
        const date = (s.date === undefined ? undefined : parseDay(s.date)) ?? localDay(s.end, zone);
        return {
          start: s.start,
          end: s.end,
          date,
          zone,
          nap: s.nap ?? false,
          version: s.version,
          id: s.id ?? "",
          stages: s.stages,
          attributes: s.attributes,
        };
      });
      this.#slept(source, rows, writeSessions(this.#ctx.sql, source, rows, this.#ctx.now));
    }
  }

  workouts(batch: Batch): void {
    const kept = batch.workouts.filter((w) => this.#screen.session("workout", this.#number(w.source), this.#vendors[w.source] ?? "", w));
    for (const [source, list] of Map.groupBy(kept, (w) => this.#number(w.source))) {
      const rows = list.map((workout) => {
        const zone = this.#zone(workout.zone, workout.start);
        return { workout, zone, date: localDay(workout.start, zone) };
      });
      const done = writeWorkouts(this.#ctx.sql, source, rows, this.#ctx.now);
      this.#count("workout", done);
      if (done.accepted + done.updated > 0) this.#touch("workout", source, list, done);
    }
  }

  quarantine(batch: Batch): void {
    for (const q of batch.quarantined) {
      const found = metricOf(q.metric);
      this.#screen.quarantine(found?.key ?? q.metric, this.#number(q.source), q.at, q.value, q.unit, q.reason, q.id);
    }
  }

  #dense(metric: Metric, source: number, samples: IdentifiedSamples): void {
    const { sql, open, now } = this.#ctx;
    const [first, last] = extent(samples.at);
    const write = writeSamples(sql, open, metric, source, samples, now);
    this.#count(metric.key, write);
    if (!write.changed) return;
    addToSeries(
      sql,
      metric.code,
      source,
      write.accepted,
      { at: samples.at[first]! },
      { at: samples.at[last]!, value: samples.value[last]! },
    );
    rebuildDays(sql, metric.code, source, write.dates);
    this.touched.push({
      metric: metric.key,
      source,
      from: samples.at[first]!,
      to: samples.at[last]!,
      written: { at: samples.at, value: samples.value },
      fresh: write.accepted === samples.at.length,
      counts: countsOf(write),
    });
  }

  #annotated(metric: Metric, source: number, list: readonly Reading[]): void {
    const numeric = list.filter((r) => r.value !== null);
    if (numeric.length === 0) return;
    this.#dense(metric, source, {
      at: Float64Array.from(numeric, (r) => r.start),
      value: Float64Array.from(numeric, (r) => r.value ?? 0),
      zone: Int32Array.from(numeric, (r) => this.#zone(r.zone, r.start)),
      version: Float64Array.from(numeric, (r) => r.version),
      ids: numeric.map((r) => r.id ?? ""),
    });
    const annotations = numeric.flatMap((r) => {
      const body = bodyOf(r);
      return body === null ? [] : [[r.start, body]];
    });
    if (annotations.length === 0) return;
    this.#ctx.sql.exec(
      "INSERT OR REPLACE INTO annotations (metric, source, at, body) SELECT ?1, ?2, value->>0, value->>1 FROM json_each(?3)",
      metric.code,
      source,
      JSON.stringify(annotations),
    );
  }

  #numericRows(
    metric: Metric,
    kind: "sample" | "interval",
    source: number,
    samples: IdentifiedSamples,
    end: Float64Array | undefined,
  ): void {
    const rows: Row[] = [];
    const tagged = isTagged(metric, kind);
    for (let i = 0; i < samples.at.length; i++) {
      const start = samples.at[i]!;
      const zone = samples.zone[i]!;
      const id = samples.ids?.[i] ?? "";
      rows.push({
        start,
        end: end?.[i] ?? start,
        tag: tagged ? id : "",
        value: samples.value[i]!,
        zone,
        date: localDay(start, zone),
        version: samples.version[i]!,
        id,
        body: null,
      });
    }
    this.#rows(metric, kind, source, rows, true);
  }

  #rows(metric: Metric, kind: Kind, source: number, rows: readonly Row[], numeric: boolean): void {
    const { sql, now } = this.#ctx;
    let [from, to, longest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
    let latest: Row | undefined;
    for (const row of rows) {
      from = Math.min(from, row.start);
      to = Math.max(to, row.end);
      longest = Math.max(longest, row.end - row.start);
      if (latest === undefined || row.end >= latest.end) latest = row;
    }
    noteSeries(sql, metric.code, source, kind, from, to, longest);
    this.#ctx.open.forget(metric.code, source);
    const write = writeRows(sql, metric, kind, source, rows, now);
    this.#count(metric.key, write);
    if (!write.changed) return;
    growSeries(sql, metric.code, source, kind, write.accepted, to, latest?.value ?? null);
    rebuildDays(sql, metric.code, source, write.dates);
    const written = numeric
      ? {
          at: Float64Array.from(rows, (r) => r.start),
          value: Float64Array.from(rows, (r) => r.value ?? Number.NaN),
          ...(kind === "interval" ? { end: Float64Array.from(rows, (r) => r.end) } : {}),
        }
      : undefined;
    const fresh = write.accepted === rows.length;
    const base = { metric: metric.key, source, from, to, counts: countsOf(write) };
    this.touched.push(written === undefined ? base : { ...base, written, fresh });
  }

  #row(metric: Metric, r: Reading): Row {
    const zone = this.#zone(r.zone, r.start);
    const date = (r.date === undefined ? undefined : parseDay(r.date)) ?? localDay(r.start, zone);
    const id = r.id ?? "";
    const tag = isTagged(metric, r.kind) ? id || (r.text ?? "") : "";
    return { start: r.start, end: r.end, tag, value: r.value, zone, date, version: r.version, id, body: bodyOf(r) };
  }

  #daily(metric: Metric, source: number, list: readonly Reading[]): void {
    const { sql, now } = this.#ctx;
    // One value a date: where a delivery repeats one, the higher version counts and the others are duplicates.
    const byDate = new Map<number, DailyRow>();
    for (const r of list) {
      const zone = this.#zone(r.zone, r.start);
      const date = (r.date === undefined ? undefined : parseDay(r.date)) ?? localDay(r.start, zone);
      const known = byDate.get(date);
      if (known !== undefined) this.#count(metric.key, { accepted: 0, duplicate: 1, updated: 0 });
      if (known === undefined || r.version >= known.version)
        byDate.set(date, { date, value: r.value, zone, version: r.version, id: r.id ?? "", body: bodyOf(r) });
    }
    const rows = [...byDate.values()];
    const at = rows.map((row) => row.date * DAY_MS - row.zone * 1_000);
    const from = Math.min(...at);
    const to = Math.max(...at);
    const latest = rows[at.indexOf(to)];
    noteSeries(sql, metric.code, source, "daily", from, to, 0);
    const done = writeDaily(sql, metric.code, source, rows, now);
    this.#count(metric.key, done);
    if (done.accepted + done.updated === 0) return;
    growSeries(sql, metric.code, source, "daily", done.accepted, to, latest?.value ?? null);
    this.touched.push({ metric: metric.key, source, from, to, counts: countsOf(done) });
  }

  #slept(
    source: number,
    spans: readonly { start: number; end: number }[],
    done: { accepted: number; duplicate: number; updated: number; dates: readonly number[] },
  ): void {
    this.#count("sleep", done);
    if (done.dates.length === 0) return;
    this.#touch("sleep", source, spans, done);
    this.touched.push(...rebuildNights(this.#ctx.sql, source, done.dates, this.#ctx.now));
  }

  #touch(metric: string, source: number, spans: readonly { start: number; end: number }[], done: Written): void {
    const [from, to] = [Math.min(...spans.map((s) => s.start)), Math.max(...spans.map((s) => s.end))];
    this.touched.push({ metric, source, from, to, counts: countsOf(done) });
  }

  #count(metric: string, done: { readonly accepted: number; readonly duplicate: number; readonly updated: number }): void {
    this.#receipt.accepted += done.accepted;
    this.#receipt.duplicate += done.duplicate;
    this.#receipt.updated += done.updated;
    const by = (this.#receipt.byMetric[metric] ??= { accepted: 0, duplicate: 0, quarantined: 0 });
    by.accepted += done.accepted + done.updated;
    by.duplicate += done.duplicate;
  }

  #number(source: number): number {
    const number = this.#numbers[source];
    if (number === undefined) throw new RangeError("a reading names a source that the batch does not have");
    return number;
  }

  #zone(zone: number, at: number): number {
    return zone === ZONE_UNKNOWN ? offsetAt(this.#ctx.timeZone, at) : zone;
  }

  #zones(at: Float64Array, zone: Int32Array): Int32Array {
    if (!zone.includes(ZONE_UNKNOWN)) return zone;
    let hour = Number.NaN;
    let offset = 0;
    return zone.map((told, i) => {
      if (told !== ZONE_UNKNOWN) return told;
      const quarter = Math.floor(at[i]! / 900_000);
      if (quarter !== hour) {
        hour = quarter;
        offset = offsetAt(this.#ctx.timeZone, at[i]!);
      }
      return offset;
    });
  }
}

function bodyOf(r: Reading): string | null {
  if (r.text === undefined && r.components === undefined && r.attributes === undefined) return null;
  return JSON.stringify({
    ...(r.text === undefined ? {} : { text: r.text }),
    ...(r.components === undefined ? {} : { components: r.components }),
    ...(r.attributes === undefined ? {} : { attributes: r.attributes }),
  });
}

interface Written {
  readonly accepted: number;
  readonly updated: number;
}

/** What listeners are told; something that changed without a reading of its own (a night assembled anew) counts as one correction. */
function countsOf({ accepted, updated }: Written): NonNullable<Touched["counts"]> {
  return { created: accepted, updated: accepted === 0 ? Math.max(updated, 1) : updated };
}

/** Indexes of the earliest and the latest instant. */
function extent(at: Float64Array): [number, number] {
  let [first, last] = [0, 0];
  for (let i = 1; i < at.length; i++) {
    if (at[i]! < at[first]!) first = i;
    if (at[i]! >= at[last]!) last = i;
  }
  return [first, last];
}
