import * as z from "zod";
import type { Source } from "../../health/reading";
import { type Document, textOf } from "../documents/document";
import { jsonItems } from "../documents/json-items";
import { isoMoment, type Moment } from "../documents/local-time";
import { utc } from "../documents/emitter";
import type { Format, FormatContext } from "../documents/reader";

/** Below this a sensor tells an error, not glucose (codes 1 to 12 of xDrip and Dexcom). */
const FIRST_GLUCOSE = 13;
const LOWEST = 39;
const HIGHEST = 400;

const number = z.union([z.number(), z.string().transform(Number)]);
const entry = z.looseObject({
  type: z.string().optional(),
  date: number.optional(),
  dateString: z.string().optional(),
  utcOffset: z.number().nullish(),
  sgv: number.nullish(),
  mbg: number.nullish(),
  glucose: number.nullish(),
  device: z.string().nullish(),
  _id: z.unknown().optional(),
});
const treatment = z.looseObject({
  eventType: z.string().nullish(),
  created_at: z.string().optional(),
  mills: number.optional(),
  timestamp: z.union([z.string(), z.number()]).nullish(),
  utcOffset: z.number().nullish(),
  insulin: number.nullish(),
  carbs: number.nullish(),
  glucose: number.nullish(),
  glucoseType: z.string().nullish(),
  units: z.string().nullish(),
  enteredBy: z.string().nullish(),
  _id: z.unknown().optional(),
});

/** Entries and treatments of Nightscout, oref0 and xDrip: arrays or lines of JSON. Entries are mg/dL whatever the site shows. */
export const NIGHTSCOUT: Format = {
  name: "nightscout",
  recognise: ({ text }) =>
    /^[\s\u{feff}]*[[{]/u.test(text) &&
    ((/"(?:sgv|mbg)"\s*:/.test(text) && /"date(?:String)?"\s*:/.test(text)) ||
      (/"eventType"\s*:/.test(text) && /"created_at"\s*:/.test(text))),
  read: readNightscout,
};

async function* readNightscout(document: Document, context: FormatContext): AsyncGenerator<void, void> {
  for await (const item of jsonItems(textOf(document))) {
    if (typeof item === "object" && item !== null && "eventType" in item) readTreatment(item, context);
    else readEntry(item, context);
    yield;
  }
}

function readEntry(item: unknown, { emit, zone }: FormatContext): void {
  const parsed = entry.safeParse(item);
  if (!parsed.success) return emit.reject("entry", "unreadable", "Entries of an unknown form.");
  const { type = "sgv", date, dateString, utcOffset, sgv, mbg, glucose, device } = parsed.data;
  const moment = momentFrom(date, dateString, utcOffset, zone);
  if (moment === undefined) return emit.reject(type, "unreadable_time", "Entries without a time.");
  const source: Source = {
    vendor: "nightscout",
    deviceType: "cgm",
    recordingMethod: "automatic",
    ...(device != null && device !== "" && { deviceName: device.slice(0, 100) }),
  };
  const id = idOf(parsed.data._id);
  if (type === "mbg")
    return emit.sample(
      {
        type,
        metric: "blood_glucose",
        source: { ...source, recordingMethod: "manual" },
        value: mbg ?? glucose ?? undefined,
        unit: "mg/dL",
        id,
      },
      moment,
    );
  if (type !== "sgv") return emit.warn("not_mapped", `Entries of the type ${type.slice(0, 30)}.`);
  const value = sgv ?? glucose ?? undefined;
  if (value !== undefined && value < FIRST_GLUCOSE) return emit.reject(type, "sensor_error", "Error codes of the sensor.");
  const comparator = value === undefined ? undefined : value <= LOWEST ? "<" : value > HIGHEST ? ">" : undefined;
  emit.sample(
    { type, metric: "cgm_glucose", source, value, unit: "mg/dL", id, ...(comparator !== undefined && { attributes: { comparator } }) },
    moment,
  );
}

function readTreatment(item: unknown, { emit, zone }: FormatContext): void {
  const parsed = treatment.safeParse(item);
  if (!parsed.success) return emit.reject("treatment", "unreadable", "Treatments of an unknown form.");
  const { eventType, created_at: createdAt, mills, timestamp, utcOffset, insulin, carbs, glucose, units, enteredBy } = parsed.data;
  const at = mills ?? (typeof timestamp === "number" ? timestamp : undefined);
  const moment = momentFrom(at, createdAt ?? (typeof timestamp === "string" ? timestamp : undefined), utcOffset, zone);
  const type = (eventType ?? "treatment").slice(0, 60) || "treatment";
  if (moment === undefined) return emit.reject(type, "unreadable_time", "Treatments without a time.");
  const source: Source = {
    vendor: "nightscout",
    recordingMethod: "manual",
    ...(enteredBy != null && enteredBy !== "" && { app: enteredBy.slice(0, 100) }),
  };
  const id = idOf(parsed.data._id);
  let isUsed = false;
  if (insulin != null && insulin > 0) {
    emit.interval(
      { type: `${type} insulin`, metric: "insulin_delivery", source, value: insulin, unit: "[iU]", id, attributes: { reason: "bolus" } },
      moment,
      moment.at,
    );
    isUsed = true;
  }
  if (carbs != null && carbs > 0) {
    emit.interval(
      { type: `${type} carbs`, metric: "nutrient.carbohydrates", source, value: carbs, unit: "g", id: id ?? `${moment.at}` },
      moment,
      moment.at,
    );
    isUsed = true;
  }
  if (glucose != null && glucose > 0 && parsed.data.glucoseType !== "Sensor") {
    const unit = /mmol/i.test(units ?? "") || (units == null && glucose < 30) ? "mmol/L" : "mg/dL";
    emit.sample({ type: `${type} glucose`, metric: "blood_glucose", source, value: glucose, unit, id }, moment);
    isUsed = true;
  }
  if (!isUsed) emit.warn("not_mapped", `Treatments without glucose, carbohydrates or a bolus: ${type.replaceAll(/[^\w ]/g, "")}`);
}

function momentFrom(
  at: number | undefined,
  text: string | undefined,
  utcOffset: number | null | undefined,
  zone: string,
): Moment | undefined {
  const told = text === undefined ? undefined : isoMoment(text, zone);
  if (at === undefined || !Number.isFinite(at)) return told;
  if (utcOffset != null) return { at, zone: utcOffset * 60 };
  return told !== undefined && Math.abs(told.at - at) < 1_000 ? { at, zone: told.zone } : utc(at);
}

function idOf(id: unknown): string | undefined {
  if (typeof id === "string" && id !== "" && id.length <= 100) return id;
  const oid = typeof id === "object" && id !== null && "$oid" in id ? id.$oid : undefined;
  return typeof oid === "string" ? oid : undefined;
}
