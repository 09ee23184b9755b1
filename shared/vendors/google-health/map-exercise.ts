import * as z from "zod";
import { distanceMetric } from "../../health/workout-metrics";
import { workoutType } from "../../health/workout-types";
import { duration, instant, int64, interval, note } from "./fields";
import { mapper } from "./mapper";
import { known, Rejection, some } from "./point";

const zoneTimes = z
  .object({
    lightTime: duration.optional(),
    moderateTime: duration.optional(),
    vigorousTime: duration.optional(),
    peakTime: duration.optional(),
  })
  .optional();

const summarySchema = z.object({
  caloriesKcal: z.number().optional(),
  distanceMillimeters: z.number().optional(),
  steps: int64.optional(),
  averageHeartRateBeatsPerMinute: int64.optional(),
  elevationGainMillimeters: z.number().optional(),
  averageSpeedMillimetersPerSecond: z.number().optional(),
  averagePaceSecondsPerMeter: z.number().optional(),
  activeZoneMinutes: int64.optional(),
  runVo2Max: z.number().optional(),
  totalSwimLengths: z.number().optional(),
  heartRateZoneDurations: zoneTimes,
  mobilityMetrics: z
    .object({
      avgCadenceStepsPerMinute: z.number().optional(),
      avgGroundContactTimeDuration: duration.optional(),
      avgStrideLengthMillimeters: int64.optional(),
      avgVerticalOscillationMillimeters: int64.optional(),
      avgVerticalRatio: z.number().optional(),
    })
    .optional(),
});
type Summary = z.output<typeof summarySchema>;

const splitSchema = z.object({
  startTime: instant,
  endTime: instant,
  splitType: z.string().optional(),
  activeDuration: duration.optional(),
  metricsSummary: summarySchema.optional(),
});

const schema = z.object({
  exerciseType: z.string().default("OTHER"),
  displayName: z.string().max(500).optional(),
  notes: note,
  interval,
  activeDuration: duration.optional(),
  metricsSummary: summarySchema.default({}),
  splits: z.array(splitSchema).max(500).default([]),
  splitSummaries: z.array(splitSchema).max(500).default([]),
  exerciseEvents: z
    .array(z.object({ eventTime: instant, exerciseEventType: z.string().default("") }))
    .max(1000)
    .default([]),
  exerciseMetadata: z.object({ hasGps: z.boolean().optional(), poolLengthMillimeters: int64.optional() }).optional(),
  updateTime: instant.optional(),
});

/** A workout with its totals, laps, pauses and running form. */
export const EXERCISE_MAPPERS = {
  exercise: mapper("exercise", schema, (v, p) => {
    const { start, end, zone } = v.interval;
    if (end === start) throw new Rejection("empty_interval");
    if (v.updateTime !== undefined) p.version = v.updateTime;
    const { type, vendorName } = workoutType("google_health", v.exerciseType);
    const laps = v.splits.length > 0 ? v.splits : v.splitSummaries;
    p.workout({
      start,
      end,
      zone,
      type,
      ...some("vendorType", vendorName),
      ...some("durationS", v.activeDuration),
      totals: totalsOf(v.metricsSummary, type),
      ...some(
        "events",
        v.exerciseEvents.map((e) => ({ type: e.exerciseEventType.toLowerCase(), start: e.eventTime })),
      ),
      ...some(
        "laps",
        laps.map((lap) => ({
          start: lap.startTime,
          end: lap.endTime,
          ...known({ type: lap.splitType?.toLowerCase(), durationS: lap.activeDuration }),
          totals: totalsOf(lap.metricsSummary ?? {}, type),
        })),
      ),
      ...some(
        "attributes",
        known({
          title: v.displayName,
          notes: v.notes,
          hasGps: v.exerciseMetadata?.hasGps,
          poolLengthM: metres(v.exerciseMetadata?.poolLengthMillimeters),
          swimLengths: v.metricsSummary.totalSwimLengths,
          averagePaceSPerM: v.metricsSummary.averagePaceSecondsPerMeter,
          zonesS: v.metricsSummary.heartRateZoneDurations,
        }),
      ),
    });
  }),
};

/** Totals by metric key in canonical units. Google's calories are those of the whole body during the exercise. */
function totalsOf(s: Summary, type: string): Readonly<Record<string, number>> {
  const form = s.mobilityMetrics;
  const totals: Readonly<Record<string, number | undefined>> = {
    energy_total: s.caloriesKcal,
    [distanceMetric(type)]: metres(s.distanceMillimeters),
    steps: s.steps,
    heart_rate_mean: s.averageHeartRateBeatsPerMinute,
    elevation_gain: metres(s.elevationGainMillimeters),
    speed_mean: metres(s.averageSpeedMillimetersPerSecond),
    active_zone_minutes: s.activeZoneMinutes,
    vo2_max: s.runVo2Max,
    cadence_run: form?.avgCadenceStepsPerMinute,
    ground_contact_time: form?.avgGroundContactTimeDuration === undefined ? undefined : form.avgGroundContactTimeDuration * 1000,
    stride_length: metres(form?.avgStrideLengthMillimeters),
    vertical_oscillation: form?.avgVerticalOscillationMillimeters === undefined ? undefined : form.avgVerticalOscillationMillimeters / 10,
    vertical_ratio: form?.avgVerticalRatio,
  };
  return Object.fromEntries(Object.entries(totals).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])));
}

function metres(millimetres: number | undefined): number | undefined {
  return millimetres === undefined ? undefined : millimetres / 1000;
}
