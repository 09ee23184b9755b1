import { loose } from "./reject";

/**
 * Names that no vocabulary of ours spells: those of Samsung Health and of common bridge apps. Left the name, right a catalogue key
 * or a Health Connect record. Samsung's units are Health Connect's (blood glucose in mmol/L) but for water, which it counts in mL.
 */
const ALIASES: Readonly<Record<string, string>> = {
  // Samsung Health
  step_daily_trend: "steps",
  blood_oxygen: "spo2",
  oxygen_saturation: "spo2",
  sleep_stage: "sleep",
  exercise: "workout",
  water_intake: "water_intake",
  caffeine_intake: "nutrient.caffeine",
  energy_score: "score.readiness",
  irregular_heart_rhythm_notification: "event.irregular_rhythm",
  sleep_apnea: "event.sleep_apnea",
  weight: "Weight",
  total_calories: "TotalCaloriesBurned",
  // Bridges
  active_energy: "energy_active",
  active_calories: "energy_active",
  active_energy_burned: "energy_active",
  basal_energy: "energy_basal",
  basal_calories: "energy_basal",
  walking_running_distance: "distance_walk_run",
  heart_rate_variability: "HeartRateVariabilitySDNN",
  hrv: "hrv_rmssd",
  blood_oxygen_saturation: "OxygenSaturation",
  weight_body_mass: "body_weight",
  body_fat: "BodyFat",
  sleep: "sleep",
  flights: "floors",
  calories: "TotalCaloriesBurned",
  hydration: "Hydration",
  apple_sleeping_wrist_temperature: "skin_temp",
};

/** Loose spelling → catalogue key or vendor name. */
export const NAME_ALIASES: ReadonlyMap<string, string> = new Map(Object.entries(ALIASES).map(([name, target]) => [loose(name), target]));
