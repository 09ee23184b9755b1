import * as z from "zod";
import type { Source } from "../../health/reading";
import { type Document, textOf } from "../documents/document";
import { jsonItems } from "../documents/json-items";
import { isoMoment, type Moment } from "../documents/local-time";
import type { Format, FormatContext } from "../documents/reader";

const payload = z.looseObject({ recordType: z.string(), records: z.array(z.unknown()) });
const record = z.looseObject({
  recordId: z.string().optional(),
  systemTime: z.string(),
  displayTime: z.string().optional(),
  value: z.union([z.number(), z.string().transform(Number)]).nullish(),
  unit: z.string().nullish(),
  status: z.string().nullish(),
  trendRate: z.number().nullish(),
  rateUnit: z.string().nullish(),
  eventType: z.string().nullish(),
  eventSubType: z.string().nullish(),
  transmitterGeneration: z.string().nullish(),
  displayDevice: z.string().nullish(),
});

/** Stored replies of Dexcom's API (v3): sensor values, events and calibrations. A value beyond the range is null with a status. */
export const DEXCOM: Format = {
  name: "dexcom-api",
  recognise: ({ text }) =>
    /^[\s\u{feff}]*\{/u.test(text) && /"recordType"\s*:\s*"(?:egv|event|calibration)"/.test(text) && /"records"\s*:/.test(text),
  read: readDexcom,
};

async function* readDexcom(document: Document, { emit }: FormatContext): AsyncGenerator<void, void> {
  for await (const item of jsonItems(textOf(document))) {
    const parsed = payload.safeParse(item);
    if (!parsed.success) {
      emit.reject("payload", "unreadable", "Replies of an unknown form.");
      yield;
      continue;
    }
    for (const one of parsed.data.records) {
      readRecord(parsed.data.recordType, one, emit);
      yield;
    }
  }
}

function readRecord(recordType: string, item: unknown, emit: FormatContext["emit"]): void {
  const parsed = record.safeParse(item);
  const moment = parsed.success ? momentOfTimes(parsed.data.systemTime, parsed.data.displayTime) : undefined;
  if (!parsed.success || moment === undefined) return emit.reject(recordType, "unreadable", "Records of an unknown form.");
  const {
    recordId: id,
    value,
    unit,
    status,
    trendRate,
    rateUnit,
    eventType,
    eventSubType,
    transmitterGeneration,
    displayDevice,
  } = parsed.data;
  const source: Source = {
    vendor: "dexcom",
    deviceType: "cgm",
    recordingMethod: recordType === "egv" ? "automatic" : "manual",
    ...(transmitterGeneration != null && { deviceModel: transmitterGeneration }),
    ...(displayDevice != null && { app: displayDevice }),
  };
  if (recordType === "egv") {
    const bound =
      status === "low"
        ? { value: 40, unit: "mg/dL", attributes: { comparator: "<" } }
        : status === "high"
          ? { value: 400, unit: "mg/dL", attributes: { comparator: ">" } }
          : undefined;
    emit.sample(
      {
        type: "egv",
        metric: "cgm_glucose",
        source,
        id,
        ...(value == null && bound !== undefined ? bound : { value: value ?? undefined, unit: unit ?? "mg/dL" }),
      },
      moment,
    );
    if (trendRate != null)
      emit.sample({ type: "egv trendRate", metric: "cgm_trend", source, id, value: trendRate, unit: rateUnit ?? "mg/dL/min" }, moment);
    return;
  }
  if (recordType === "calibration" || eventType === "bloodGlucose")
    return emit.sample(
      {
        type: recordType === "calibration" ? "calibration" : "bloodGlucose",
        metric: "blood_glucose",
        source,
        id,
        value: value ?? undefined,
        unit: unit ?? "mg/dL",
      },
      moment,
    );
  if (eventType === "carbs")
    return emit.interval(
      { type: "carbs", metric: "nutrient.carbohydrates", source, id, value: value ?? undefined, unit: "g" },
      moment,
      moment.at,
    );
  if (eventType === "insulin")
    return emit.interval(
      {
        type: "insulin",
        metric: "insulin_delivery",
        source,
        id,
        value: value ?? undefined,
        unit: "[iU]",
        attributes: { reason: eventSubType === "longActing" ? "basal" : "bolus" },
      },
      moment,
      moment.at,
    );
  emit.warn("not_mapped", `Events of the type ${(eventType ?? "none").replaceAll(/\W/g, "").slice(0, 30)}.`);
}

/** `systemTime` is UTC; what the display showed at the time tells the offset. */
function momentOfTimes(system: string, display: string | undefined): Moment | undefined {
  const exact = isoMoment(system, 0);
  const shown = display === undefined ? undefined : isoMoment(display.replace(/(?:Z|[+-]\d{2}:\d{2})$/, ""), 0);
  if (exact === undefined || shown === undefined) return exact;
  const offset = Math.round((shown.at - exact.at) / 900_000) * 900;
  return Math.abs(offset) <= 54_000 ? { at: exact.at, zone: offset } : exact;
}
