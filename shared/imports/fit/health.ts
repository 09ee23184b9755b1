import { HOUR_MS } from "../../clock";
import type { SleepStage } from "../../health/reading";
import type { Outlet } from "../workouts/outlet";
import type { Field, FitMessage } from "./message";
import {
  BLOOD_PRESSURE,
  HRV_VALUE,
  MAX_MET_DATA,
  MONITORING_HR_DATA,
  RESPIRATION_RATE,
  SLEEP_ASSESSMENT,
  SLEEP_LEVEL,
  SPO2_DATA,
  STRESS_LEVEL,
  WEIGHT_SCALE,
} from "./profile";
import { instantOf } from "./survey";

interface Row {
  readonly type: string;
  readonly metric: string;
  readonly fields: readonly Field[];
  /** The message's own field for its instant, where that is not the usual one. */
  readonly at?: Field;
}

const W = WEIGHT_SCALE.fields;

/** Messages that are readings: which fields become which metric. The first field with a value counts. Zero is no reading. */
const READINGS: ReadonlyMap<number, readonly Row[]> = new Map<number, readonly Row[]>([
  [
    WEIGHT_SCALE.number,
    [
      { type: "weight_scale.weight", metric: "body_weight", fields: [W.weight] },
      { type: "weight_scale.percent_fat", metric: "body_fat_pct", fields: [W.percentFat] },
      { type: "weight_scale.percent_hydration", metric: "body_water_pct", fields: [W.percentHydration] },
      { type: "weight_scale.bone_mass", metric: "bone_mass", fields: [W.boneMass] },
      { type: "weight_scale.muscle_mass", metric: "muscle_mass", fields: [W.muscleMass] },
      { type: "weight_scale.basal_met", metric: "bmr", fields: [W.basalMet] },
      { type: "weight_scale.metabolic_age", metric: "metabolic_age", fields: [W.metabolicAge] },
      { type: "weight_scale.visceral_fat_rating", metric: "visceral_fat", fields: [W.visceralFatRating] },
      { type: "weight_scale.bmi", metric: "bmi", fields: [W.bmi] },
    ],
  ],
  [
    STRESS_LEVEL.number,
    [
      {
        type: "stress_level",
        metric: "stress_level",
        fields: [STRESS_LEVEL.fields.stressLevelValue],
        at: STRESS_LEVEL.fields.stressLevelTime,
      },
    ],
  ],
  [
    MAX_MET_DATA.number,
    [{ type: "max_met_data.vo2_max", metric: "vo2_max", fields: [MAX_MET_DATA.fields.vo2Max], at: MAX_MET_DATA.fields.updateTime }],
  ],
  [SPO2_DATA.number, [{ type: "spo2_data", metric: "spo2", fields: [SPO2_DATA.fields.readingSpo2] }]],
  [RESPIRATION_RATE.number, [{ type: "respiration_rate", metric: "respiratory_rate", fields: [RESPIRATION_RATE.fields.respirationRate] }]],
  [HRV_VALUE.number, [{ type: "hrv_value", metric: "hrv_rmssd", fields: [HRV_VALUE.fields.value] }]],
  [
    MONITORING_HR_DATA.number,
    [
      {
        type: "monitoring_hr_data",
        metric: "resting_heart_rate",
        fields: [MONITORING_HR_DATA.fields.currentDayRestingHeartRate, MONITORING_HR_DATA.fields.restingHeartRate],
      },
    ],
  ],
]);

/** A scale that is still weighing. */
const CALCULATING_KG = 655.34;
const STAGES: readonly SleepStage[] = ["unknown", "awake", "light", "deep", "rem"];
/** Levels further apart belong to two nights. */
const LONGEST_GAP_MS = 3 * HOUR_MS;
const MOST_LEVELS = 20_000;

/** Readings that stand for themselves: scales, blood pressure, stress, breathing, nights. */
export class HealthReader {
  readonly #outlet: Outlet;
  readonly #source: number;
  readonly #zone: number;
  readonly #levels: { readonly at: number; readonly level: number }[] = [];
  #sleepScore = Number.NaN;

  constructor(outlet: Outlet, source: number, zone: number) {
    this.#outlet = outlet;
    this.#source = source;
    this.#zone = zone;
  }

  read(message: FitMessage): void {
    const rows = READINGS.get(message.number);
    if (rows !== undefined) for (const row of rows) this.#row(message, row);
    else if (message.number === BLOOD_PRESSURE.number) this.#pressure(message);
    else if (message.number === SLEEP_LEVEL.number) this.#level(message);
    else if (message.number === SLEEP_ASSESSMENT.number) this.#sleepScore = message.value(SLEEP_ASSESSMENT.fields.overallSleepScore);
  }

  finish(): void {
    const nights: { at: number; level: number }[][] = [];
    for (const level of this.#levels.toSorted((a, b) => a.at - b.at)) {
      const night = nights.at(-1);
      if (night === undefined || level.at - night.at(-1)!.at > LONGEST_GAP_MS) nights.push([level]);
      else night.push(level);
    }
    for (const [i, night] of nights.entries()) this.#night(night, i === nights.length - 1 ? this.#sleepScore : Number.NaN);
  }

  #row(message: FitMessage, { type, metric, fields, at: own }: Row): void {
    const value = fields.map((field) => message.value(field)).find((one) => !Number.isNaN(one)) ?? Number.NaN;
    // Stress below zero says why there is none.
    const isReading = value > 0 || (value === 0 && metric === "stress_level");
    if (!isReading || (fields[0] === W.weight && value === CALCULATING_KG)) return;
    const at = instantOf(own === undefined ? message.time : message.value(own) || message.time);
    if (Number.isNaN(at)) return this.#outlet.reject(type, "no_instant", "Readings without a date and time were left out.");
    this.#outlet.sample(this.#outlet.channel(type, metric, this.#source), at, value, this.#zone);
  }

  #pressure(message: FitMessage): void {
    const { fields } = BLOOD_PRESSURE;
    const systolic = message.value(fields.systolicPressure);
    const diastolic = message.value(fields.diastolicPressure);
    const mean = message.value(fields.meanArterialPressure);
    if (Number.isNaN(systolic) || Number.isNaN(diastolic)) return;
    const at = instantOf(message.time);
    if (Number.isNaN(at)) return this.#outlet.reject("blood_pressure", "no_instant", "Readings without a date and time were left out.");
    const components = { systolic, diastolic, ...(mean > 0 && { mean }) };
    const { zone, source } = { zone: this.#zone, source: this.#source };
    this.#outlet.reading("blood_pressure", {
      metric: "blood_pressure",
      kind: "sample",
      source,
      start: at,
      end: at,
      value: null,
      components,
      zone,
    });
    const rate = message.value(fields.heartRate);
    if (rate > 0) this.#outlet.sample(this.#outlet.channel("blood_pressure.heart_rate", "heart_rate", source), at, rate, zone);
  }

  #level(message: FitMessage): void {
    const at = instantOf(message.time);
    const level = message.value(SLEEP_LEVEL.fields.sleepLevel);
    if (Number.isNaN(at) || Number.isNaN(level) || this.#levels.length >= MOST_LEVELS) return;
    this.#levels.push({ at, level });
  }

  /** A level holds until the next one; the last one ends the night. */
  #night(levels: readonly { readonly at: number; readonly level: number }[], score: number): void {
    const start = levels[0]!.at;
    const end = levels.at(-1)!.at;
    if (end <= start) return;
    const stages: { start: number; end: number; stage: SleepStage }[] = [];
    for (let i = 0; i + 1 < levels.length; i++) {
      const stage = STAGES[levels[i]!.level] ?? "unknown";
      const next = levels[i + 1]!.at;
      const last = stages.at(-1);
      if (last?.stage === stage) last.end = next;
      else if (next > levels[i]!.at) stages.push({ start: levels[i]!.at, end: next, stage });
    }
    this.#outlet.sleep("sleep_level", { source: this.#source, start, end, zone: this.#zone, stages });
    if (score > 0) this.#outlet.sample(this.#outlet.channel("sleep_assessment", "score.sleep", this.#source), end, score, this.#zone);
  }
}
