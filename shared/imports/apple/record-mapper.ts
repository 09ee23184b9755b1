import { MINUTE_MS } from "../../clock";
import type { BatchBuilder } from "../../health/batch";
import { type Metric, metric as metricOf } from "../../health/catalogue";
import type { Reading } from "../../health/reading";
import { sleepStage } from "../../health/sleep-stages";
import { dayText, localDay } from "../../health/zone";
import type { Credit, Tally } from "../tally";
import { partOf, type PressureHalf, type PressurePairs } from "./blood-pressure";
import { categoryText, hasStood } from "./categories";
import { asAttributes, CYCLE_START_KEY, PROTECTION_KEY } from "./metadata";
import type { RecordDraft } from "./record";
import { isGlucoseSensor, SENSOR_GLUCOSE } from "./record-plan";
import type { SourceIndex } from "./sources";
import { moodOf } from "./state-of-mind";

const MENSTRUAL_PERIOD = "menstrual_period";

/** Turns finished records into canonical readings. */
export class RecordMapper {
  readonly #builder: BatchBuilder;
  readonly #tally: Tally;
  readonly #sources: SourceIndex;
  readonly #pressure: PressurePairs;

  constructor(builder: BatchBuilder, tally: Tally, sources: SourceIndex, pressure: PressurePairs) {
    this.#builder = builder;
    this.#tally = tally;
    this.#sources = sources;
    this.#pressure = pressure;
  }

  /** Maps and counts a top-level record. */
  add(draft: RecordDraft): void {
    const { plan } = draft;
    plan.count.read++;
    if (draft.fault !== undefined) return this.#tally.reject(plan.count, draft.fault, plan.type);
    if (plan.shape === "unknown") return this.#tally.reject(plan.count, "unknown_type", plan.type);
    if (plan.shape === "pressure") return this.#addPressure(draft);
    this.#emit(draft, plan.credit);
  }

  /**
   * Maps the child of a correlation. Exports repeat such children at top level, where they are counted; this one is the
   * same reading, and only stored where the repetition is missing.
   */
  addChild(draft: RecordDraft): void {
    const { plan } = draft;
    if (draft.fault !== undefined || plan.shape === "unknown" || plan.shape === "pressure") return;
    this.#emit(draft, this.#tally.credit(plan.metric?.key ?? "", []));
  }

  #addPressure(draft: RecordDraft): void {
    const half = pressureHalf(draft);
    if (half === undefined) this.#tally.reject(draft.plan.count, "unknown_type", draft.plan.type);
    else this.#pressure.add(half);
  }

  #emit(draft: RecordDraft, account: Credit): void {
    const { plan, start, end, zone, version } = draft;
    const source = this.#sources.of(draft.app, draft.device, draft.isManual);
    const metric = plan.metric!;
    switch (plan.shape) {
      case "sample":
        this.#sample(draft, source, account);
        return;
      case "interval":
        this.#interval(draft, source, metric, draft.value);
        break;
      case "mindful":
        this.#interval(draft, source, metric, (end - start) / MINUTE_MS);
        break;
      case "stand":
        this.#interval(draft, source, metric, hasStood(draft.text) ? 1 : 0);
        break;
      case "sleep":
        this.#builder.sleepStretch({ source, start, end, stage: sleepStage("apple_health_export", draft.text), zone, version });
        break;
      case "daily":
        this.#builder.reading({
          ...this.#base(draft, source, metric),
          kind: "daily",
          value: draft.value,
          date: dayText(localDay(start, zone)),
        });
        break;
      case "event":
        this.#event(draft, source, metric);
        break;
      case "mood":
        this.#builder.reading({ ...this.#base(draft, source, metric), kind: "event", ...moodOf(draft.text, draft.metadata) });
        break;
    }
    account.n++;
  }

  #sample(draft: RecordDraft, source: number, account: Credit): void {
    const { plan, start, end, value, zone, version } = draft;
    const isSensor = plan.metric?.key === "blood_glucose" && isGlucoseSensor(draft.app, draft.device?.deviceName);
    const metric = isSensor && SENSOR_GLUCOSE !== undefined ? SENSOR_GLUCOSE : plan.metric!;
    const credit = isSensor ? this.#tally.credit(metric.key, account.types) : account;
    const spans = metric.storage === "row" && end > start;
    if (!spans && draft.metadata === undefined && draft.beats === undefined) {
      this.#builder.sample(metric.key, source, start, value, zone, version);
    } else {
      const beats = draft.beats === undefined ? {} : { beatsPerMinute: draft.beats, beatTimes: draft.beatTimes };
      const attributes = { ...asAttributes(draft.metadata).attributes, ...beats };
      this.#builder.reading({
        ...this.#base(draft, source, metric),
        end: spans ? end : start,
        kind: "sample",
        value,
        ...(Object.keys(attributes).length > 0 && { attributes }),
      });
    }
    credit.n++;
  }

  #interval(draft: RecordDraft, source: number, metric: Metric, value: number): void {
    const { start, end, zone, version, metadata } = draft;
    const id = draft.plan.valueIdentifies ? naturalId(start, end, value) : undefined;
    if (metadata === undefined) {
      this.#builder.interval(metric.key, source, start, end, value, zone, version, id);
      return;
    }
    this.#builder.reading({
      ...this.#base(draft, source, metric),
      kind: "interval",
      value,
      ...asAttributes(metadata),
      ...(id !== undefined && { id }),
    });
  }

  #event(draft: RecordDraft, source: number, metric: Metric): void {
    const { metadata } = draft;
    const text = protection(metric.key, metadata) ?? categoryText(draft.plan.type, draft.text, metric.values);
    const value = Number.isFinite(draft.value) ? draft.value : null;
    this.#builder.reading({
      ...this.#base(draft, source, metric),
      kind: "event",
      value: metric.unit === "" ? null : value,
      ...(text !== undefined && value === null && { text }),
      ...asAttributes(metadata),
    });
    const period = metricOf(MENSTRUAL_PERIOD);
    if (metric.key !== "menstrual_flow" || metadata?.[CYCLE_START_KEY] !== "1" || period === undefined) return;
    this.#builder.reading({ ...this.#base(draft, source, period), kind: "event", value: null });
  }

  #base(draft: RecordDraft, source: number, metric: Metric): Pick<Reading, "metric" | "source" | "start" | "end" | "zone" | "version"> {
    return { metric: metric.key, source, start: draft.start, end: draft.end, zone: draft.zone, version: draft.version };
  }
}

/** One value of a blood pressure, from a record of either type. */
export function pressureHalf(draft: RecordDraft): PressureHalf | undefined {
  const part = partOf(draft.plan.type);
  if (part === undefined || draft.fault !== undefined) return undefined;
  const { app, device, isManual, start, end, zone, version, value } = draft;
  return { part, app, ...(device !== undefined && { device }), isManual, start, end, zone, version, value };
}

/** An id made of what identifies a reading in a file without ids. It never moves, because the times are part of it. */
function naturalId(start: number, end: number, value: number): string {
  return `${start.toString(36)}.${(end - start).toString(36)}.${value}`;
}

function protection(metric: string, metadata: Readonly<Record<string, string>> | undefined): string | undefined {
  if (metric !== "sexual_activity") return undefined;
  const told = metadata?.[PROTECTION_KEY];
  return told === undefined ? "unspecified" : told === "1" ? "protected" : "unprotected";
}
