import { DAY_MS } from "../../../shared/clock";
import type { Metric } from "../../../shared/health/catalogue";
import { metric as metricOf } from "../../../shared/health/catalogue";
import type { Reading, Receipt, Series } from "../../../shared/health/reading";
import type { Erasures } from "./erasures";

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
    let passed: number[] | undefined;
    for (let i = 0; i < n; i++) {
      const v = value[i]!;
      const at = start[i]!;
      const fine = v >= low && v <= high && at >= EARLIEST && at <= latest && (end === undefined || end[i]! >= at);
      if (fine && erased === undefined && buried.size === 0 && at >= keptFrom) {
        passed?.push(i);
        continue;
      }
      const id = ids?.[i];
      const stops = fine
        ? this.#past(at < keptFrom, id) || this.#deleted(metric.key, buried, erased, id, version[i]!, at)
        : this.#stop(metric, source, id, at, v, at >= EARLIEST && at <= latest && (end === undefined || end[i]! >= at));
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
      this.quarantine(metric.key, source, r.start, r.value, metric.unit, "implausible_value", r.id);
      return false;
    }
    for (const component of metric.components ?? []) {
      const part = r.components?.[component.key];
      if (part === undefined) continue;
      if (Number.isFinite(part) && part >= component.bounds[0] && part <= component.bounds[1]) continue;
      this.quarantine(metric.key, source, r.start, part, component.unit, "implausible_value", r.id);
      return false;
    }
    return true;
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
  quarantine(metric: string, source: number, at: number, value: number | null, unit: string, reason: string, id: string | undefined): void {
    this.#sql.exec(
      "INSERT OR IGNORE INTO quarantine (metric, source, at, value, unit, reason, record_id, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      metric,
      source,
      at,
      value === null ? "" : String(value),
      unit,
      reason,
      id ?? "",
      this.#now,
    );
    this.#receipt.quarantined.push({ id: id ?? "", reason });
    const by = (this.#receipt.byMetric[metric] ??= { accepted: 0, duplicate: 0, quarantined: 0 });
    by.quarantined++;
  }

  #stop(metric: Metric, source: number, id: string | undefined, at: number, value: number, timely: boolean): true {
    if (!timely) this.reject(id, "implausible_time");
    else if (Number.isFinite(value)) this.quarantine(metric.key, source, at, value, metric.unit, "implausible_value", id);
    else this.reject(id, "not_a_number");
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
