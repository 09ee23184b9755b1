import { HOUR_MS } from "../../../../shared/clock";
import { categoriesOf, codeMatches, codeOf } from "../../../../shared/fhir/coding";
import { patientId } from "../../../../shared/fhir/ids";
import { type Fields, isFields, textAt } from "../../../../shared/fhir/r4/issue";
import { canonical } from "../../../../shared/fhir/r4/ucum";
import type { Reach } from "../../../../shared/fhir/reach";
import { needsValues, readStats, type Sample, STATISTICS, statisticOf, type StatsQuery } from "../../../../shared/fhir/statistics";
import { Trend } from "../../../../shared/fhir/trend";
import { quantity } from "../../../../shared/fhir/units";
import { METRICS, type Metric } from "../../../../shared/health/catalogue";
import { SYSTEM } from "../../../../shared/health/codes";
import { startOfDay } from "../../../../shared/health/zone";
import { meanOf, toEnergy } from "../../../../shared/health/rolls";
import { problem } from "../../../../shared/problem";
import type { VaultState } from "../../state";
import { readDays, readHours } from "../../store/read-buckets";
import { readRaw } from "../../store/read-raw";
import type { Sources } from "../../store/sources";
import { dateAt } from "../select";
import type { FhirView } from "../view";
import type { Repository } from "./repository";
import type { Found, Mark } from "./search";

type Params = readonly (readonly [string, string])[];

/** So many values are looked at one by one; counts, means and bounds of more come from summaries. */
const MOST_VALUES = 200_000;
/** So many stored Observations of one code. */
const MOST_STORED = 20_000;
const PAGE = 200;
const DISREGARDED = new Set(["entered-in-error", "cancelled"]);
const STATISTIC_CODES = "http://terminology.hl7.org/CodeSystem/observation-statistics";

/** Adds up values: their count, bounds and sums, and where wanted the values. Levels are averaged by their energies. */
class Tally {
  readonly #isEnergy: boolean;
  readonly #values: number[] | undefined;
  readonly #trend = new Trend();
  n = 0;
  total = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #sum = 0;
  first = Number.POSITIVE_INFINITY;
  last = Number.NEGATIVE_INFINITY;

  constructor(isEnergy: boolean, keeps: boolean) {
    this.#isEnergy = isEnergy;
    this.#values = keeps ? [] : undefined;
  }

  add(value: number, at: number): void {
    this.n++;
    this.total++;
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
    this.#sum += this.#isEnergy ? toEnergy(value) : value;
    this.#meet(at, at);
    if (this.#values === undefined) return;
    if (this.#values.length >= MOST_VALUES) throw tooMany();
    this.#values.push(value);
    if (Number.isFinite(at)) this.#trend.add(value, at);
  }

  /** A summary, whose sum adds energies where those are averaged. */
  addSummary(
    { n, min, max, sum }: { readonly n: number; readonly min: number; readonly max: number; readonly sum: number },
    at: number,
  ): void {
    this.n += n;
    this.total += n;
    this.#min = Math.min(this.#min, min);
    this.#max = Math.max(this.#max, max);
    this.#sum += sum;
    this.#meet(at, at + HOUR_MS - 1);
  }

  #meet(from: number, to: number): void {
    this.first = Math.min(this.first, from);
    this.last = Math.max(this.last, to);
  }

  get sample(): Sample {
    const values = this.#values === undefined ? undefined : Float64Array.from(this.#values).sort();
    return {
      n: this.n,
      total: this.total,
      min: this.#min,
      max: this.#max,
      mean: meanOf(this.#sum, this.n, this.#isEnergy),
      sum: this.#isEnergy ? undefined : this.#sum,
      ...(values !== undefined && { values, perDay: this.#trend.perDay }),
    };
  }
}

/** `Observation/$stats`: statistics of readings, from their summaries where those tell them, and of stored Observations. */
export class Stats {
  readonly #state: VaultState;
  readonly #repository: Repository;
  readonly #view: FhirView;
  readonly #sources: Sources;

  constructor(state: VaultState, repository: Repository, view: FhirView, sources: Sources) {
    this.#state = state;
    this.#repository = repository;
    this.#view = view;
    this.#sources = sources;
  }

  /** `Parameters` with an Observation for each code. Problems `malformed`, and `invalid` where it is too much. */
  run(params: Params, reach: Reach): Fields {
    const query = readStats(params, { now: this.#state.now(), timeZone: this.#state.profile().timeZone });
    const own = patientId(this.#state.person);
    if (query.subject !== undefined && query.subject.replaceAll("_", "-") !== own) throw problem("not_found", "There is no such Patient.");
    if (this.#repository.search.bounds(reach, "Observation", "s") === undefined)
      throw problem("forbidden", "Searching Observation is not allowed here.");
    const parameter = query.codes.flatMap((token) => {
      const { observation, sources } = this.#ofCode(token, query, reach);
      return [{ name: "statistics", resource: observation }, ...sources.map((resource) => ({ name: "source", resource }))];
    });
    return { resourceType: "Parameters", parameter };
  }

  #ofCode(token: string, query: StatsQuery, reach: Reach): { readonly observation: Fields; readonly sources: readonly Fields[] } {
    const bar = token.lastIndexOf("|");
    const [system, code] = bar < 0 ? [undefined, token] : [token.slice(0, bar), token.slice(bar + 1)];
    const metric = this.#metricOf(system, code);
    const tally = new Tally(metric?.energyAverage === true, needsValues(query.statistics));
    if (metric !== undefined && this.#repository.search.isWithin(this.#skeleton(metric), reach, "s"))
      this.#addReadings(tally, metric, query);
    const stored = this.#found(token, query, reach, metric === undefined);
    let unit = metric?.unit;
    let like: Fields | undefined;
    for (const { resource } of stored) {
      if (DISREGARDED.has(textAt(resource, "status") ?? "")) continue;
      like ??= resource;
      const value = isFields(resource["valueQuantity"]) ? resource["valueQuantity"] : undefined;
      unit ??= textAt(value, "code");
      const amount = convert(value, unit);
      if (amount === undefined) tally.total++;
      else tally.add(amount, Date.parse(textAt(resource, "effectiveDateTime") ?? textAt(resource["effectivePeriod"], "start") ?? ""));
    }
    const { sample } = tally;
    const [start, end] = [query.from ?? tally.first, query.to === undefined ? tally.last : query.to - 1];
    const hasTime = Number.isFinite(start) && Number.isFinite(end);
    const category = metric === undefined ? like?.["category"] : categoriesOf(metric);
    const observation = {
      resourceType: "Observation",
      status: "final",
      ...(category !== undefined && { category }),
      code:
        metric === undefined
          ? (like?.["code"] ?? { coding: [{ ...(system !== undefined && { system }), code }] })
          : codeOf(metric, metric.kind),
      subject: { reference: `Patient/${patientId(this.#state.person)}` },
      ...(hasTime && { effectivePeriod: { start: new Date(start).toISOString(), end: new Date(end).toISOString() } }),
      component: query.statistics.map((name) => ({
        code: { coding: [{ system: STATISTIC_CODES, code: name, display: STATISTICS[name] }] },
        ...shown(statisticOf(name, sample), name, unit),
      })),
    };
    const sources = query.include ? this.#some(token, query, reach).map(({ resource }) => resource) : [];
    return { observation, sources };
  }

  /** The metric of a code that has readings here; else any of them. */
  #metricOf(system: string | undefined, code: string): Metric | undefined {
    const fitting = METRICS.filter(
      (metric) => metric.unit !== "" && metric.components === undefined && codeMatches(metric, metric.kind, "", { system, code }),
    );
    const known = new Set(this.#view.extents().map(({ metric }) => metric));
    return fitting.find(({ key }) => known.has(key)) ?? fitting[0];
  }

  /** What every Observation of a metric has: whether it is within reach must not hang on more. */
  #skeleton(metric: Metric): Fields {
    return {
      resourceType: "Observation",
      id: "any",
      status: "final",
      category: categoriesOf(metric),
      code: codeOf(metric, metric.kind),
      subject: { reference: `Patient/${patientId(this.#state.person)}` },
    };
  }

  #addReadings(tally: Tally, metric: Metric, { from, to, statistics }: StatsQuery): void {
    const extents = this.#view.extents().filter((one) => one.metric === metric.key);
    if (extents.length === 0) return;
    const begin = Math.max(from ?? Number.NEGATIVE_INFINITY, Math.min(...extents.map((one) => one.from)));
    const end = Math.min(to ?? Number.POSITIVE_INFINITY, Math.max(...extents.map((one) => one.to)) + 1);
    if (begin >= end) return;
    const { sql } = this.#state;
    if (metric.kind === "daily") {
      const { timeZone } = this.#state.profile();
      for (const day of readDays(sql, this.#sources, metric, dateAt(begin, timeZone), dateAt(end - 1, timeZone), "best", MOST_VALUES))
        tally.add(
          metric.aggregation === "sum" ? day.sum : meanOf(day.sum, day.n, metric.energyAverage === true),
          startOfDay(timeZone, day.key),
        );
      return;
    }
    const [firstHour, lastHour] = [Math.ceil(begin / HOUR_MS) * HOUR_MS, Math.floor(end / HOUR_MS) * HOUR_MS];
    if (needsValues(statistics) || lastHour <= firstHour) {
      this.#addRaw(tally, metric, begin, end);
      return;
    }
    this.#addRaw(tally, metric, begin, firstHour);
    for (const hour of readHours(sql, this.#sources, metric, firstHour, lastHour, "best", MOST_VALUES)) tally.addSummary(hour, hour.key);
    this.#addRaw(tally, metric, lastHour, end);
  }

  #addRaw(tally: Tally, metric: Metric, from: number, to: number): void {
    if (from >= to) return;
    const points = readRaw(this.#state.sql, this.#sources, metric, { from, to, choice: "best", limit: MOST_VALUES + 1 });
    if (points.length > MOST_VALUES) throw tooMany();
    for (const { at, value, kind } of points) if (kind !== "daily" && value !== null) tally.add(value, at);
  }

  /** Stored Observations of a code in the time, and where no metric has it, results that are built. */
  #found(token: string, query: StatsQuery, reach: Reach, withBuilt: boolean): Found[] {
    const top = this.#state.sql.exec<{ top: number | null }>("SELECT max(n) AS top FROM fhir_resources").one().top ?? 0;
    const found: Found[] = [];
    let after: Mark | undefined = { top, stored: "start", built: withBuilt ? "start" : "end" };
    while (after !== undefined) {
      const page = this.#repository.search.page(
        { type: "Observation", params: [...this.#params(token, query), ["_count", String(PAGE)]], lenient: false, after },
        reach,
      );
      found.push(...page.found);
      if (found.length > MOST_STORED) throw tooMany();
      after = page.next;
    }
    return found;
  }

  #some(token: string, query: StatsQuery, reach: Reach): readonly Found[] {
    const params: Params = [...this.#params(token, query), ["_count", String(query.limit)]];
    return this.#repository.search.page({ type: "Observation", params, lenient: false }, reach).found;
  }

  #params(token: string, { from, to }: StatsQuery): Params {
    return [
      ["code", token.replaceAll(/[\\,$]/g, (char) => `\\${char}`)],
      ...(from === undefined ? [] : [["date", `ge${new Date(from).toISOString()}`] as const]),
      ...(to === undefined ? [] : [["date", `lt${new Date(to).toISOString()}`] as const]),
    ];
  }
}

function tooMany() {
  return problem("invalid", "There is too much for these statistics: narrow the period, or ask for averages, bounds, sums and counts.");
}

function shown(value: number | undefined, name: string, unit: string | undefined): Fields {
  if (value === undefined || !Number.isFinite(value))
    return {
      dataAbsentReason: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/data-absent-reason", code: "not-applicable" }] },
    };
  const rounded = Number(value.toPrecision(12));
  const isPlain = name === "count" || name === "total-count" || name === "skew" || name === "kurtosis";
  if (name === "regression") {
    const code = unit === undefined || unit === "1" ? "/d" : unit === "Cel" ? "K/d" : `${unit}/d`;
    return { valueQuantity: { value: rounded, unit: code, system: SYSTEM.ucum, code } };
  }
  if (isPlain || unit === undefined) return { valueQuantity: { value: rounded, unit: "1", system: SYSTEM.ucum, code: "1" } };
  if (name !== "variance" || unit === "1") return { valueQuantity: quantity(rounded, unit) };
  return { valueQuantity: { value: rounded, unit: `(${unit})2`, system: SYSTEM.ucum, code: `(${unit})2` } };
}

/** The value of a quantity in another unit of UCUM; undefined where it has none, or none that converts. */
function convert(value: Fields | undefined, unit: string | undefined): number | undefined {
  const amount = value?.["value"];
  const own = textAt(value, "code");
  if (typeof amount !== "number") return undefined;
  if (own === unit) return amount;
  if (own === undefined || unit === undefined || value?.["system"] !== SYSTEM.ucum) return undefined;
  const [base, zero, one] = [canonical(amount, own), canonical(0, unit), canonical(1, unit)];
  if (base === undefined || zero === undefined || one === undefined || base.code !== one.code) return undefined;
  return (base.value - zero.value) / (one.value - zero.value);
}
