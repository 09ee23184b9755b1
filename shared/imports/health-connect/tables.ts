import type { WorkoutType } from "../../health/workout-types";

/**
 * How Health Connect stores its records: table by table, as its own code makes them (AOSP, packages/modules/HealthFitness,
 * `storage/datatypehelpers`). Every record has `row_id`, `uuid` (16 bytes), `last_modified_time` (ms), `client_record_version`, `app_info_id`,
 * `device_info_id` and `recording_method`; an instant has `time` and `zone_offset`, an interval the same twice. Times are epoch
 * milliseconds, offsets seconds. Masses are grams, energies calories of which a thousand are a kilocalorie, powers watts, lengths metres,
 * volumes litres, glucose mmol/L (`datatypes/units`).
 */
export interface FieldPlan {
  readonly column: string;
  /** The field that the record has in Health Connect's own interface. */
  readonly field: string;
  /** UCUM; absent for what has none. */
  readonly unit?: string;
}

export interface TablePlan {
  readonly table: string;
  /** The record's name in Health Connect's own interface. */
  readonly record: string;
  readonly isInterval: boolean;
  readonly fields: readonly FieldPlan[];
  /** The values of a series record, one row each, with `parent_key` and `epoch_millis`. */
  readonly series?: { readonly table: string; readonly list: "samples" | "deltas"; readonly fields: readonly FieldPlan[] };
}

function field(column: string, unit?: string): FieldPlan {
  const name = column.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return { column, field: name, ...(unit !== undefined && { unit }) };
}

function instant(record: string, table: string, ...fields: FieldPlan[]): TablePlan {
  return { record, table: `${table}_record_table`, isInterval: false, fields };
}

function interval(record: string, table: string, ...fields: FieldPlan[]): TablePlan {
  return { record, table: `${table}_record_table`, isInterval: true, fields };
}

function series(record: string, table: string, samples: string, value: FieldPlan): TablePlan {
  return { record, table, isInterval: true, fields: [], series: { table: samples, list: "samples", fields: [value] } };
}

const GRAMS = [
  "biotin",
  "caffeine",
  "calcium",
  "chloride",
  "cholesterol",
  "chromium",
  "copper",
  "dietary_fiber",
  "folate",
  "folic_acid",
  "iodine",
  "iron",
  "magnesium",
  "manganese",
  "molybdenum",
  "monounsaturated_fat",
  "niacin",
  "pantothenic_acid",
  "phosphorus",
  "polyunsaturated_fat",
  "potassium",
  "protein",
  "riboflavin",
  "saturated_fat",
  "selenium",
  "sodium",
  "sugar",
  "thiamin",
  "total_carbohydrate",
  "total_fat",
  "trans_fat",
  "unsaturated_fat",
  "vitamin_a",
  "vitamin_b12",
  "vitamin_b6",
  "vitamin_c",
  "vitamin_d",
  "vitamin_e",
  "vitamin_k",
  "zinc",
];

/** The tables that are read, in the order in which they are. */
export const TABLES: readonly TablePlan[] = [
  instant("Weight", "weight", field("weight", "g")),
  instant("Height", "height", field("height", "m")),
  instant("BodyFat", "body_fat", field("percentage", "%")),
  instant("LeanBodyMass", "lean_body_mass", field("mass", "g")),
  instant("BoneMass", "bone_mass", field("mass", "g")),
  instant("BodyWaterMass", "body_water_mass", { column: "body_water_mass", field: "mass", unit: "g" }),
  instant("BasalMetabolicRate", "basal_metabolic_rate", field("basal_metabolic_rate", "W")),
  instant(
    "BloodGlucose",
    "blood_glucose",
    field("level", "mmol/L"),
    field("specimen_source"),
    field("relation_to_meal"),
    field("meal_type"),
  ),
  instant(
    "BloodPressure",
    "blood_pressure",
    field("systolic", "mm[Hg]"),
    field("diastolic", "mm[Hg]"),
    field("body_position"),
    field("measurement_location"),
  ),
  instant("BodyTemperature", "body_temperature", field("temperature", "Cel"), field("measurement_location")),
  instant("BasalBodyTemperature", "basal_body_temperature", field("temperature", "Cel"), field("measurement_location")),
  instant("HeartRateVariabilityRmssd", "heart_rate_variability_rmssd", field("heart_rate_variability_millis", "ms")),
  instant("OxygenSaturation", "oxygen_saturation", field("percentage", "%")),
  instant("RespiratoryRate", "respiratory_rate", field("rate", "/min")),
  instant("RestingHeartRate", "resting_heart_rate", field("beats_per_minute", "/min")),
  instant("Vo2Max", "vo2_max", field("vo2_milliliters_per_minute_kilogram", "mL/kg/min"), field("measurement_method")),
  instant("MenstruationFlow", "menstruation_flow", field("flow")),
  instant("OvulationTest", "ovulation_test", field("result")),
  instant("CervicalMucus", "cervical_mucus", field("appearance"), field("sensation")),
  instant("IntermenstrualBleeding", "intermenstrual_bleeding"),
  instant("SexualActivity", "sexual_activity", field("protection_used")),
  interval("Steps", "steps", field("count", "{steps}")),
  interval("Distance", "distance", field("distance", "m")),
  interval("ActiveCaloriesBurned", "active_calories_burned", field("energy", "cal")),
  interval("TotalCaloriesBurned", "total_calories_burned", field("energy", "cal")),
  interval("ElevationGained", "elevation_gained", field("elevation", "m")),
  interval("FloorsClimbed", "floors_climbed", field("floors", "{flight}")),
  interval("Hydration", "hydration", field("volume", "L")),
  interval("WheelchairPushes", "wheelchair_pushes", field("count", "{pushes}")),
  interval("MenstruationPeriod", "menstruation_period"),
  interval(
    "Nutrition",
    "nutrition",
    field("energy", "cal"),
    field("energy_from_fat", "cal"),
    ...GRAMS.map((column) => field(column, "g")),
    field("meal_type"),
    { column: "meal_name", field: "name" },
  ),
  interval("MindfulnessSession", "mindfulness_session"),
  interval("ActivityIntensity", "activity_intensity", { column: "type", field: "activityIntensityType" }),
  // Two spellings of tables: that is how Health Connect names them.
  series("HeartRate", "heart_rate_record_table", "heart_rate_record_series_table", field("beats_per_minute", "/min")),
  series("Speed", "SpeedRecordTable", "speed_record_table", field("speed", "m/s")),
  series("Power", "PowerRecordTable", "power_record_table", field("power", "W")),
  series("StepsCadence", "StepsCadenceRecordTable", "steps_cadence_record_table", field("rate", "/min")),
  series(
    "CyclingPedalingCadence",
    "CyclingPedalingCadenceRecordTable",
    "cycling_pedaling_cadence_record_table",
    field("revolutions_per_minute", "/min"),
  ),
  {
    record: "SkinTemperature",
    table: "skin_temperature_record_table",
    isInterval: true,
    fields: [field("baseline")],
    series: { table: "skin_temperature_delta_table", list: "deltas", fields: [field("delta")] },
  },
  interval("SleepSession", "sleep_session", field("title")),
  interval("ExerciseSession", "exercise_session", field("exercise_type"), field("title")),
];

/** Kinds of exercise by the number that the database has for them. The phone's own interface counts them otherwise. */
export const EXERCISES: readonly WorkoutType[] = [
  "other",
  "badminton",
  "baseball",
  "basketball",
  "cycling",
  "indoor_cycling",
  "cross_training",
  "boxing",
  "calisthenics",
  "cricket",
  "dance",
  "group_exercise",
  "fencing",
  "american_football",
  "australian_football",
  "disc_sports",
  "golf",
  "mind_and_body",
  "gymnastics",
  "handball",
  "high_intensity_interval_training",
  "hiking",
  "ice_hockey",
  "ice_skating",
  "martial_arts",
  "paddle_sports",
  "paragliding",
  "pilates",
  "racquetball",
  "rock_climbing",
  "skating_sports",
  "rowing",
  "rugby",
  "running",
  "treadmill_running",
  "sailing",
  "underwater_diving",
  "skating_sports",
  "skiing",
  "snowboarding",
  "snowshoeing",
  "soccer",
  "softball",
  "squash",
  "stair_climbing",
  "traditional_strength_training",
  "stretching",
  "surfing_sports",
  "open_water_swimming",
  "pool_swimming",
  "table_tennis",
  "tennis",
  "volleyball",
  "walking",
  "water_polo",
  "traditional_strength_training",
  "wheelchair_walk_pace",
  "yoga",
  "other",
  "stair_climbing",
  "elliptical",
  "rowing_machine",
];

/** Names of the parts of a session by their number, as the database counts them. */
export const SEGMENTS: readonly string[] =
  `unknown barbell_shoulder_press bench_sit_up biking biking_stationary dumbbell_curl_left_arm dumbbell_curl_right_arm dumbbell_front_raise
dumbbell_lateral_raise dumbbell_triceps_extension_left_arm dumbbell_triceps_extension_right_arm dumbbell_triceps_extension_two_arm elliptical
forward_twist pilates rowing_machine running running_treadmill stair_climbing stair_climbing_machine stretching swimming_open_water
swimming_pool upper_twist walking wheelchair arm_curl back_extension ball_slam bench_press burpee crunch deadlift
double_arm_triceps_extension dumbbell_row front_raise hip_thrust hula_hoop jumping_jack jump_rope kettlebell_swing lateral_raise
lat_pull_down leg_curl leg_extension leg_press leg_raise lunge mountain_climber plank pull_up punch shoulder_press
single_arm_triceps_extension sit_up squat swimming_freestyle swimming_backstroke swimming_breaststroke swimming_butterfly swimming_mixed
swimming_other high_intensity_interval_training weightlifting other_workout yoga rest pause`.split(/\s+/);

/** Tables of parts of a session, by the list of the record that they fill. */
export const SESSION_PARTS: Readonly<Record<string, readonly (readonly [list: string, table: string, fields: readonly FieldPlan[]])[]>> = {
  SleepSession: [
    [
      "stages",
      "sleep_stages_table",
      [
        { column: "stage_start_time", field: "startTime" },
        { column: "stage_end_time", field: "endTime" },
        { column: "stage_type", field: "stage" },
      ],
    ],
  ],
  ExerciseSession: [
    [
      "segments",
      "exercise_segments_table",
      [
        { column: "segment_start_time", field: "startTime" },
        { column: "segment_end_time", field: "endTime" },
        { column: "segment_type", field: "segmentType" },
        { column: "repetitions_count", field: "repetitions" },
      ],
    ],
    [
      "laps",
      "exercise_laps_table",
      [
        { column: "lap_start_time", field: "startTime" },
        { column: "lap_end_time", field: "endTime" },
        { column: "lap_length", field: "length" },
      ],
    ],
    [
      "route",
      "exercise_route_table",
      [
        { column: "timestamp_millis", field: "time" },
        { column: "latitude", field: "latitude" },
        { column: "longitude", field: "longitude" },
        { column: "altitude", field: "altitude" },
      ],
    ],
  ],
};
