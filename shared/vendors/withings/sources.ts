import { isTimeZone, offsetAt } from "../../health/zone";
import { type RecordingMethod, type Source, ZONE_UNKNOWN } from "../../health/reading";
import { some } from "../record";

/** Model numbers → names, for replies that give a number only. */
const MODELS: Readonly<Record<number, string>> = {
  1: "Withings WBS01",
  2: "WS30",
  3: "Kid Scale",
  4: "Smart Body Analyzer",
  5: "Body+",
  6: "Body Cardio",
  7: "Body",
  9: "Body Pro",
  10: "Body Scan",
  11: "WBS10",
  12: "WBS11",
  13: "Body+",
  18: "Body Comp",
  41: "Withings Blood Pressure Monitor V1",
  42: "Withings Blood Pressure Monitor V2",
  43: "Withings Blood Pressure Monitor V3",
  44: "BPM Core",
  45: "BPM Connect",
  46: "BPM Connect Pro",
  47: "BPM Pro 2",
  48: "BPM Vision",
  51: "Pulse",
  52: "Activite",
  53: "Activite (Pop, Steel)",
  54: "Withings Go",
  55: "Activite Steel HR",
  58: "Pulse HR",
  59: "Activite Steel HR Sport Edition",
  60: "Aura Dock",
  61: "Aura Sensor",
  62: "Aura Dock",
  63: "Aura Sensor V2",
  70: "Thermo",
  71: "BeamO",
  90: "Move",
  91: "Move ECG",
  92: "Move ECG",
  93: "ScanWatch",
  94: "ScanWatch 2",
  95: "ScanWatch Light",
  1051: "iOS step tracker",
  1052: "iOS step tracker",
  1053: "Android step tracker",
  1054: "Android step tracker",
  1055: "GoogleFit tracker",
  1056: "Samsung Health tracker",
  1057: "HealthKit step iPhone tracker",
  1058: "HealthKit step Apple Watch tracker",
  1059: "HealthKit other step tracker",
  1060: "Google Health Connect",
  1061: "Iglucose glucometer",
  1062: "Huawei tracker",
  1063: "Lingo Sensor",
};

/** Part of a model's name → kind of device. The order matters. */
const TYPES: readonly (readonly [RegExp, string])[] = [
  [/apple watch|scanwatch|activite|move|pulse|withings go|steel/i, "watch"],
  [/blood pressure|bpm/i, "blood_pressure_monitor"],
  [/aura|sleep/i, "mat"],
  [/thermo|beamo/i, "thermometer"],
  [/body|scale|wbs|ws30/i, "scale"],
  [/iphone|ios|android|googlefit|samsung|huawei|health connect/i, "phone"],
];

/** The name of a model by its text or its number. */
export function modelName(model: string | number | null | undefined): string | undefined {
  if (typeof model === "number") return MODELS[model];
  return model === null || model === "" ? undefined : model;
}

/** The source of what a device of this name measured. Trackers of other makers that Withings reads keep no maker's name. */
export function sourceOf(connection: string, model: string | undefined, method: RecordingMethod, isForeign = false): Source {
  return {
    vendor: "withings",
    connection,
    ...some("deviceName", model),
    ...(isForeign ? {} : { deviceManufacturer: "Withings" }),
    ...some("deviceType", TYPES.find(([pattern]) => pattern.test(model ?? ""))?.[1]),
    recordingMethod: method,
  };
}

/** How a measurement came to be, and whether it may be somebody else's. */
export function attribution(attrib: number | null | undefined): {
  readonly method: RecordingMethod;
  readonly isAmbiguous: boolean;
  readonly note?: string;
} {
  switch (attrib) {
    case 1:
      return { method: "automatic", isAmbiguous: true };
    case 2:
      return { method: "manual", isAmbiguous: false };
    case 4:
      return { method: "manual", isAmbiguous: false, note: "entered_at_sign_up" };
    case 5:
      return { method: "automatic", isAmbiguous: false, note: "best_of_several" };
    case 7:
      return { method: "automatic", isAmbiguous: false, note: "confirmed_by_person" };
    case 15:
      return { method: "active", isAmbiguous: false, note: "guided_conditions" };
    default:
      return { method: "automatic", isAmbiguous: false };
  }
}

/** Seconds east of UTC in the zone that a reply names. */
export function zoneAt(timeZone: string | null | undefined, at: number): number {
  return typeof timeZone === "string" && isTimeZone(timeZone) ? offsetAt(timeZone, at) : ZONE_UNKNOWN;
}
