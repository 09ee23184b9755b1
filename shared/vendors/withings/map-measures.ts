import * as z from "zod";
import type { BatchBuilder } from "../../health/batch";
import { maybe, word } from "../fields";
import { known, parsed, Rejection, type Span, VendorRecord } from "../record";
import type { Delivery } from "../vendor";
import { epoch } from "./fields";
import { attribution, modelName, sourceOf, zoneAt } from "./sources";

/** Measure types with a metric of the same unit. */
const PLAIN: Readonly<Record<number, string>> = {
  1: "body_weight",
  5: "lean_mass",
  6: "body_fat_pct",
  8: "fat_mass",
  11: "heart_rate",
  12: "body_temperature",
  54: "spo2",
  71: "body_temperature",
  73: "skin_temp",
  76: "muscle_mass",
  77: "body_water_mass",
  88: "bone_mass",
  91: "pulse_wave_velocity",
  123: "vo2_max",
  155: "vascular_age",
  168: "body_water_extracellular",
  169: "body_water_intracellular",
  170: "visceral_fat",
  226: "bmr",
  227: "metabolic_age",
};
const HEIGHT_M = 4;
const DIASTOLIC = 9;
const SYSTOLIC = 10;
/** Findings of atrial fibrillation: 1 is positive, everything else says nothing that happened. */
const IRREGULAR: Readonly<Record<number, string>> = { 130: "ecg", 139: "ppg" };
const POSITIVE = 1;
const ECG_INTERVALS: Readonly<Record<number, string>> = { 135: "qrsMs", 136: "prMs", 137: "qtMs", 138: "qtcMs" };

const measureSchema = z.object({ value: z.number(), type: z.number().int(), unit: z.number().int().min(-12).max(12), position: maybe });
const groupSchema = z.object({
  grpid: z.union([z.number().int(), z.string().regex(/^\d{1,20}$/)]),
  attrib: maybe,
  date: epoch,
  modified: epoch.nullish(),
  created: epoch.nullish(),
  category: z.number(),
  measures: z.array(z.unknown()).max(500),
  model: word.nullish(),
  modelid: maybe,
  model_id: maybe,
  timezone: word.nullish(),
});

/** `value × 10^unit`; a division for negative powers, which is the nearest number to what the device showed. */
export function scaled(value: number, unit: number): number {
  return unit < 0 ? value / 10 ** -unit : value * 10 ** unit;
}

/** One group: what one device measured at one moment. `grpid` tells repetitions of it. */
export function mapMeasures(raw: unknown, into: BatchBuilder, { connection }: Delivery, timeZone: string | undefined): VendorRecord {
  const group = parsed(groupSchema, raw);
  // Category 2 holds what the person wants to reach.
  if (group.category !== 1) throw new Rejection("goal");
  const { method, isAmbiguous, note } = attribution(group.attrib);
  const model = modelName(group.model ?? group.modelid ?? group.model_id);
  const record = new VendorRecord(
    into,
    into.source(sourceOf(connection, model, method)),
    `measures/${group.grpid}`,
    group.modified ?? group.created ?? group.date,
  );
  const at = group.date;
  const span: Span = { start: at, end: at, zone: zoneAt(group.timezone ?? timeZone, at) };
  const values = new Map<number, number>();
  for (const one of group.measures) {
    const measure = measureSchema.safeParse(one);
    if (measure.success) values.set(measure.data.type, scaled(measure.data.value, measure.data.unit));
  }
  if (values.size === 0) throw new Rejection("no_value");
  if (isAmbiguous) {
    // Somebody else may have stood on the scale: the person decides, not we.
    for (const [type, value] of values) record.keepApart(metricOf(type), at, "ambiguous_person", value);
    return record;
  }
  put(record, span, values, note);
  return record;
}

function put(record: VendorRecord, span: Span, values: ReadonlyMap<number, number>, note: string | undefined): void {
  const attributes = known({ attribution: note });
  const sample = (metric: string, value: number): void => {
    if (note === undefined) record.sample(metric, span.start, span.zone, value);
    else record.reading(metric, "sample", span, { value, attributes });
  };
  const [systolic, diastolic] = [values.get(SYSTOLIC), values.get(DIASTOLIC)];
  if (systolic !== undefined && diastolic !== undefined) record.panel("blood_pressure", span, { systolic, diastolic }, attributes);
  const intervals: Record<string, number> = {};
  for (const [type, value] of values) {
    const metric = PLAIN[type];
    const method = IRREGULAR[type];
    const interval = ECG_INTERVALS[type];
    if (metric !== undefined) sample(metric, value);
    else if (type === HEIGHT_M) sample("body_height", value * 100);
    else if (method !== undefined) {
      if (value === POSITIVE)
        record.reading("event.irregular_rhythm", "event", span, { value: null, attributes: { method, ...attributes } });
    } else if (interval !== undefined) intervals[interval] = value;
    else if (type === SYSTOLIC || type === DIASTOLIC) {
      if (systolic === undefined || diastolic === undefined)
        record.keepApart("blood_pressure", span.start, "half_a_panel", value, "mm[Hg]");
    } else record.keepApart(metricOf(type), span.start, "no_metric", value);
  }
  if (Object.keys(intervals).length === 0) return;
  const finding = values.get(130);
  record.reading("ecg", "event", span, { value: null, attributes: { ...intervals, ...known({ afib: afibOf(finding) }), ...attributes } });
}

/** The metric of a type, or Withings' own number where Meridian has none. */
function metricOf(type: number): string {
  if (type === HEIGHT_M) return "body_height";
  if (type === SYSTOLIC || type === DIASTOLIC) return "blood_pressure";
  return PLAIN[type] ?? (Object.hasOwn(IRREGULAR, type) ? "event.irregular_rhythm" : `withings.${type}`);
}

/** What an electrocardiogram was found to be. */
export function afibOf(value: number | null | undefined): string | undefined {
  return ["negative", "positive", "inconclusive"][value ?? -1];
}
