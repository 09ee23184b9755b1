import { DAY_MS } from "../../../shared/clock";
import type { Metric } from "../../../shared/health/catalogue";
import { metric as metricOf } from "../../../shared/health/catalogue";
import type { Reading, Receipt, Series } from "../../../shared/health/reading";
import { suspectBelow, suspectedUnit } from "../../../shared/health/unit-suspects";
import type { Erasures } from "./erasures";
import { isReleased } from "./released";

/** Readings before this instant (1900-01-01) or more than a day ahead are not believed. */
const EARLIEST = Date.UTC(1900, 0, 1);
const AHEAD_MS = DAY_MS;

/** What screening needs. */
export interface ScreenContext {
  readonly sql: SqlStorage;
  readonly erasures: Erasures;
  readonly now: number;
  readonly keptFrom: number;
}

/**
 * Decides what may be stored: implausible values go to quarantine with a reason, impossible ones are rejected, deleted ones stay
 * deleted. Everything it stops is counted in the receipt.
 */
export class Screen {
  readonly #sql: SqlStorage;
  readonly #erasures: Erasures;
  readonly #now: number;
  /** Dense samples before this instant are past what the person keeps. */
  readonly #keptFrom: number;
  readonly #receipt: Receipt;

  constructor({ sql, erasures, now, keptFrom }: ScreenContext, receipt: Receipt) {
    this.#sql = sql;
    this.#erasures = erasures;
    this.#now = now;
    this.#keptFrom = keptFrom;
    this.#receipt = receipt;
  }

  /** Indexes of the readings that pass, or undefined where all do. */
  series(metric: Metric, source: number, vendor: string, series: Series): number[] | undefined {
    const { start, end, value, ids, version } = series;
    const n = start.length;
    const [low, high] = metric.bounds ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    const latest = this.#now + AHEAD_MS;
    const erased = this.#erasures.covers(metric.code, source);
    const buried = ids === undefined ? NONE : this.#erasures.buried(vendor, ids);
    const keptFrom = series.kind === "sample" && metric.storage === "segment" ? this.#keptFrom : Number.NEGATIVE_INFINITY;
    const least = Math.max(low, suspectBelow(metric.key, value) ?? Number.NEGATIVE_INFINITY);
    let passed: number[] | undefined;
    for (let i = 0; i < n; i++) {
      const v = value[i]!;
      const at = start[i]!;
      const fine = v >= least && v <= high && at >= EARLIEST && at <= latest && (end === undefined || end[i]! >= at);
      if (fine && erased === undefined && buried.size === 0 && at >= keptFrom) {
        passed?.push(i);
        continue;
      }
      const id = ids?.[i];
      const stops = fine
        ? this.#past(at < keptFrom, id) || this.#deleted(metric.key, buried, erased, id, version[i]!, at)
        : this.#stop(metric, source, readingAt(series, i), at >= EARLIEST && at <= latest && (end === undefined || end[i]! >= at));
      if (stops) passed ??= Array.from({ length: i }, (_, k) => k);
      else passed?.push(i);
    }
    return passed;
  }

  /** Whether a single reading passes. */
  reading(metric: Metric, source: number, vendor: string, r: Reading): boolean {
    if (!this.#timely(r.start, r.end, r.id)) return false;
    const buried = r.id === undefined ? NONE : this.#erasures.buried(vendor, [r.id]);
    if (this.#deleted(metric.key, buried, this.#erasures.covers(metric.code, source), r.id, r.version, r.start)) return false;
    if (this.#past(r.kind === "sample" && metric.storage === "segment" && r.start < this.#keptFrom, r.id)) return false;
    if (r.value !== null && !Number.isFinite(r.value)) {
      this.reject(r.id, "not_a_number");
      return false;
    }
    if (metric.bounds !== undefined && r.value !== null && (r.value < metric.bounds[0] || r.value > metric.bounds[1])) {
      if (isReleased(this.#sql, metric.key, source, r.start, r.value)) return true;
      const reason = suspectedUnit(metric.key, r.value) === undefined ? "implausible_value" : "unit_suspect";
      this.quarantine(metric.key, source, r.start, r.value, metric.unit, reason, r.id, r);
      return false;
    }
    return this.#components(metric, source, r);
  }

  #components(metric: Metric, source: number, r: Reading): boolean {
    const odd = (metric.components ?? []).flatMap(({ key, unit, bounds: [low, high] }) => {
      const part = r.components?.[key];
      return part === undefined || (part >= low && part <= high) ? [] : [{ part, unit }];
    });
    const [first] = odd;
    // A panel is released as a whole, by whichever of its parts it was held for.
    if (first === undefined || odd.some(({ part }) => isReleased(this.#sql, metric.key, source, r.start, part))) return true;
    this.quarantine(metric.key, source, r.start, first.part, first.unit, "implausible_value", r.id, r);
    return false;
  }

  /** Whether a sleep stretch, sleep session or workout passes. */
  session(
    key: "sleep" | "workout",
    source: number,
    vendor: string,
    s: { readonly start: number; readonly end: number; readonly id?: string; readonly version: number },
  ): boolean {
    if (!this.#timely(s.start, s.end, s.id)) return false;
    const buried = s.id === undefined ? NONE : this.#erasures.buried(vendor, [s.id]);
    return !this.#deleted(key, buried, this.#erasures.covers(metricOf(key)?.code ?? -1, source), s.id, s.version, s.start);
  }

  reject(id: string | undefined, reason: string): void {
    this.#receipt.rejected.push({ id: id ?? "", reason });
  }

  /** Keeps a reading apart with its reason; a replay finds it there already. */
  quarantine(
    metric: string,
    source: number,
    at: number,
    value: number | null,
    unit: string,
    reason: string,
    id: string | undefined,
    whole?: Reading,
  ): void {
    this.#sql.exec(
      "INSERT OR IGNORE INTO quarantine (metric, source, at, value, unit, reason, record_id, received_at, reading) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      metric,
      source,
      at,
      value === null ? "" : String(value),
      unit,
      reason,
      id ?? "",
      this.#now,
      whole === undefined ? null : storable(whole),
    );
    this.#receipt.quarantined.push({ id: id ?? "", reason });
    const by = (this.#receipt.byMetric[metric] ??= { accepted: 0, duplicate: 0, quarantined: 0 });
    by.quarantined++;
  }

  #stop(metric: Metric, source: number, r: Reading & { readonly value: number }, isTimely: boolean): boolean {
    if (!isTimely) this.reject(r.id, "implausible_time");
    else if (!Number.isFinite(r.value)) this.reject(r.id, "not_a_number");
    else if (isReleased(this.#sql, metric.key, source, r.start, r.value)) return false;
    else {
      const isPlausible = metric.bounds !== undefined && r.value >= metric.bounds[0] && r.value <= metric.bounds[1];
      const reason = isPlausible || suspectedUnit(metric.key, r.value) !== undefined ? "unit_suspect" : "implausible_value";
      this.quarantine(metric.key, source, r.start, r.value, metric.unit, reason, r.id, r);
    }
    return true;
  }

  #past(isPast: boolean, id: string | undefined): boolean {
    if (isPast) this.reject(id, "past_retention");
    return isPast;
  }

  #timely(start: number, end: number, id: string | undefined): boolean {
    if (start >= EARLIEST && start <= this.#now + AHEAD_MS && end >= start) return true;
    this.reject(id, "implausible_time");
    return false;
  }

  #deleted(
    metric: string,
    buried: ReadonlyMap<string, number>,
    erased: ((at: number) => boolean) | undefined,
    id: string | undefined,
    version: number,
    at: number,
  ): boolean {
    const grave = id === undefined ? undefined : buried.get(id);
    if (grave !== undefined && grave >= version) {
      this.#receipt.duplicate++;
      const by = (this.#receipt.byMetric[metric] ??= { accepted: 0, duplicate: 0, quarantined: 0 });
      by.duplicate++;
      return true;
    }
    if (erased?.(at) !== true) return false;
    this.reject(id, "deleted_by_person");
    return true;
  }
}

const NONE: ReadonlyMap<string, number> = new Map();

/** One reading of a series. */
function readingAt(
  { metric, kind, source, start, end, value, zone, version, ids }: Series,
  i: number,
): Reading & { readonly value: number } {
  const at = start[i]!;
  const id = ids?.[i] ?? "";
  return {
    metric,
    kind,
    source,
    start: at,
    end: end?.[i] ?? at,
    value: value[i]!,
    zone: zone[i]!,
    version: version[i]!,
    ...(id === "" ? {} : { id }),
  };
}

/** A reading as JSON without what its row tells; null where a number in it is none. */
function storable({ metric: _metric, source: _source, ...rest }: Reading): string | null {
  const isFinite = Object.values(rest.components ?? {}).every(Number.isFinite);
  return isFinite ? JSON.stringify(rest) : null;
}
