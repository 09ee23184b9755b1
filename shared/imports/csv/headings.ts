/** Which quantity a heading names. The first that fits counts, so the narrower stand before the wider. */
export interface HeadingRow {
  readonly pattern: RegExp;
  readonly metric: string;
  /** Unit where the heading does not say it. */
  readonly unit?: string;
}

export const SYSTOLIC = "blood_pressure.systolic";
export const DIASTOLIC = "blood_pressure.diastolic";

/** Headings in the languages that tables come in: English, German, French, Spanish. */
export const HEADINGS: readonly HeadingRow[] = [
  { pattern: /systol|^sys\b|oberer/, metric: SYSTOLIC, unit: "mm[Hg]" },
  { pattern: /diastol|^dia\b|unterer/, metric: DIASTOLIC, unit: "mm[Hg]" },
  { pattern: /body ?fat|fat ?(?:percent|%|pct)|k(?:ö|oe)rperfett|graisse|grasa corporal/, metric: "body_fat_pct", unit: "%" },
  { pattern: /fat ?mass|fettmasse/, metric: "fat_mass" },
  { pattern: /muscle|muskel/, metric: "muscle_mass" },
  { pattern: /bone|knochen/, metric: "bone_mass" },
  { pattern: /lean|fettfrei/, metric: "lean_mass" },
  { pattern: /\bbmi\b|body mass index/, metric: "bmi", unit: "kg/m2" },
  { pattern: /weight|gewicht|poids|peso/, metric: "body_weight" },
  { pattern: /waist|taille|bauchumfang|cintura/, metric: "waist" },
  { pattern: /height|gr(?:ö|oe)(?:ß|ss)e|altura/, metric: "body_height" },
  { pattern: /(?:cgm|sensor|interstitial|historic).*gluco|gluco.*(?:cgm|sensor|historic)/, metric: "cgm_glucose" },
  { pattern: /gluco|blood ?sugar|blutzucker|glyc(?:é|e)mie|glucemia|^bg\b|\bbz\b/, metric: "blood_glucose" },
  { pattern: /insulin/, metric: "insulin_delivery", unit: "[iU]" },
  { pattern: /resting.*(?:heart|pulse|hr\b)|ruhepuls|\brhr\b/, metric: "resting_heart_rate", unit: "/min" },
  { pattern: /rmssd|\bhrv\b/, metric: "hrv_rmssd", unit: "ms" },
  { pattern: /sdnn/, metric: "hrv_sdnn", unit: "ms" },
  { pattern: /heart ?rate|pulse?\b|puls\b|herzfrequenz|\bbpm\b|\bhr\b/, metric: "heart_rate", unit: "/min" },
  { pattern: /spo2|oxygen|sauerstoff/, metric: "spo2", unit: "%" },
  { pattern: /respirat|breath|atem/, metric: "respiratory_rate", unit: "/min" },
  { pattern: /temperatur/, metric: "body_temperature" },
  { pattern: /steps?\b|schritte|^pas\b|pasos/, metric: "steps", unit: "{steps}" },
  { pattern: /\bvo2/, metric: "vo2_max", unit: "mL/kg/min" },
  { pattern: /saturated|ges(?:ä|ae)ttigt/, metric: "nutrient.fat_saturated", unit: "g" },
  { pattern: /carb|kohlenhydrat|glucides/, metric: "nutrient.carbohydrates", unit: "g" },
  { pattern: /protein|eiwei(?:ß|ss)/, metric: "nutrient.protein", unit: "g" },
  { pattern: /fib(?:er|re)|ballaststoff/, metric: "nutrient.fibre", unit: "g" },
  { pattern: /sugars?\b|zucker/, metric: "nutrient.sugar", unit: "g" },
  { pattern: /sodium|natrium/, metric: "nutrient.sodium", unit: "mg" },
  { pattern: /^(?:total )?fat\b|^fett\b/, metric: "nutrient.fat_total", unit: "g" },
  { pattern: /caffein|koffein/, metric: "nutrient.caffeine", unit: "mg" },
  { pattern: /water|wasser|\beau\b|agua/, metric: "water_intake", unit: "mL" },
  { pattern: /(?:calories|energy|kalorien)(?!.*(?:burn|active|out|verbr))|\bkcal\b/, metric: "dietary_energy", unit: "kcal" },
];

/** Headings of instants. */
export const DATE_HEADING = /\bdate|datum|\bday\b|\btag\b|\bjour|fecha|timestamp|time ?stamp|zeitpunkt|recorded|measured|(?:^|\W)at$/;
export const CLOCK_HEADING = /\btime\b|uhrzeit|\bzeit\b|heure|hora/;

/** The unit that a heading states: `Weight (kg)`, `glucose [mg/dL]`, `weight_kg`, `Glucose mmol/L`. */
export function unitIn(heading: string): string | undefined {
  const inside = /[([{]\s*([^)\]}]+?)\s*[)\]}]/.exec(heading)?.[1];
  return (
    inside ?? /(?:^|[\s_,])(kg|lbs?|st|g|mg|µg|ug|mcg|cm|m|mm|in|mg\/dl|mmol\/l|mmhg|bpm|kcal|kj|ml|l|%|°c|°f)$/i.exec(heading.trim())?.[1]
  );
}
