import type { Batch, Quarantined, Reading, Series, SleepSession, SleepStretch, Source, Workout } from "./reading";

interface Columns {
  readonly metric: string;
  readonly kind: "sample" | "interval";
  readonly source: number;
  length: number;
  hasIds: boolean;
  start: Float64Array;
  end: Float64Array | undefined;
  value: Float64Array;
  zone: Int32Array;
  version: Float64Array;
  ids: string[];
}

const FIRST_CAPACITY = 64;

/**
 * Collects canonical readings and hands them out as one `Batch`. Numeric readings go to growing typed columns, one per metric, kind
 * and source, because millions of small objects would fill an isolate.
 */
export class BatchBuilder {
  readonly #sources: Source[] = [];
  readonly #sourceIndex = new Map<string, number>();
  readonly #columns = new Map<string, Map<number, Columns>>();
  #readings: Reading[] = [];
  #stretches: SleepStretch[] = [];
  #sessions: SleepSession[] = [];
  #workouts: Workout[] = [];
  #deleted: Batch["deleted"][number][] = [];
  #deletedRanges: Batch["deletedRanges"][number][] = [];
  #quarantined: Quarantined[] = [];
  #size = 0;

  /** How many readings, sessions, workouts and deletions the builder holds. */
  get size(): number {
    return this.#size;
  }

  /** The index of a source, added on first use. */
  source(source: Source): number {
    const key = sourceKey(source);
    const known = this.#sourceIndex.get(key);
    if (known !== undefined) return known;
    const index = this.#sources.length;
    this.#sources.push(source);
    this.#sourceIndex.set(key, index);
    return index;
  }

  /** Adds a sample at an instant. Units are canonical, times epoch milliseconds, zone seconds or `ZONE_UNKNOWN`. */
  sample(metric: string, source: number, at: number, value: number, zone: number, version: number, id?: string): void {
    this.#push("sample", metric, source, at, at, value, zone, version, id);
  }

  /** Adds a summable interval. */
  interval(metric: string, source: number, start: number, end: number, value: number, zone: number, version: number, id?: string): void {
    this.#push("interval", metric, source, start, end, value, zone, version, id);
  }

  reading(reading: Reading): void {
    this.#readings.push(reading);
    this.#size++;
  }

  sleepStretch(stretch: SleepStretch): void {
    this.#stretches.push(stretch);
    this.#size++;
  }

  sleepSession(session: SleepSession): void {
    this.#sessions.push(session);
    this.#size++;
  }

  workout(workout: Workout): void {
    this.#workouts.push(workout);
    this.#size++;
  }

  delete(vendor: string, id: string, version: number): void {
    this.#deleted.push({ vendor, id, version });
    this.#size++;
  }

  deleteRange(range: Batch["deletedRanges"][number]): void {
    this.#deletedRanges.push(range);
    this.#size++;
  }

  quarantine(reading: Quarantined): void {
    this.#quarantined.push(reading);
    this.#size++;
  }

  /** Adds what another builder has collected, after what is here. */
  add(batch: Batch): void {
    const sources = batch.sources.map((source) => this.source(source));
    const ours = <T extends { readonly source: number }>(one: T): T => ({ ...one, source: sources[one.source] ?? one.source });
    for (const { metric, kind, source, start, end, value, zone, version, ids } of batch.series) {
      for (let i = 0; i < start.length; i++) {
        const from = start[i] ?? 0;
        this.#push(kind, metric, sources[source] ?? source, from, end?.[i] ?? from, value[i] ?? 0, zone[i] ?? 0, version[i] ?? 0, ids?.[i]);
      }
    }
    this.#readings.push(...batch.readings.map(ours));
    this.#stretches.push(...batch.sleepStretches.map(ours));
    this.#sessions.push(...batch.sleepSessions.map(ours));
    this.#workouts.push(...batch.workouts.map(ours));
    this.#deleted.push(...batch.deleted);
    this.#deletedRanges.push(...batch.deletedRanges);
    this.#quarantined.push(...batch.quarantined.map(ours));
    this.#size += sizeOf(batch);
  }

  /** Everything so far as a batch; the builder is empty afterwards but keeps its sources. */
  take(): Batch {
    const series: Series[] = [];
    for (const bySource of this.#columns.values()) {
      for (const c of bySource.values()) series.push(finish(c));
    }
    const batch: Batch = {
      sources: [...this.#sources],
      series,
      readings: this.#readings,
      sleepStretches: this.#stretches,
      sleepSessions: this.#sessions,
      workouts: this.#workouts,
      deleted: this.#deleted,
      deletedRanges: this.#deletedRanges,
      quarantined: this.#quarantined,
    };
    this.#columns.clear();
    this.#readings = [];
    this.#stretches = [];
    this.#sessions = [];
    this.#workouts = [];
    this.#deleted = [];
    this.#deletedRanges = [];
    this.#quarantined = [];
    this.#size = 0;
    return batch;
  }

  #push(
    kind: "sample" | "interval",
    metric: string,
    source: number,
    start: number,
    end: number,
    value: number,
    zone: number,
    version: number,
    id: string | undefined,
  ): void {
    const key = kind === "sample" ? metric : `${metric} interval`;
    let bySource = this.#columns.get(key);
    if (bySource === undefined) {
      bySource = new Map();
      this.#columns.set(key, bySource);
    }
    let c = bySource.get(source);
    if (c === undefined) {
      c = emptyColumns(metric, kind, source);
      bySource.set(source, c);
    }
    if (c.length === c.start.length) grow(c);
    const i = c.length++;
    c.start[i] = start;
    if (c.end !== undefined) c.end[i] = end;
    c.value[i] = value;
    c.zone[i] = zone;
    c.version[i] = version;
    if (id !== undefined && id !== "") {
      while (c.ids.length < i) c.ids.push("");
      c.ids.push(id);
      c.hasIds = true;
    }
    this.#size++;
  }
}

/** Of a batch, what `add` does not count by itself. */
function sizeOf({ readings, sleepStretches, sleepSessions, workouts, deleted, deletedRanges, quarantined }: Batch): number {
  return [readings, sleepStretches, sleepSessions, workouts, deleted, deletedRanges, quarantined].reduce(
    (sum, { length }) => sum + length,
    0,
  );
}

/** The text under which two sources are the same. */
export function sourceKey(s: Source): string {
  return JSON.stringify([
    s.vendor,
    s.connection ?? "",
    s.app ?? "",
    s.deviceName ?? "",
    s.deviceManufacturer ?? "",
    s.deviceModel ?? "",
    s.deviceType ?? "",
    s.recordingMethod ?? "",
  ]);
}

function emptyColumns(metric: string, kind: "sample" | "interval", source: number): Columns {
  return {
    metric,
    kind,
    source,
    length: 0,
    hasIds: false,
    start: new Float64Array(FIRST_CAPACITY),
    end: kind === "interval" ? new Float64Array(FIRST_CAPACITY) : undefined,
    value: new Float64Array(FIRST_CAPACITY),
    zone: new Int32Array(FIRST_CAPACITY),
    version: new Float64Array(FIRST_CAPACITY),
    ids: [],
  };
}

function grow(c: Columns): void {
  const capacity = c.start.length * 2;
  c.start = widened(c.start, capacity);
  if (c.end !== undefined) c.end = widened(c.end, capacity);
  c.value = widened(c.value, capacity);
  c.version = widened(c.version, capacity);
  const zone = new Int32Array(capacity);
  zone.set(c.zone);
  c.zone = zone;
}

function widened(column: Float64Array, capacity: number): Float64Array {
  const wide = new Float64Array(capacity);
  wide.set(column);
  return wide;
}

function finish(c: Columns): Series {
  const n = c.length;
  const { metric, kind, source } = c;
  const columns = {
    start: c.start.slice(0, n),
    value: c.value.slice(0, n),
    zone: c.zone.slice(0, n),
    version: c.version.slice(0, n),
  };
  const end = c.end === undefined ? {} : { end: c.end.slice(0, n) };
  if (!c.hasIds) return { metric, kind, source, ...columns, ...end };
  while (c.ids.length < n) c.ids.push("");
  return { metric, kind, source, ...columns, ...end, ids: c.ids };
}
