import { type Bounds, defineMetrics, type MetricRow, pghd, snomed } from "./metric";

/** A stream of a workout or of walking: PGHD code and HealthKit type carry the same name unless told otherwise. */
const stream = (
  key: string,
  code: number,
  title: string,
  unit: string,
  bounds: Bounds,
  pghdCode: string,
  rest: Partial<MetricRow> = {},
): MetricRow => ({
  key,
  code,
  title,
  kind: "sample",
  aggregation: "mean",
  unit,
  bounds,
  storage: "segment",
  codings: [pghd(pghdCode)],
  ...rest,
});

/** A mobility measure of everyday walking: a few values a day, so rows. */
const mobility = (
  key: string,
  code: number,
  title: string,
  unit: string,
  bounds: Bounds,
  pghdCode: string,
  rest: Partial<MetricRow> = {},
): MetricRow => stream(key, code, title, unit, bounds, pghdCode, { storage: "row", ...rest });

/**
 * Workout streams and mobility. All bounds are Meridian's proposal. The untyped rows (`power`, `speed`) come first: they
 * are what a Health Connect record means until a session tells the sport.
 */
export const PERFORMANCE_METRICS = defineMetrics({ sensitivity: "activity", category: "activity" }, [
  stream("power", 501, "Power", "W", [0, 3500], "power", {
    hc: "Power.samples.power",
  }),
  stream("speed", 502, "Speed", "m/s", [0, 100], "speed", {
    hc: "Speed.samples.speed",
    vendor: { strava: ["streams.velocity_smooth"] },
  }),
  // LOINC has no code; PGHD's stepsCadence counts steps, not strides.
  stream("cadence_run", 503, "Running cadence", "/min", [0, 350], "stepsCadence", {
    hc: "StepsCadence.samples.rate",
    vendor: {
      google_health: ["exercise.metricsSummary.mobilityMetrics"],
      garmin: ["activityDetails.samples.stepsPerMinute"],
      strava: ["streams.cadence"],
    },
  }),
  stream("cadence_cycle", 504, "Cycling cadence", "/min", [0, 300], "cyclingCadence", {
    hk: "CyclingCadence",
    hc: "CyclingPedalingCadence.samples.revolutionsPerMinute",
    vendor: {
      garmin: ["activityDetails.samples.bikeCadenceInRPM"],
      strava: ["streams.cadence"],
    },
  }),
  stream("power_run", 505, "Running power", "W", [0, 2500], "runningPower", {
    hk: "RunningPower",
    hc: "Power.samples.power",
    vendor: { garmin: ["activityDetails.samples.powerInWatts"] },
  }),
  stream("power_cycle", 506, "Cycling power", "W", [0, 3500], "cyclingPower", {
    hk: "CyclingPower",
    hc: "Power.samples.power",
    vendor: {
      garmin: ["activityDetails.samples.powerInWatts"],
      strava: ["streams.watts"],
    },
  }),
  mobility("ftp_cycle", 507, "Cycling functional threshold power", "W", [20, 700], "cyclingFunctionalThresholdPower", {
    aggregation: "last",
    hk: "CyclingFunctionalThresholdPower",
  }),
  stream("speed_run", 508, "Running speed", "m/s", [0, 15], "runningSpeed", {
    hk: "RunningSpeed",
    hc: "Speed.samples.speed",
    vendor: {
      google_health: ["exercise.metricsSummary.averageSpeedMillimetersPerSecond"],
      garmin: ["activityDetails.samples.speedMetersPerSecond"],
    },
  }),
  stream("speed_cycle", 509, "Cycling speed", "m/s", [0, 45], "cyclingSpeed", {
    hk: "CyclingSpeed",
    hc: "Speed.samples.speed",
    vendor: { garmin: ["activityDetails.samples.speedMetersPerSecond"] },
  }),
  stream("speed_row", 510, "Rowing speed", "m/s", [0, 10], "rowingSpeed", {
    hk: "RowingSpeed",
    hc: "Speed.samples.speed",
  }),
  stream("speed_paddle", 511, "Paddling speed", "m/s", [0, 15], "paddleSportsSpeed", {
    hk: "PaddleSportsSpeed",
    hc: "Speed.samples.speed",
  }),
  stream("speed_xc_ski", 512, "Cross-country skiing speed", "m/s", [0, 30], "crossCountrySkiingSpeed", {
    hk: "CrossCountrySkiingSpeed",
    hc: "Speed.samples.speed",
  }),
  stream("stride_length", 513, "Running stride length", "m", [0.1, 5], "runningStrideLength", {
    hk: "RunningStrideLength",
    vendor: { google_health: ["exercise.metricsSummary.mobilityMetrics"] },
  }),
  stream("ground_contact_time", 514, "Ground contact time", "ms", [50, 1000], "runningGroundContactTime", {
    hk: "RunningGroundContactTime",
    vendor: { google_health: ["exercise.metricsSummary.mobilityMetrics"] },
  }),
  stream("vertical_oscillation", 515, "Vertical oscillation", "cm", [0.5, 40], "runningVerticalOscillation", {
    hk: "RunningVerticalOscillation",
    hkUnit: "m",
    vendor: { google_health: ["exercise.metricsSummary.mobilityMetrics"] },
  }),
  mobility("effort_score", 516, "Effort score", "{score}", [0, 10], "workoutEffortScore", {
    aggregation: "last",
    hk: "WorkoutEffortScore",
  }),
  mobility("effort_score_estimated", 517, "Estimated effort score", "{score}", [0, 10], "estimatedWorkoutEffortScore", {
    aggregation: "last",
    hk: "EstimatedWorkoutEffortScore",
  }),
  // 41957-2 is the mean speed of 24 hours only.
  mobility("walking_speed", 518, "Walking speed", "m/s", [0, 5], "walkingSpeed", {
    codings: [pghd("walkingSpeed"), snomed("724237005")],
    hk: "WalkingSpeed",
  }),
  mobility("walking_step_length", 519, "Walking step length", "m", [0.05, 2], "walkingStepLength", { hk: "WalkingStepLength" }),
  mobility("walking_asymmetry", 520, "Walking asymmetry", "%", [0, 100], "walkingAsymmetryPercentage", {
    hk: "WalkingAsymmetryPercentage",
    hkFraction: true,
  }),
  mobility("walking_double_support", 521, "Double support time", "%", [0, 100], "walkingDoubleSupportPercentage", {
    hk: "WalkingDoubleSupportPercentage",
    hkFraction: true,
  }),
  mobility("walking_steadiness", 522, "Walking steadiness", "%", [0, 100], "appleWalkingSteadiness", {
    aggregation: "last",
    hk: "AppleWalkingSteadiness",
    hkFraction: true,
  }),
  {
    key: "event.walking_steadiness",
    code: 523,
    title: "Walking steadiness notification",
    kind: "event",
    aggregation: "count",
    unit: "",
    values: ["initial_low", "initial_very_low", "repeat_low", "repeat_very_low"],
    codings: [pghd("appleWalkingSteadinessEvent")],
    hkCategory: "AppleWalkingSteadinessEvent",
  },
  mobility("six_minute_walk", 524, "Six-minute walk distance", "m", [0, 1500], "sixMinuteWalkTestDistance", {
    aggregation: "last",
    hk: "SixMinuteWalkTestDistance",
  }),
  mobility("stair_ascent_speed", 525, "Stair ascent speed", "m/s", [0, 5], "stairAscentSpeed", {
    hk: "StairAscentSpeed",
  }),
  mobility("stair_descent_speed", 526, "Stair descent speed", "m/s", [0, 5], "stairDescentSpeed", { hk: "StairDescentSpeed" }),
]);
