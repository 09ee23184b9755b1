import type { Source } from "../../health/reading";
import { workoutType } from "../../health/workout-types";
import { type Document, textOf } from "../documents/document";
import type { Emitter } from "../documents/emitter";
import { utc } from "../documents/emitter";
import { jsonItems } from "../documents/json-items";
import { isoMoment, type Moment, momentOf } from "../documents/local-time";
import type { Format, FormatContext } from "../documents/reader";
import { type JsonObject, listOf, numberFrom, objectOf, textFrom } from "../documents/shape";
import { readSleepLog } from "./sleep";
import { FITBIT_SOURCE } from "./source";

const TYPED: Source = { vendor: "fitbit", recordingMethod: "manual" };
const MINUTE_MS = 60_000;
const TIMED = /"dateTime"\s*:\s*"\d\d\/\d\d\/\d\d \d\d:\d\d:\d\d"/;
const KEYS =
  /"(?:activities-[A-Za-z-]+|dateOfSleep|activityParentId|activityTypeId|activityLevel|breathingRate|dailyRmssd|rmssd|vo2Max|customHeartRateZones)"\s*:/;

/** Quantities of the Web API's series: `activities-<name>` by day, `activities-<name>-intraday` by minute. */
const SERIES: Readonly<Record<string, { readonly metric: string; readonly unit: string }>> = {
  steps: { metric: "steps", unit: "{steps}" },
  // Kilometres, as everything that is asked for without a locale.
  distance: { metric: "distance_walk_run", unit: "km" },
  calories: { metric: "energy_total", unit: "kcal" },
  activityCalories: { metric: "energy_active", unit: "kcal" },
  floors: { metric: "floors", unit: "{flight}" },
  minutesSedentary: { metric: "sedentary_minutes", unit: "min" },
  minutesFairlyActive: { metric: "moderate_minutes", unit: "min" },
  minutesVeryActive: { metric: "vigorous_minutes", unit: "min" },
};

/**
 * Files of an account's export: the beginning of the name tells what `value` is. Distances are centimetres, as published readers convert them
 * (FitbitExportParser among others). Times of day tell no zone and are read as UTC; nights are on the device's clock. Published readers differ
 * about the first and agree about the second (andykong.org/blog/fitbitsleeptzcorrection), so the report says what was assumed.
 */
const FILES: Readonly<Record<string, { readonly metric: string; readonly unit: string; readonly per: "minute" | "day" }>> = {
  steps: { metric: "steps", unit: "{steps}", per: "minute" },
  distance: { metric: "distance_walk_run", unit: "cm", per: "minute" },
  calories: { metric: "energy_total", unit: "kcal", per: "minute" },
  sedentary_minutes: { metric: "sedentary_minutes", unit: "min", per: "day" },
  moderately_active_minutes: { metric: "moderate_minutes", unit: "min", per: "day" },
  very_active_minutes: { metric: "vigorous_minutes", unit: "min", per: "day" },
};

/** Stored replies of the Fitbit Web API, and the JSON files of an account's export (Google Takeout, `Global Export Data`). */
export const FITBIT: Format = {
  name: "fitbit",
  recognise: ({ name, text }) =>
    /^[\s\u{feff}]*[[{]/u.test(text) &&
    (TIMED.test(text) ||
      KEYS.test(text) ||
      (/"logId"\s*:/.test(text) && /"(?:weight|activityName)"\s*:/.test(text)) ||
      (/^[\s\u{feff}]*\{\s*"dateTime"/u.test(text) && /"(?:minutes|value)"\s*:/.test(text)) ||
      /(?:^|\/)(?:sleep|exercise|weight|resting_heart_rate)-\d{4}-\d{2}-\d{2}\.json$/.test(name)),
  read: readFitbit,
};

async function* readFitbit(document: Document, context: FormatContext): AsyncGenerator<void, void> {
  const base = document.name.split("/").at(-1) ?? "";
  for await (const item of jsonItems(textOf(document))) {
    const object = objectOf(item);
    if (object === undefined) context.emit.reject("record", "unreadable", "Records of an unknown form.");
    else if (isLog(object)) readLog(object, base, context);
    else yield* readPayload(object, context);
    yield;
  }
}

/** Whether an object is an entry of an exported file, and no reply. */
function isLog(item: JsonObject): boolean {
  return typeof item["dateTime"] === "string" ? /^\d\d\/\d\d\/\d\d/.test(item["dateTime"]) : "logId" in item;
}

function readLog(item: JsonObject, base: string, context: FormatContext): void {
  const { emit, zone } = context;
  if ("dateOfSleep" in item) return readSleepLog(item, context);
  if ("activityName" in item) return readActivity(item, { emit, zone: "UTC" });
  if ("weight" in item) {
    // In pounds whatever the account's own unit is: one that is set to metric has them too.
    emit.warn("assumed_unit", "Weights of an account's export are pounds.");
    return readWeight(item, emit, zone, "[lb_av]");
  }
  const kind = /^([a-z_]+?)-\d{4}-\d{2}-\d{2}/.exec(base)?.[1] ?? "";
  const moment = exportMoment(textFrom(item["dateTime"]));
  const type = kind === "" ? "record" : kind;
  if (moment === undefined) return emit.reject(type, "unreadable_time", "Records without a time.");
  emit.warn("assumed_zone", "Times of day of an account's export are read as UTC.");
  const value = objectOf(item["value"]);
  if (value !== undefined && "bpm" in value) {
    const confidence = numberFrom(value["confidence"]);
    // Nothing was measured.
    if (confidence === 0 && numberFrom(value["bpm"]) === 70)
      return emit.reject(type, "no_confidence", "Heart rates that stand in for a missing one.");
    return emit.sample({ type, metric: "heart_rate", source: FITBIT_SOURCE, value: numberFrom(value["bpm"]), unit: "/min" }, moment);
  }
  if (kind === "resting_heart_rate") {
    const resting = numberFrom(value?.["value"]);
    if (resting === undefined || resting === 0) return emit.reject(type, "no_value", "Days without a resting heart rate.");
    return emit.daily({ type, metric: "resting_heart_rate", source: FITBIT_SOURCE, value: resting, unit: "/min" }, isoDay(moment.at));
  }
  const file = FILES[kind];
  if (file === undefined) return emit.warn("not_mapped", `Files of an export: ${type.slice(0, 40)}`);
  const emitted = { type, metric: file.metric, source: FITBIT_SOURCE, value: numberFrom(item["value"]), unit: file.unit };
  if (file.per === "day") emit.daily(emitted, isoDay(moment.at));
  else emit.interval(emitted, moment, moment.at + MINUTE_MS);
}

function* readPayload(payload: JsonObject, context: FormatContext): Generator<void, void> {
  const { emit, zone } = context;
  for (const [key, value] of Object.entries(payload)) {
    const series = /^activities-(.+?)(-intraday)?$/.exec(key);
    if (series !== null) yield* readSeries(payload, series[1] ?? "", series[2] !== undefined, context);
    else if (key === "activities") {
      for (const one of listOf(value) ?? []) {
        const activity = objectOf(one);
        if (activity !== undefined) readActivity(activity, { emit, zone });
        yield;
      }
    } else if (key === "sleep") for (const one of listOf(value) ?? []) readSleepLog(objectOf(one) ?? {}, context);
    else if (key === "weight") for (const one of listOf(value) ?? []) readWeight(objectOf(one) ?? {}, emit, zone, "kg");
    else if (key === "summary" && "activities" in payload) readSummary(payload, objectOf(value) ?? {}, emit);
    else if (key === "br" || key === "hrv" || key === "cardioScore")
      for (const one of listOf(value) ?? []) readDay(key, objectOf(one) ?? {}, emit, zone);
    else if (key === "minutes" && "dateTime" in payload) {
      for (const one of listOf(value) ?? []) {
        const minute = objectOf(one);
        const moment = isoMoment(textFrom(minute?.["minute"]) ?? "", zone);
        if (moment === undefined) emit.reject("spo2", "unreadable_time", "Minutes without a time.");
        else emit.sample({ type: "spo2", metric: "spo2", source: FITBIT_SOURCE, value: numberFrom(minute?.["value"]), unit: "%" }, moment);
      }
    } else if (key === "value" && "dateTime" in payload) {
      const avg = numberFrom(objectOf(value)?.["avg"]);
      if (avg !== undefined)
        emit.daily({ type: "spo2", metric: "spo2", source: FITBIT_SOURCE, value: avg, unit: "%" }, textFrom(payload["dateTime"]) ?? "");
    }
  }
}

function* readSeries(payload: JsonObject, name: string, isIntraday: boolean, { emit, zone }: FormatContext): Generator<void, void> {
  const days = listOf(payload[`activities-${name}`]) ?? [];
  const type = `activities-${name}${isIntraday ? "-intraday" : ""}`;
  if (isIntraday) {
    const date = textFrom(objectOf(days[0])?.["dateTime"]);
    const intraday = objectOf(payload[type]);
    const step = (intraday?.["datasetType"] === "second" ? 1_000 : MINUTE_MS) * (numberFrom(intraday?.["datasetInterval"]) ?? 1);
    for (const one of listOf(intraday?.["dataset"]) ?? []) {
      const point = objectOf(one);
      const moment = date === undefined ? undefined : isoMoment(`${date}T${textFrom(point?.["time"]) ?? ""}`, zone);
      const value = numberFrom(point?.["value"]);
      if (moment === undefined) emit.reject(type, "unreadable_time", "Values without a date.");
      else if (name === "heart") emit.sample({ type, metric: "heart_rate", source: FITBIT_SOURCE, value, unit: "/min" }, moment);
      else {
        const row = SERIES[name];
        if (row === undefined) emit.warn("not_mapped", type.slice(0, 60));
        else emit.interval({ type, ...row, source: FITBIT_SOURCE, value }, moment, moment.at + step);
      }
      yield;
    }
    return;
  }
  for (const one of days) {
    const day = objectOf(one) ?? {};
    const date = textFrom(day["dateTime"]) ?? "";
    const value = objectOf(day["value"]);
    if (name === "heart") {
      const resting = numberFrom(value?.["restingHeartRate"]);
      if (resting === undefined) emit.warn("not_mapped", "Days of heart rate zones without a resting heart rate.");
      else emit.daily({ type, metric: "resting_heart_rate", source: FITBIT_SOURCE, value: resting, unit: "/min" }, date);
    } else if (name === "active-zone-minutes") {
      // A minute of cardio or peak counts twice.
      const zoneMinutes = (key: string): number => numberFrom(value?.[`${key}ActiveZoneMinutes`]) ?? 0;
      emit.daily(
        { type: `${type} moderate`, metric: "moderate_minutes", source: FITBIT_SOURCE, value: zoneMinutes("fatBurn"), unit: "min" },
        date,
      );
      emit.daily(
        {
          type: `${type} vigorous`,
          metric: "vigorous_minutes",
          source: FITBIT_SOURCE,
          value: (zoneMinutes("cardio") + zoneMinutes("peak")) / 2,
          unit: "min",
        },
        date,
      );
    } else {
      const row = SERIES[name];
      if (row === undefined) emit.warn("not_mapped", type.slice(0, 60));
      else emit.daily({ type, ...row, source: FITBIT_SOURCE, value: numberFrom(day["value"]) }, date);
    }
    yield;
  }
}

function readSummary(payload: JsonObject, summary: JsonObject, emit: Emitter): void {
  const first = objectOf(listOf(payload["activities"])?.[0]);
  const date = textFrom(first?.["startDate"]);
  if (date === undefined) return emit.warn("not_mapped", "Summaries of a day that is not told.");
  const total = listOf(summary["distances"])
    ?.map(objectOf)
    .find((one) => one?.["activity"] === "total");
  const rows: readonly (readonly [string, string, string, unknown])[] = [
    ["steps", "steps", "{steps}", summary["steps"]],
    ["caloriesOut", "energy_total", "kcal", summary["caloriesOut"]],
    ["activityCalories", "energy_active", "kcal", summary["activityCalories"]],
    ["floors", "flights_climbed", "{flights}", summary["floors"]],
    ["restingHeartRate", "resting_heart_rate", "/min", summary["restingHeartRate"]],
    ["sedentaryMinutes", "sedentary_minutes", "min", summary["sedentaryMinutes"]],
    ["fairlyActiveMinutes", "moderate_minutes", "min", summary["fairlyActiveMinutes"]],
    ["veryActiveMinutes", "vigorous_minutes", "min", summary["veryActiveMinutes"]],
    ["distance", "distance_walk_run", "km", total?.["distance"]],
  ];
  for (const [name, metric, unit, value] of rows)
    if (value !== undefined) emit.daily({ type: `summary ${name}`, metric, source: FITBIT_SOURCE, value: numberFrom(value), unit }, date);
}

function readActivity(activity: JsonObject, { emit, zone }: { readonly emit: Emitter; readonly zone: string }): void {
  const type_ = "activities";
  const told = textFrom(activity["startTime"]) ?? "";
  const date = textFrom(activity["startDate"]);
  const moment = date === undefined ? (exportMoment(told) ?? isoMoment(told, zone)) : isoMoment(`${date}T${told}`, zone);
  const durationMs = numberFrom(activity["duration"]) ?? numberFrom(activity["activeDuration"]);
  if (moment === undefined || durationMs === undefined) return emit.reject(type_, "unreadable_time", "Activities without a time.");
  const name = textFrom(activity["activityName"]) ?? textFrom(activity["activityParentName"]) ?? textFrom(activity["name"]) ?? "";
  const { type, vendorName } = workoutType("fitbit", name.replace(/[,(].*$/, "").trim());
  const km = numberFrom(activity["distance"]);
  const isMiles = /mile/i.test(textFrom(activity["distanceUnit"]) ?? "");
  const totals: Record<string, number> = {};
  const put = (key: string, value: number | undefined): void => {
    if (value !== undefined) totals[key] = value;
  };
  put("energy_total", numberFrom(activity["calories"]));
  put("steps", numberFrom(activity["steps"]));
  put("distance_walk_run", km === undefined ? undefined : km * (isMiles ? 1_609.344 : 1_000));
  put("heart_rate_mean", numberFrom(activity["averageHeartRate"]));
  put("elevation_gain", numberFrom(activity["elevationGain"]));
  const active = numberFrom(activity["activeDuration"]);
  const id = textFrom(activity["logId"]);
  emit.workout({
    type_,
    source: FITBIT_SOURCE,
    start: moment.at,
    end: moment.at + durationMs,
    zone: moment.zone,
    type,
    ...(vendorName !== undefined && { vendorType: vendorName.slice(0, 100) }),
    ...(active !== undefined && active !== durationMs && { durationS: active / 1_000 }),
    totals,
    ...(id !== undefined && { id }),
  });
}

function readWeight(item: JsonObject, emit: Emitter, zone: string, unit: string): void {
  const date = textFrom(item["date"]) ?? "";
  const clock = textFrom(item["time"]) ?? "00:00:00";
  const moment = exportMoment(`${date} ${clock}`, zone) ?? isoMoment(`${date}T${clock}`, zone);
  if (moment === undefined) return emit.reject("weight", "unreadable_time", "Weights without a time.");
  const source = item["source"] === undefined || item["source"] === "API" ? TYPED : { ...FITBIT_SOURCE, deviceType: "scale" };
  emit.sample({ type: "weight", metric: "body_weight", source, value: numberFrom(item["weight"]), unit }, moment);
  const [bmi, fat] = [numberFrom(item["bmi"]), numberFrom(item["fat"])];
  if (bmi !== undefined && bmi > 0) emit.sample({ type: "bmi", metric: "bmi", source, value: bmi }, moment);
  if (fat !== undefined && fat > 0) emit.sample({ type: "fat", metric: "body_fat_pct", source, value: fat, unit: "%" }, moment);
}

function readDay(key: "br" | "hrv" | "cardioScore", day: JsonObject, emit: Emitter, zone: string): void {
  const date = textFrom(day["dateTime"]) ?? "";
  const value = objectOf(day["value"]);
  if (key === "br") {
    const rate = numberFrom(value?.["breathingRate"]) ?? numberFrom(objectOf(value?.["fullSleepSummary"])?.["breathingRate"]);
    return emit.daily({ type: key, metric: "respiratory_rate", source: FITBIT_SOURCE, value: rate, unit: "/min" }, date);
  }
  if (key === "cardioScore") {
    const range = /^([\d.]+)\s*-\s*([\d.]+)$/.exec(textFrom(value?.["vo2Max"]) ?? "");
    const [low, high] = range === null ? [numberFrom(value?.["vo2Max"]), undefined] : [Number(range[1]), Number(range[2])];
    const middle = low === undefined ? undefined : high === undefined ? low : (low + high) / 2;
    return emit.daily(
      { type: key, metric: "vo2_max", source: FITBIT_SOURCE, value: middle, ...(high !== undefined && { attributes: { low, high } }) },
      date,
    );
  }
  const daily = numberFrom(value?.["dailyRmssd"]);
  if (daily !== undefined) emit.daily({ type: key, metric: "hrv_rmssd", source: FITBIT_SOURCE, value: daily, unit: "ms" }, date);
  for (const one of listOf(day["minutes"]) ?? []) {
    const minute = objectOf(one);
    const moment = isoMoment(textFrom(minute?.["minute"]) ?? "", zone);
    if (moment === undefined) emit.reject("hrv minutes", "unreadable_time", "Minutes without a time.");
    else
      emit.sample(
        {
          type: "hrv minutes",
          metric: "hrv_rmssd",
          source: FITBIT_SOURCE,
          value: numberFrom(objectOf(minute?.["value"])?.["rmssd"]),
          unit: "ms",
        },
        moment,
      );
  }
}

/** `01/31/24 08:00:00` of an export. */
function exportMoment(text: string | undefined, zone = "UTC"): Moment | undefined {
  const match = /^(\d\d)\/(\d\d)\/(\d\d) (\d\d):(\d\d):(\d\d)$/.exec(text ?? "");
  if (match === null) return undefined;
  const [month, day, year, hour, minute, second] = match.slice(1).map(Number);
  const moment = momentOf({ year: 2_000 + year!, month: month!, day: day!, hour: hour!, minute: minute!, second: second! }, zone);
  return moment === undefined || zone !== "UTC" ? moment : utc(moment.at);
}

function isoDay(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
