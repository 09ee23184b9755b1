import { type Bounds, defineMetrics, loinc, type MetricRow, pghd, snomed } from "./metric";

/** Something summed over time; many vendors also state it as the total of a day. */
const amount = (key: string, code: number, title: string, unit: string, bounds: Bounds, rest: Partial<MetricRow> = {}): MetricRow => ({
  key,
  code,
  title,
  kind: "interval",
  also: ["daily"],
  aggregation: "sum",
  unit,
  bounds,
  ...rest,
});

/** A day of 25 hours, when the clock goes back, in minutes. */
const DAY: Bounds = [0, 1500];

const distance = (name: string, code: number, title: string, longestM: number, rest: Partial<MetricRow>): MetricRow =>
  amount(`distance${name}`, code, title, "m", [0, longestM], rest);

/** Steps, distances, energy and minutes. All bounds are Meridian's proposal: somewhat above a record day. */
export const ACTIVITY_METRICS = defineMetrics({ sensitivity: "activity", category: "activity" }, [
  amount("steps", 401, "Steps", "{steps}", [0, 250_000], {
    codings: [loinc("55423-8"), pghd("stepCount")],
    dailyCodings: [loinc("41950-7"), pghd("stepCount")],
    hk: "StepCount",
    hc: "Steps.count",
    vendor: {
      google_health: ["steps.count"],
      oura: ["daily_activity.steps"],
      garmin: ["dailies.steps", "epochs.steps"],
      withings: ["activity.steps"],
      fitbit: ["summary.steps"],
    },
  }),
  // Both LOINC codes mean walking; a pure run is 93817-5.
  distance("_walk_run", 402, "Walking and running distance", 400_000, {
    codings: [loinc("55430-3"), pghd("distanceWalkingRunning")],
    dailyCodings: [loinc("41953-1"), pghd("distanceWalkingRunning")],
    hk: "DistanceWalkingRunning",
    hc: "Distance.distance",
    vendor: {
      google_health: ["distance.millimeters"],
      oura: ["daily_activity.equivalent_walking_distance"],
      garmin: ["dailies.distanceInMeters", "epochs.distanceInMeters"],
      withings: ["activity.distance"],
      fitbit: ["summary.distances.distance"],
    },
  }),
  distance("_cycling", 403, "Cycling distance", 1_000_000, {
    codings: [loinc("93818-3"), pghd("distanceCycling")],
    hk: "DistanceCycling",
  }),
  distance("_swimming", 404, "Swimming distance", 200_000, {
    codings: [loinc("93816-7"), pghd("distanceSwimming")],
    hk: "DistanceSwimming",
  }),
  distance("_wheelchair", 405, "Wheelchair distance", 500_000, {
    codings: [pghd("distanceWheelchair")],
    hk: "DistanceWheelchair",
  }),
  distance("_rowing", 406, "Rowing distance", 400_000, {
    codings: [pghd("distanceRowing")],
    hk: "DistanceRowing",
  }),
  distance("_paddle", 407, "Paddling distance", 500_000, {
    codings: [pghd("distancePaddleSports")],
    hk: "DistancePaddleSports",
  }),
  distance("_xc_ski", 408, "Cross-country skiing distance", 500_000, {
    codings: [pghd("distanceCrossCountrySkiing")],
    hk: "DistanceCrossCountrySkiing",
  }),
  distance("_downhill_snow", 409, "Downhill snow sports distance", 500_000, {
    codings: [pghd("distanceDownhillSnowSports")],
    hk: "DistanceDownhillSnowSports",
  }),
  distance("_skating", 410, "Skating distance", 600_000, {
    codings: [pghd("distanceSkatingSports")],
    hk: "DistanceSkatingSports",
  }),
  // Only when the sport is unknown; never merged into a typed distance.
  distance("", 411, "Distance", 1_000_000, { codings: [loinc("55412-1"), pghd("distance")] }),
  amount("floors", 412, "Floors climbed", "{flight}", [0, 5000], {
    codings: [loinc("100304-5"), pghd("flightsClimbed")],
    hk: "FlightsClimbed",
    hc: "FloorsClimbed.floors",
    vendor: {
      google_health: ["floors.count"],
      garmin: ["dailies.floorsClimbed"],
      // Withings calls the number of floors "elevation".
      withings: ["activity.elevation"],
      fitbit: ["summary.floors"],
    },
  }),
  amount("elevation_gain", 413, "Elevation gained", "m", [0, 30_000], {
    codings: [loinc("93971-0"), pghd("elevationGained")],
    hc: "ElevationGained.elevation",
    vendor: {
      google_health: ["altitude.gainMillimeters"],
      whoop: ["workout.score.altitude_gain_meter"],
      strava: ["total_elevation_gain"],
    },
  }),
  // 41981-2 alone is read as a rate by some consumers, so it only ever comes second.
  amount("energy_active", 414, "Active energy", "kcal", [0, 25_000], {
    codings: [loinc("55424-6"), loinc("41981-2"), pghd("activeEnergyBurned")],
    dailyCodings: [loinc("41979-6"), loinc("41981-2"), pghd("activeEnergyBurned")],
    hk: "ActiveEnergyBurned",
    hc: "ActiveCaloriesBurned.energy",
    vendor: {
      google_health: ["activeEnergyBurned.kcal"],
      oura: ["daily_activity.active_calories"],
      garmin: ["dailies.activeKilocalories", "epochs.activeKilocalories"],
      withings: ["activity.calories"],
      fitbit: ["summary.activityCalories"],
      strava: ["calories"],
    },
  }),
  amount("energy_basal", 415, "Basal energy", "kcal", [0, 10_000], {
    codings: [pghd("basalEnergyBurned"), snomed("1285369003")],
    hk: "BasalEnergyBurned",
    vendor: { google_health: ["basalEnergyBurned.kcal"], garmin: ["dailies.bmrKilocalories"] },
  }),
  // 41979-6 does not say whether basal energy is included; the PGHD coding does.
  amount("energy_total", 416, "Total energy", "kcal", [0, 30_000], {
    kind: "daily",
    also: ["interval"],
    aggregation: "last",
    codings: [loinc("41979-6"), pghd("totalEnergyBurned")],
    hc: "TotalCaloriesBurned.energy",
    vendor: {
      google_health: ["totalCalories.kcalSum"],
      oura: ["daily_activity.total_calories"],
      whoop: ["cycle.score.kilojoule"],
      withings: ["activity.totalcalories"],
      fitbit: ["summary.caloriesOut"],
    },
  }),
  // PGHD's appleExerciseTime names Apple's ring; LOINC covers exercise in general.
  amount("exercise_minutes", 417, "Exercise minutes", "min", DAY, {
    codings: [loinc("55411-3")],
    hk: "AppleExerciseTime",
    hkCodings: [pghd("appleExerciseTime")],
    hc: "ActivityIntensity",
    vendor: { strava: ["moving_time"] },
  }),
  amount("move_minutes", 418, "Move minutes", "min", DAY, {
    codings: [pghd("appleMoveTime")],
    hk: "AppleMoveTime",
  }),
  amount("active_zone_minutes", 419, "Active zone minutes", "{score}", [0, 3000], {
    vendor: { google_health: ["activeZoneMinutes.activeZoneMinutes"] },
  }),
  amount("moderate_minutes", 420, "Moderate activity minutes", "min", DAY, {
    kind: "daily",
    also: ["interval"],
    codings: [loinc("77592-4"), pghd("moderateActivity")],
    hc: "ActivityIntensity",
    vendor: {
      google_health: ["activeMinutes.activeMinutesByActivityLevel", "activityLevel"],
      oura: ["daily_activity.medium_activity_time"],
      whoop: ["workout.score.zone_durations"],
      garmin: ["dailies.moderateIntensityDurationInSeconds"],
      withings: ["activity.moderate"],
      fitbit: ["summary.fairlyActiveMinutes"],
    },
  }),
  amount("vigorous_minutes", 421, "Vigorous activity minutes", "min", DAY, {
    kind: "daily",
    also: ["interval"],
    codings: [loinc("77593-2"), pghd("vigorousActivity")],
    hc: "ActivityIntensity",
    vendor: {
      google_health: ["activeMinutes.activeMinutesByActivityLevel", "activityLevel"],
      oura: ["daily_activity.high_activity_time"],
      whoop: ["workout.score.zone_durations"],
      garmin: ["dailies.vigorousIntensityDurationInSeconds"],
      withings: ["activity.intense"],
      fitbit: ["summary.veryActiveMinutes"],
    },
  }),
  amount("sedentary_minutes", 422, "Sedentary minutes", "min", DAY, {
    kind: "daily",
    also: ["interval"],
    vendor: {
      google_health: ["sedentaryPeriod.interval"],
      oura: ["daily_activity.sedentary_time"],
      withings: ["activity.inactive"],
    },
  }),
  amount("stand_minutes", 423, "Stand minutes", "min", DAY, {
    kind: "daily",
    also: ["interval"],
    codings: [pghd("appleStandTime")],
    hk: "AppleStandTime",
  }),
  // HealthKit writes one category record per hour: 0 stood, 1 idle.
  amount("stand_hours", 424, "Stand hours", "{hours}", [0, 25], {
    kind: "daily",
    also: ["interval"],
    codings: [pghd("appleStandHour")],
    hkCategory: "AppleStandHour",
  }),
  amount("wheelchair_pushes", 425, "Wheelchair pushes", "{pushes}", [0, 150_000], {
    codings: [loinc("96502-0"), pghd("pushCount")],
    hk: "PushCount",
    hc: "WheelchairPushes.count",
    vendor: { garmin: ["dailies.pushes"] },
  }),
  amount("swim_strokes", 426, "Swimming strokes", "{strokes}", [0, 150_000], {
    codings: [pghd("swimmingStrokeCount")],
    hk: "SwimmingStrokeCount",
    vendor: { google_health: ["swimLengthsData.strokeCount"], withings: ["workouts.strokes"] },
  }),
  // 60842-2, popular for this, is a plain volume rate in mL/min.
  {
    key: "vo2_max",
    code: 427,
    title: "VO₂max",
    kind: "sample",
    also: ["daily"],
    aggregation: "last",
    unit: "mL/kg/min",
    bounds: [5, 110],
    codings: [loinc("94122-9"), pghd("vo2Max")],
    hk: "VO2Max",
    hc: "Vo2Max.vo2MillilitersPerMinuteKilogram",
    vendor: {
      google_health: ["vo2Max.vo2Max", "runVo2Max.runVo2Max", "dailyVo2Max.vo2Max"],
      oura: ["vO2_max.vo2_max"],
      garmin: ["userMetrics.vo2Max", "userMetrics.vo2MaxCycling"],
      withings: ["123"],
      fitbit: ["cardioScore.value.vo2Max"],
    },
  },
  {
    key: "met",
    code: 428,
    title: "Metabolic equivalent",
    kind: "sample",
    aggregation: "mean",
    unit: "[MET]",
    bounds: [0, 40],
    storage: "segment",
    codings: [pghd("met")],
    vendor: { oura: ["daily_activity.met.items"], garmin: ["epochs.met"] },
  },
  {
    key: "physical_effort",
    code: 429,
    title: "Physical effort",
    kind: "sample",
    aggregation: "mean",
    unit: "kcal/h/kg",
    bounds: [0, 40],
    storage: "segment",
    codings: [pghd("physicalEffort")],
    hk: "PhysicalEffort",
  },
  {
    key: "falls",
    code: 430,
    title: "Falls",
    kind: "event",
    aggregation: "count",
    unit: "{count}",
    bounds: [0, 1000],
    codings: [pghd("numberOfTimesFallen")],
    hk: "NumberOfTimesFallen",
    vendor: { garmin: ["incident"] },
  },
]);
