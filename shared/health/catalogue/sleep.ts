import { type LoincCode, SYSTEM } from "../codes";
import { type Bounds, type Coding, defineMetrics, loinc, type MetricRow } from "./metric";

const component = (code: string): Coding => ({ system: SYSTEM.pghdSleepEpisode, code });

/** A value of one night, stated by the vendor or computed from the stages. */
const night = (
  key: string,
  code: number,
  title: string,
  unit: string,
  bounds: Bounds,
  loincCode: LoincCode | undefined,
  episode: string | undefined,
  vendor: Readonly<Record<string, readonly string[]>>,
  rest: Partial<MetricRow> = {},
): MetricRow => ({
  key,
  code,
  title,
  kind: "daily",
  aggregation: "sum",
  unit,
  bounds,
  ...((loincCode ?? episode) && {
    codings: [...(loincCode ? [loinc(loincCode)] : []), ...(episode ? [component(episode)] : [])],
  }),
  vendor,
  ...rest,
});

/** One day of 25 hours, in minutes; seconds mistaken for minutes land above it. */
const DAY: Bounds = [0, 1500];
const stage = (name: string): string => `sleep.score.stage_summary.total_${name}_time_milli`;

/** Sleep sessions and their parts. All bounds are Meridian's proposal. */
export const SLEEP_METRICS = defineMetrics({ sensitivity: "sleep", category: "social-history" }, [
  {
    key: "sleep",
    code: 601,
    title: "Sleep",
    kind: "event",
    aggregation: "count",
    unit: "",
    codings: [{ system: SYSTEM.pghd, code: "sleepEpisode" }],
    hkCategory: "SleepAnalysis",
    hc: "SleepSession.stages",
    vendor: {
      google_health: ["sleep"],
      oura: ["sleep.sleep_phase_5_min", "sleep.sleep_phase_30_sec"],
      whoop: ["sleep"],
      garmin: ["sleeps.sleepLevelsMap"],
      withings: ["sleep.state"],
      polar: ["sleep.hypnogram"],
    },
  },
  night("sleep_duration", 602, "Time asleep", "min", DAY, "93832-4", "totalSleepTime", {
    google_health: ["sleep.summary.minutesAsleep"],
    oura: ["sleep.total_sleep_duration"],
    garmin: ["sleeps.durationInSeconds"],
    withings: ["sleepSummary.total_sleep_time", "sleepSummary.asleepduration"],
    fitbit: ["sleep.minutesAsleep"],
  }),
  night("sleep_deep", 603, "Deep sleep", "min", DAY, "93831-6", "deepSleepDuration", {
    oura: ["sleep.deep_sleep_duration"],
    whoop: [stage("slow_wave_sleep")],
    garmin: ["sleeps.deepSleepDurationInSeconds"],
    withings: ["sleepSummary.deepsleepduration"],
    polar: ["sleep.deep_sleep"],
  }),
  night("sleep_light", 604, "Light sleep", "min", DAY, "93830-8", "coreSleepDuration", {
    oura: ["sleep.light_sleep_duration"],
    whoop: [stage("light_sleep")],
    garmin: ["sleeps.lightSleepDurationInSeconds"],
    withings: ["sleepSummary.lightsleepduration"],
    polar: ["sleep.light_sleep"],
  }),
  night("sleep_rem", 605, "REM sleep", "min", DAY, "93829-0", "remSleepDuration", {
    oura: ["sleep.rem_sleep_duration"],
    whoop: [stage("rem_sleep")],
    garmin: ["sleeps.remSleepInSeconds"],
    withings: ["sleepSummary.remsleepduration"],
    polar: ["sleep.rem_sleep"],
  }),
  night("sleep_awake", 606, "Time awake in the night", "min", DAY, "93828-2", "wakeAfterSleepOnset", {
    google_health: ["sleep.summary.minutesAwake"],
    oura: ["sleep.awake_time"],
    whoop: [stage("awake")],
    garmin: ["sleeps.awakeDurationInSeconds"],
    withings: ["sleepSummary.waso"],
    polar: ["sleep.total_interruption_duration"],
  }),
  night(
    "sleep_latency",
    607,
    "Time to fall asleep",
    "min",
    [0, 720],
    undefined,
    "latencyToSleepOnset",
    {
      google_health: ["sleep.summary.minutesToFallAsleep"],
      oura: ["sleep.latency"],
      withings: ["sleepSummary.sleep_latency"],
    },
    { aggregation: "last" },
  ),
  night("time_in_bed", 608, "Time in bed", "min", DAY, undefined, undefined, {
    google_health: ["sleep.summary.minutesInSleepPeriod"],
    oura: ["sleep.time_in_bed"],
    whoop: [stage("in_bed")],
    withings: ["sleepSummary.total_timeinbed"],
    fitbit: ["sleep.timeInBed"],
  }),
  night(
    "sleep_efficiency",
    609,
    "Sleep efficiency",
    "%",
    [0, 100],
    undefined,
    "sleepEfficiencyPercentage",
    {
      oura: ["sleep.efficiency"],
      whoop: ["sleep.score.sleep_efficiency_percentage"],
      withings: ["sleepSummary.sleep_efficiency"],
      fitbit: ["sleep.efficiency"],
    },
    { aggregation: "last" },
  ),
  night("awakenings", 610, "Awakenings", "{count}", [0, 300], "93827-4", "numberOfAwakenings", {
    withings: ["sleepSummary.wakeupcount"],
  }),
  // The lowest heart rate of a night is no resting heart rate.
  night(
    "sleep_hr_min",
    611,
    "Lowest heart rate in sleep",
    "/min",
    [20, 200],
    undefined,
    undefined,
    { oura: ["sleep.lowest_heart_rate"], withings: ["sleepSummary.hr_min"] },
    { aggregation: "min" },
  ),
]);
