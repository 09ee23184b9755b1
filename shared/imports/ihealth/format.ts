import type { Source } from "../../health/reading";
import { workoutType } from "../../health/workout-types";
import { type Document, textOf } from "../documents/document";
import type { Emitted, Emitter } from "../documents/emitter";
import { jsonItems } from "../documents/json-items";
import { type Moment, offsetSeconds } from "../documents/local-time";
import type { Format, FormatContext } from "../documents/reader";
import { type JsonObject, listOf, numberFrom, objectOf, textFrom } from "../documents/shape";

const LISTS = /"(?:AR|BP|BG|BO|SR|SPORT|Weight)DataList"\s*:/;
const GLUCOSE_UNITS = ["mg/dL", "mmol/L"] as const;
const PRESSURE_FACTORS = [1, 7.500_616_827_04] as const;
const WEIGHT_UNITS = ["kg", "[lb_av]", "[stone_av]"] as const;
const DISTANCE_UNITS = ["km", "[mi_i]"] as const;

/** Stored replies of iHealth. Their seconds count the wall clock: the offset must be taken off to get the instant. */
export const IHEALTH: Format = {
  name: "ihealth",
  recognise: ({ text }) => /^[\s\u{feff}]*[[{]/u.test(text) && LISTS.test(text),
  read: readIHealth,
};

async function* readIHealth(document: Document, { emit }: FormatContext): AsyncGenerator<void, void> {
  for await (const item of jsonItems(textOf(document))) {
    const reply = objectOf(item) ?? {};
    for (const [key, value] of Object.entries(reply)) {
      const read = READERS[key];
      if (read === undefined) continue;
      for (const one of listOf(value) ?? []) {
        read(objectOf(one) ?? {}, reply, emit);
        yield;
      }
    }
    yield;
  }
}

type Read = (item: JsonObject, reply: JsonObject, emit: Emitter) => void;

function sourceOf(item: JsonObject): Source {
  return { vendor: "ihealth", recordingMethod: item["DataSource"] === "Manual" ? "manual" : "automatic" };
}

function offsetOf(item: JsonObject): number {
  const zone = item["TimeZone"];
  if (typeof zone === "number") return zone * 3_600;
  return typeof zone === "string" && /^[+-]\d{2}:?\d{2}$/.test(zone) ? offsetSeconds(zone) : 0;
}

function momentFrom(item: JsonObject, key = "MDate"): Moment | undefined {
  const wall = numberFrom(item[key]);
  const zone = offsetOf(item);
  return wall === undefined ? undefined : { at: (wall - zone) * 1_000, zone };
}

/** What the numbers of one item share. */
function shared(item: JsonObject, type: string): Pick<Emitted, "type" | "source" | "id" | "version"> {
  return { type, source: sourceOf(item), id: textFrom(item["DataID"]), version: (numberFrom(item["LastChangeTime"]) ?? 0) * 1_000 };
}

function sampled(
  list: string,
  values: (item: JsonObject, reply: JsonObject) => readonly (readonly [field: string, metric: string, unit: string, factor?: number])[],
): Read {
  return (item, reply, emit) => {
    const moment = momentFrom(item);
    if (moment === undefined) return emit.reject(list, "unreadable_time", "Records without a time.");
    for (const [field, metric, unit] of values(item, reply)) {
      const value = numberFrom(item[field]);
      // Zero stands for what the device does not measure.
      if (value !== undefined && value > 0) emit.sample({ ...shared(item, `${list}.${field}`), metric, unit, value }, moment);
    }
  };
}

const READERS: Readonly<Record<string, Read>> = {
  BGDataList: sampled("BGDataList", (_item, reply) => [["BG", "blood_glucose", GLUCOSE_UNITS[numberFrom(reply["BGUnit"]) === 1 ? 1 : 0]]]),
  BODataList: sampled("BODataList", () => [
    ["BO", "spo2", "%"],
    ["HR", "heart_rate", "/min"],
  ]),
  WeightDataList: sampled("WeightDataList", (_item, reply) => [
    ["WeightValue", "body_weight", WEIGHT_UNITS[numberFrom(reply["WeightUnit"]) ?? 0] ?? "kg"],
    ["BMI", "bmi", "kg/m2"],
    ["FatValue", "body_fat_pct", "%"],
  ]),
  BPDataList: (item, reply, emit) => {
    const moment = momentFrom(item);
    const factor = PRESSURE_FACTORS[numberFrom(reply["BPUnit"]) === 1 ? 1 : 0];
    const [systolic, diastolic, pulse] = [numberFrom(item["HP"]), numberFrom(item["LP"]), numberFrom(item["HR"])];
    if (moment === undefined || systolic === undefined || diastolic === undefined)
      return emit.reject("BPDataList", "incomplete", "Pressures without a time or a value.");
    emit.panel({ ...shared(item, "BPDataList"), metric: "blood_pressure" }, moment, {
      systolic: systolic * factor,
      diastolic: diastolic * factor,
    });
    if (pulse !== undefined && pulse > 0)
      emit.sample({ ...shared(item, "BPDataList.HR"), metric: "heart_rate", unit: "/min", value: pulse }, moment);
  },
  ARDataList: (item, reply, emit) => {
    const wall = numberFrom(item["MDate"]);
    if (wall === undefined) return emit.reject("ARDataList", "unreadable_time", "Days without a date.");
    const date = new Date(wall * 1_000).toISOString().slice(0, 10);
    const distanceUnit = DISTANCE_UNITS[numberFrom(reply["DistanceUnit"]) === 1 ? 1 : 0];
    for (const [field, metric, unit] of [
      ["Steps", "steps", "{steps}"],
      ["Calories", "energy_total", "kcal"],
      ["DistanceTraveled", "distance_walk_run", distanceUnit],
    ] as const)
      emit.daily({ ...shared(item, `ARDataList.${field}`), metric, unit, value: numberFrom(item[field]) }, date);
  },
  SRDataList: (item, _reply, emit) => {
    const [start, end] = [momentFrom(item, "StartTime"), momentFrom(item, "EndTime")];
    if (start === undefined || end === undefined || end.at < start.at)
      return emit.reject("SRDataList", "unreadable_time", "Nights without a time.");
    const { source, id, version = 0 } = shared(item, "SRDataList");
    const attributes = {
      efficiency: numberFrom(item["SleepEfficiency"]),
      asleepMin: numberFrom(item["HoursSlept"]),
      awakenings: numberFrom(item["Awaken"]),
    };
    emit.sleep({
      type_: "SRDataList",
      source,
      start: start.at,
      end: end.at,
      zone: start.zone,
      stages: [],
      attributes,
      version,
      ...(id !== undefined && { id }),
    });
  },
  SPORTDataList: (item, _reply, emit) => {
    const [start, end] = [momentFrom(item, "SportStartTime"), momentFrom(item, "SportEndTime")];
    if (start === undefined || end === undefined || end.at < start.at)
      return emit.reject("SPORTDataList", "unreadable_time", "Workouts without a time.");
    const { source, id, version = 0 } = shared(item, "SPORTDataList");
    const { type, vendorName } = workoutType("ihealth", (textFrom(item["SportName"]) ?? "").split(",")[0] ?? "");
    const calories = numberFrom(item["Calories"]);
    emit.workout({
      type_: "SPORTDataList",
      source,
      start: start.at,
      end: end.at,
      zone: start.zone,
      type,
      ...(vendorName !== undefined && { vendorType: vendorName }),
      totals: calories === undefined ? {} : { energy_active: calories },
      version,
      ...(id !== undefined && { id }),
    });
  },
};
