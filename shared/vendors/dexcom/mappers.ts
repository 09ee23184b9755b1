import * as z from "zod";
import { MINUTE_MS } from "../../clock";
import { ZONE_UNKNOWN } from "../../health/reading";
import { converter } from "../../health/units";
import { instant, maybe, note, recordId, wallClock, word, type Zoned, zoned } from "../fields";
import { parsed, Rejection, some, type VendorRecord } from "../record";

/** What the sensors can measure: beyond, Dexcom says `low` or `high` and no number. */
const LOWEST_MG_DL = 40;
const HIGHEST_MG_DL = 400;

/** `systemTime` is UTC, with or without saying so; a phone may write it with an offset. */
const systemTime = instant.or(wallClock);
const displayTime = zoned.or(wallClock.transform((at) => ({ wall: at }))).nullish();

const head = { recordId, systemTime, displayTime };

/** The instant, and the zone that the device's clock showed it in. Clocks are off by minutes, zones by quarters of an hour. */
function timeOf(v: { systemTime: number; displayTime?: Zoned | { wall: number } | null | undefined }): Zoned {
  const shown = v.displayTime;
  if (shown === undefined || shown === null) return { at: v.systemTime, zone: ZONE_UNKNOWN };
  if ("zone" in shown) return { at: v.systemTime, zone: shown.zone };
  const zone = Math.round((shown.wall - v.systemTime) / (15 * MINUTE_MS)) * 900;
  return { at: v.systemTime, zone: Math.abs(zone) <= 14 * 3600 ? zone : ZONE_UNKNOWN };
}

function inUnit(value: number, unit: string | null | undefined, wanted: string, stated: string): number {
  const from = unit === undefined || unit === null || unit === "unknown" ? stated : unit;
  const convert = converter(from, wanted, "glucose");
  if (convert === undefined) throw new Rejection("unknown_unit");
  return convert(value);
}

const egvSchema = z.object({
  ...head,
  value: maybe,
  status: word.nullish(),
  unit: word.nullish(),
  trendRate: maybe,
  rateUnit: word.nullish(),
});

/** An estimated value of the sensor. Below and above what it measures there is only a bound, which says so. */
export function mapEgv(raw: unknown, record: VendorRecord): void {
  const v = parsed(egvSchema, raw);
  const { at, zone } = timeOf(v);
  const status = v.status?.toLowerCase();
  const bound =
    status === "low" ? { comparator: "<", value: LOWEST_MG_DL } : status === "high" ? { comparator: ">", value: HIGHEST_MG_DL } : undefined;
  if (bound !== undefined && (v.value === undefined || v.value === null))
    record.reading(
      "cgm_glucose",
      "sample",
      { start: at, end: at, zone },
      { value: bound.value, attributes: { comparator: bound.comparator } },
    );
  else if (v.value === undefined || v.value === null) throw new Rejection("no_value");
  else record.sample("cgm_glucose", at, zone, inUnit(v.value, v.unit, "mg/dL", "mg/dL"));
  if (v.trendRate === undefined || v.trendRate === null) return;
  const perMinute = v.rateUnit?.replace(/\/min(ute)?$/, "");
  record.sample("cgm_trend", at, zone, inUnit(v.trendRate, perMinute, "mg/dL", "mg/dL"));
}

const calibrationSchema = z.object({ ...head, value: z.number(), unit: word.nullish() });

/** A drop of blood by which the sensor was set. */
export function mapCalibration(raw: unknown, record: VendorRecord): void {
  const v = parsed(calibrationSchema, raw);
  const { at, zone } = timeOf(v);
  const value = inUnit(v.value, v.unit, "mg/dL", "mg/dL");
  record.reading("blood_glucose", "sample", { start: at, end: at, zone }, { value, attributes: { purpose: "calibration" } });
}

const eventSchema = z.object({
  ...head,
  eventType: word,
  eventSubType: word.nullish(),
  eventStatus: word.nullish(),
  // Notes come as text in the same member.
  value: z.union([z.number(), note]).nullish(),
  unit: word.nullish(),
});

const INSULIN: Readonly<Record<string, string>> = { fastacting: "bolus", longacting: "basal" };

/** What the person entered: food, insulin, exercise, a finger's blood, how they felt. */
export function mapEvent(raw: unknown, record: VendorRecord): void {
  const v = parsed(eventSchema, raw);
  if (v.eventStatus?.toLowerCase() === "deleted") return record.remove("dexcom");
  const { at, zone } = timeOf(v);
  const when = { start: at, end: at, zone };
  const value = typeof v.value === "string" ? Number(v.value.trim() === "" ? Number.NaN : v.value) : (v.value ?? Number.NaN);
  const hasValue = Number.isFinite(value);
  const subType = v.eventSubType ?? undefined;
  switch (v.eventType.toLowerCase()) {
    case "carbs":
      if (!hasValue) throw new Rejection("no_value");
      return record.interval("nutrient.carbohydrates", when, value);
    case "insulin":
      if (!hasValue) throw new Rejection("no_value");
      return record.reading("insulin_delivery", "interval", when, {
        value,
        attributes: { reason: INSULIN[subType?.toLowerCase() ?? ""], kind: subType },
      });
    case "exercise":
      if (!hasValue || value <= 0) throw new Rejection("no_value");
      return record.workout({
        start: at,
        end: at + Math.round(value * MINUTE_MS),
        zone,
        type: "other",
        vendorType: "exercise",
        totals: {},
        ...some("attributes", subType === undefined ? undefined : { intensity: subType }),
      });
    case "bloodglucose":
      if (!hasValue) throw new Rejection("no_value");
      return record.reading("blood_glucose", "sample", when, {
        value: inUnit(value, v.unit, "mg/dL", "mg/dL"),
        attributes: { purpose: "entered" },
      });
    case "health":
      return record.keepApart(`health.${snake(subType ?? "unknown")}`, at, "no_metric");
    case "note":
    case "notes":
      return record.keepApart("note", at, "no_metric");
    default:
      throw new Rejection("unsupported_type");
  }
}

/** `highSymptoms` → `high_symptoms`, of what a key is made of. */
function snake(text: string): string {
  return text
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .slice(0, 40);
}
