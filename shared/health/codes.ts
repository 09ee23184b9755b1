/**
 * Code systems and the LOINC names Meridian uses. A code is only ever compared together with its system: several LOINC
 * codes also exist in other systems with another meaning.
 */

/** Canonical URLs of the code systems, as they appear in `Coding.system`. */
export const SYSTEM = {
  loinc: "http://loinc.org",
  snomed: "http://snomed.info/sct",
  ucum: "http://unitsofmeasure.org",
  /** HL7 PHR implementation guide: patient-generated health data, the fallback where LOINC has no code. */
  pghd: "http://hl7.org/fhir/uv/phr/CodeSystem/observation-pghd-codes",
  pghdSleepEpisode: "http://hl7.org/fhir/uv/phr/CodeSystem/sleep-episode-codes",
  pghdSleepAnalysis: "http://hl7.org/fhir/uv/phr/CodeSystem/sleep-analysis-codes",
  /** ISO/IEEE 11073-10101 nomenclature (device data: ECG). */
  mdc: "urn:oid:2.16.840.1.113883.6.24",
  observationCategory: "http://terminology.hl7.org/CodeSystem/observation-category",
  /** HL7 Physical Activity IG: the second category of every activity Observation, and the activity group code. */
  physicalActivity: "http://hl7.org/fhir/us/physical-activity/CodeSystem/pa-temporary-codes",
  appleHealthKit: "http://developer.apple.com/documentation/healthkit",
  /** Meridian's own metric codes; the code is the catalogue key. */
  metric: "urn:meridian:metric",
} as const;

/** LOINC codes with their official names, fit for `Coding.display`. */
export const LOINC = {
  // Heart and vitals
  "8867-4": "Heart rate",
  "8873-2": "Heart rate 24 hour maximum",
  "40443-4": "Heart rate --resting",
  "80404-7": "R-R interval.standard deviation (Heart rate variability)",
  "2708-6": "Oxygen saturation in Arterial blood",
  "59408-5": "Oxygen saturation in Arterial blood by Pulse oximetry",
  "9279-1": "Respiratory rate",
  "85354-9": "Blood pressure panel with all children optional",
  "8480-6": "Systolic blood pressure",
  "8462-4": "Diastolic blood pressure",
  "8478-0": "Mean blood pressure",
  "8310-5": "Body temperature",
  "61006-3": "Perfusion index Tissue by Pulse oximetry",
  "20150-9": "FEV1",
  "19870-5": "Forced vital capacity [Volume] Respiratory system",
  "19935-6": "Maximum expiratory gas flow Respiratory system airway by Peak flow meter",
  "74859-0": "Ethanol [Mass/volume] in Blood Estimated from serum or plasma level",
  // Glucose
  "41653-7": "Glucose [Mass/volume] in Capillary blood by Glucometer",
  "14743-9": "Glucose [Moles/volume] in Capillary blood by Glucometer",
  // Body
  "29463-7": "Body weight",
  "3141-9": "Body weight Measured",
  "8302-2": "Body height",
  "39156-5": "Body mass index (BMI) [Ratio]",
  "41982-0": "Percentage of body fat Measured",
  "73708-0": "Body fat [Mass] Calculated",
  "91557-9": "Lean body weight",
  "8280-0": "Waist Circumference at umbilicus by Tape measure",
  // Activity
  "55423-8": "Number of steps in unspecified time Pedometer",
  "41950-7": "Number of steps in 24 hour Measured",
  "55430-3": "Walking distance unspecified time Pedometer",
  "41953-1": "Walking distance 24 hour Calculated",
  "93816-7": "Swimming distance unspecified time",
  "100304-5": "Flights climbed [#] Reporting Period",
  "93833-2": "Flights climbed",
  "55424-6": "Calories burned in unspecified time Pedometer",
  "41981-2": "Calories burned",
  "41979-6": "Calories burned in 24 hour Calculated",
  "55411-3": "Exercise duration",
  "77592-4": "Moderate physical activity [IPAQ]",
  "77593-2": "Vigorous physical activity [IPAQ]",
  "96502-0": "Number of wheelchair pushes per time period",
  "94122-9": "Oxygen consumption (VO2)/Body weight [Volume Rate Content] --peak during exercise",
  // Workouts
  "73985-4": "Exercise activity",
  // Sleep
  "93832-4": "Sleep duration",
  "93831-6": "Deep sleep duration",
  "93830-8": "Light sleep duration",
  "93829-0": "REM sleep duration",
  // Reproductive health
  "8665-2": "Last menstrual period start date",
  "8678-5": "Menstrual status",
  "11976-8": "Ovulation date",
  "82810-3": "Pregnancy status",
  // Nutrition
  "80453-4": "Food intake panel",
  "9052-2": "Calorie intake total",
  "8999-5": "Fluid intake oral Estimated",
} as const;

/**
 * Further LOINC codes with what they mean in our own words. A terminology server refuses a wrong display, so these are
 * never sent: their codings carry the code alone.
 */
export const LOINC_MEANING = {
  "93817-5": "Running distance",
  "93818-3": "Cycling distance",
  "55412-1": "Exercise distance",
  "93849-8": "Exercise distance",
  "99504-3": "Glucose [Mass/volume] in Interstitial fluid",
  "105272-9": "Glucose [Moles/volume] in Interstitial fluid",
  "107931-8": "Continuous glucose monitoring summary panel",
  "106793-3": "Continuous glucose monitoring time in ranges panel",
  "97507-8": "Average glucose [Mass/volume] in Interstitial fluid during reporting period",
  "105273-7": "Average glucose [Moles/volume] in Interstitial fluid during reporting period",
  "97506-0": "Glucose management indicator",
  "104642-4": "Glucose time below range, very low",
  "104641-6": "Glucose time below range, low",
  "97510-2": "Glucose time in target range",
  "104640-8": "Glucose time above range, high",
  "104639-0": "Glucose time above range, very high",
  "104638-2": "Glucose coefficient of variation",
  "104636-6": "Continuous glucose monitor days worn",
  "104637-4": "Continuous glucose monitor active percentage of time",
  "77233-5": "Percentage of body fat by Bioelectrical impedance",
  "73986-2": "Exercise aerobic category",
  "55409-7": "Exercise tracking panel",
  "55421-2": "Calories burned",
  "55422-0": "Heart rate",
  "55425-3": "Mean heart rate in unspecified time",
  "55426-1": "Maximum heart rate in unspecified time",
  "93820-9": "Calories burned during weight training",
  "93821-7": "Calories burned during aerobic activity",
  "93822-5": "Calories burned during a sport",
  "93823-3": "Calories burned during swimming",
  "93824-1": "Calories burned during cycling",
  "93825-8": "Calories burned during running",
  "93826-6": "Calories burned during walking",
  "89574-8": "Exercise Vital Sign panel",
  "89555-7": "Days per week of moderate to strenuous physical activity",
  "68516-4": "Minutes of exercise on an active day",
  "82290-8": "Frequency of moderate to vigorous aerobic physical activity",
  "82291-6": "Frequency of muscle-strengthening physical activity",
  "93828-2": "Duration of awakenings in the night",
  "93827-4": "Number of awakenings in the night",
  "93038-8": "Stress level",
  "3144-3": "Duration of last menstrual period",
  "3145-0": "Start of last menstrual period",
  "3146-8": "Menstrual status Reported",
  "9000-1": "Fluid intake oral Measured",
  "73964-9": "Body muscle mass",
  "93971-0": "Elevation climbed",
} as const;

export type LoincCode = keyof typeof LOINC | keyof typeof LOINC_MEANING;

const named = (code: LoincCode): code is keyof typeof LOINC => Object.hasOwn(LOINC, code);

/** The official name of a LOINC code, or `undefined` where only its meaning is known. */
export function loincDisplay(code: LoincCode): string | undefined {
  return named(code) ? LOINC[code] : undefined;
}

/** What a LOINC code is about, for people and for checks. */
export function loincMeaning(code: LoincCode): string {
  return named(code) ? LOINC[code] : LOINC_MEANING[code];
}

/** SNOMED CT concepts that qualify a metric or a sleep stage. */
export const SNOMED = {
  "300076005": "Basal body temperature",
  "276361009": "Waist circumference",
  "1285369003": "Resting energy expenditure",
  "724237005": "Gait speed",
  "787787004": "Energy intake",
  "226354008": "Water intake",
  "788472008": "Carbohydrate intake",
  "874875003": "Protein intake",
  "876831004": "Dietary fiber intake",
  "226459004": "Sugar intake",
  "1148504005": "Sodium intake",
  "1208604004": "Caffeine intake",
  "248220008": "Asleep",
  "248218005": "Awake",
  "60984000": "Non-rapid eye movement sleep",
  "89129007": "Rapid eye movement sleep",
} as const;

export type SnomedCode = keyof typeof SNOMED;
