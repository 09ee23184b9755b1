import { SYSTEM } from "../health/codes";
import type { Quantity } from "./types";

/** Human spellings of UCUM units whose code is not readable as it stands. */
const TEXT: Readonly<Record<string, string>> = {
  "mm[Hg]": "mmHg",
  Cel: "°C",
  ug: "µg",
  uV: "µV",
  "kg/m2": "kg/m²",
  "mL/kg/min": "mL/(min·kg)",
  "[iU]": "IU",
  "dB[SPL]": "dB SPL",
  "m/s2": "m/s²",
};

const BEATS = new Set(["heart_rate", "resting_heart_rate", "walking_heart_rate_avg", "hr_recovery_1min", "sleep_hr_min"]);

/** A quantity in a UCUM unit, with a unit text for people. `metric` is the catalogue key, where one is known. */
export function quantity(value: number, unit: string, metric?: string): Quantity {
  const code = unit === "" ? "1" : unit;
  return { value, unit: unitText(code, metric), system: SYSTEM.ucum, code };
}

function unitText(code: string, metric: string | undefined): string {
  if (code === "/min" && metric !== undefined) {
    if (BEATS.has(metric)) return "beats/minute";
    if (metric === "respiratory_rate") return "breaths/minute";
  }
  const bare = code.startsWith("{") && code.indexOf("}") === code.length - 1 ? code.slice(1, -1) : code;
  return TEXT[code] ?? bare;
}
