import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { BatchBuilder } from "../../shared/health/batch.ts";
import { type Batch, ZONE_UNKNOWN } from "../../shared/health/reading.ts";
import { DEXCOM_MODULE } from "../../shared/vendors/dexcom/module.ts";
import { GARMIN_HOOK } from "../../shared/vendors/garmin/hook.ts";
import { GARMIN_MODULE } from "../../shared/vendors/garmin/module.ts";
import { OURA_HOOK } from "../../shared/vendors/oura/hook.ts";
import { OURA_MODULE } from "../../shared/vendors/oura/module.ts";
import { POLAR_MODULE } from "../../shared/vendors/polar/module.ts";
import { STRAVA_HOOK } from "../../shared/vendors/strava/hook.ts";
import { STRAVA_MODULE } from "../../shared/vendors/strava/module.ts";
import { SUUNTO_MODULE } from "../../shared/vendors/suunto/module.ts";
import { ULTRAHUMAN_MODULE } from "../../shared/vendors/ultrahuman/module.ts";
import type { HookCall, HookSecrets, Range, VendorModule } from "../../shared/vendors/vendor.ts";
import { WHOOP_HOOK } from "../../shared/vendors/whoop/hook.ts";
import { WHOOP_MODULE } from "../../shared/vendors/whoop/module.ts";
import { WITHINGS_HOOK } from "../../shared/vendors/withings/hook.ts";
import { WITHINGS_MODULE } from "../../shared/vendors/withings/module.ts";
import type { Check } from "./apple.ts";

/** Everything that a batch says of a metric. */
interface Value {
  readonly metric: string;
  readonly value: number | null;
  readonly start: number;
  readonly end: number;
  readonly date: string | undefined;
}

/** A reply among the samples, with what must come out of it: what the independent reader states, in canonical units. */
interface Page {
  readonly file: string;
  readonly module: VendorModule;
  readonly resource: string;
  /** Where in the file the reply lies. */
  readonly at?: readonly string[];
  readonly asked?: Range;
  readonly expect: (expected: unknown, batch: Batch) => readonly (readonly [what: string, found: unknown, wanted: unknown])[];
}

const DELIVERY = { connection: "con_eu_01k00000000000000000000000", syncedAt: Date.parse("2027-01-01T00:00:00Z"), timeZone: "UTC" };
const KCAL_PER_KJ = 1 / 4.184;

const items = z.looseObject({ items: z.array(z.record(z.string(), z.unknown())) });
const leaves = z.looseObject({
  numeric_leaf_stats: z.record(
    z.string(),
    z.object({ n: z.number(), min: z.number(), max: z.number(), mean: z.number(), sum: z.number() }),
  ),
  min_time_string: z.string().nullable(),
  max_time_string: z.string().nullable(),
});
const glucose = z.looseObject({ n: z.number(), numeric: z.object({ min: z.number(), max: z.number() }), utc_times: z.array(z.string()) });

const totals = z.object({ n: z.number(), sum: z.number() });
const days = z.looseObject({ days: z.number(), steps: totals, first: z.string(), last: z.string() });
const groups = z.looseObject({ measures: z.number(), by_type: z.record(z.string(), totals) });
const stretches = z.looseObject({
  series_n: z.number(),
  states_seconds: z.record(z.string(), z.number()),
  hr: totals.nullable(),
  rr: totals.nullable(),
  first: z.number(),
  last: z.number(),
});
const nights = z.looseObject({ deepsleepduration: totals, lightsleepduration: totals, wakeupduration: totals });
const walks = z.looseObject({ series_n: z.number(), calories: totals, steps: totals, distance: totals });

/** The one item that the independent reader found. */
const item = (expected: unknown): Readonly<Record<string, unknown>> => items.parse(expected).items[0] ?? {};
/** The sum of a number of the file, by its place. */
const leaf = (expected: unknown, place: string): number => leaves.parse(expected).numeric_leaf_stats[place]?.sum ?? Number.NaN;
/** The summaries of a push of Garmin that the independent reader found. */
const summaries = (expected: unknown, key: string): readonly Readonly<Record<string, unknown>>[] =>
  z.record(z.string(), z.array(z.record(z.string(), z.unknown()))).parse(expected)[key] ?? [];
const summary = (expected: unknown, key: string): Readonly<Record<string, unknown>> => summaries(expected, key)[0] ?? {};
const minutes = (seconds: unknown): number => Number(seconds) / 60;

const PAGES: readonly Page[] = [
  {
    file: "oura/ow_daily_readiness.json",
    module: OURA_MODULE,
    resource: "daily_readiness",
    expect: (expected, batch) => [
      ["score", valueOf(batch, "score.readiness"), item(expected)["score"]],
      ["day", dateOf(batch, "score.readiness"), item(expected)["day"]],
    ],
  },
  {
    file: "oura/ow_sleep_long.json",
    module: OURA_MODULE,
    resource: "sleep",
    // The file's night ends before it starts: it is kept apart, and its figures count.
    expect: (expected, batch) => [
      ["asleep", valueOf(batch, "sleep_duration"), minutes(item(expected)["total_sleep_duration"])],
      ["deep", valueOf(batch, "sleep_deep"), minutes(item(expected)["deep_sleep_duration"])],
      ["light", valueOf(batch, "sleep_light"), minutes(item(expected)["light_sleep_duration"])],
      ["rem", valueOf(batch, "sleep_rem"), minutes(item(expected)["rem_sleep_duration"])],
      ["awake", valueOf(batch, "sleep_awake"), minutes(item(expected)["awake_time"])],
      ["variability", valueOf(batch, "hrv_rmssd"), item(expected)["average_hrv"]],
      ["heart rate", valueOf(batch, "heart_rate"), item(expected)["average_heart_rate"]],
      ["lowest heart rate", valueOf(batch, "sleep_hr_min"), item(expected)["lowest_heart_rate"]],
      ["no resting heart rate", valueOf(batch, "resting_heart_rate"), undefined],
      [
        "kept apart",
        batch.quarantined.map(({ metric, at }) => [metric, at]),
        [["sleep", Date.parse(String(item(expected)["bedtime_start"]))]],
      ],
    ],
  },
  {
    file: "oura/ow_workout.json",
    module: OURA_MODULE,
    resource: "workout",
    expect: (expected, batch) => [["id", batch.workouts.map(({ id }) => id), [`workout/${String(item(expected)["id"])}`]]],
  },
  {
    file: "whoop/spec_get_v2_cycle_200.json",
    module: WHOOP_MODULE,
    resource: "cycle",
    expect: (expected, batch) => [
      ["strain", close(valueOf(batch, "score.strain")), close(leaf(expected, "records[].score.strain"))],
      ["energy", close(valueOf(batch, "energy_total")), close(leaf(expected, "records[].score.kilojoule") * KCAL_PER_KJ)],
      ["heart rate", valueOf(batch, "heart_rate"), leaf(expected, "records[].score.average_heart_rate")],
    ],
  },
  ...(["whoop/spec_get_v2_recovery_200.json", "whoop/whoopmcp_endpoint_fixtures.json"] as const).map((file): Page => ({
    file,
    module: WHOOP_MODULE,
    resource: "recovery",
    ...(file.includes("mcp") ? { at: ["/v2/recovery"] } : {}),
    expect: (expected, batch) => {
      const of = (name: string) => leaf(expected, `${file.includes("mcp") ? "/v2/recovery." : ""}records[].score.${name}`);
      return [
        ["recovery", valueOf(batch, "score.recovery"), of("recovery_score")],
        ["resting heart rate", valueOf(batch, "resting_heart_rate"), of("resting_heart_rate")],
        ["variability", close(valueOf(batch, "hrv_rmssd")), close(of("hrv_rmssd_milli"))],
        ["oxygen", valueOf(batch, "spo2"), of("spo2_percentage")],
        ["skin", valueOf(batch, "skin_temp"), of("skin_temp_celsius")],
      ];
    },
  })),
  ...(
    [
      ["whoop/whoop-list-sleep-example.json", ["response", "body"], "response.body."],
      ["whoop/whoopmcp_endpoint_fixtures.json", ["/v2/activity/sleep"], "/v2/activity/sleep."],
    ] as const
  ).map(([file, at, place]): Page => ({
    file,
    module: WHOOP_MODULE,
    resource: "sleep",
    at,
    expect: (expected, batch) => {
      const stage = (name: string) => leaf(expected, `${place}records[].score.stage_summary.total_${name}_time_milli`) / 60_000;
      return [
        ["in bed", valueOf(batch, "time_in_bed"), stage("in_bed")],
        ["awake", valueOf(batch, "sleep_awake"), stage("awake")],
        ["light", valueOf(batch, "sleep_light"), stage("light_sleep")],
        ["deep", valueOf(batch, "sleep_deep"), stage("slow_wave_sleep")],
        ["rem", valueOf(batch, "sleep_rem"), stage("rem_sleep")],
        ["breaths", valueOf(batch, "respiratory_rate"), leaf(expected, `${place}records[].score.respiratory_rate`)],
        ["score", valueOf(batch, "score.sleep"), leaf(expected, `${place}records[].score.sleep_performance_percentage`)],
      ];
    },
  })),
  ...(
    [
      ["whoop/spec_get_v2_activity_workout_200.json", [], ""],
      ["whoop/whoopmcp_endpoint_fixtures.json", ["/v2/activity/workout"], "/v2/activity/workout."],
    ] as const
  ).map(([file, at, place]): Page => ({
    file,
    module: WHOOP_MODULE,
    resource: "workout",
    at,
    expect: (expected, batch) => {
      const of = (name: string) => leaf(expected, `${place}records[].score.${name}`);
      const totals = batch.workouts[0]?.totals ?? {};
      return [
        ["type", batch.workouts.map(({ type }) => type), ["running"]],
        ["energy", close(totals["energy_total"]), close(of("kilojoule") * KCAL_PER_KJ)],
        // The independent reader leaves some numbers of the second file out.
        ...(place === ""
          ? ([
              ["distance", close(totals["distance_walk_run"]), close(of("distance_meter"))],
              ["climb", close(totals["elevation_gain"]), close(of("altitude_gain_meter"))],
            ] as const)
          : []),
        ["heart rates", [totals["heart_rate_mean"], totals["heart_rate_max"]], [of("average_heart_rate"), of("max_heart_rate")]],
      ];
    },
  })),
  {
    file: "whoop/whoopmcp_endpoint_fixtures.json",
    module: WHOOP_MODULE,
    resource: "body_measurement",
    at: ["/v2/user/measurement/body"],
    expect: (expected, batch) => [
      ["weight", valueOf(batch, "body_weight"), leaf(expected, "/v2/user/measurement/body.weight_kilogram")],
      ["height", valueOf(batch, "body_height"), close(leaf(expected, "/v2/user/measurement/body.height_meter") * 100)],
    ],
  },
  {
    file: "polar/ow_continuous_hr.json",
    module: POLAR_MODULE,
    resource: "continuous-heart-rate",
    expect: (expected, batch) => [
      ["sum", sumOf(batch, "heart_rate"), leaf(expected, "heart_rate_samples[].heart_rate")],
      ["count", valuesOf(batch, "heart_rate").length, leaves.parse(expected).numeric_leaf_stats["heart_rate_samples[].heart_rate"]?.n],
    ],
  },
  ...(
    [
      ["polar/ow_exercise_zones.json", "", "running", "distance_walk_run"],
      ["polar/spec_get_v3_exercises_200.json", "[].", "water_skiing", "distance"],
    ] as const
  ).map(([file, place, type, distance]): Page => ({
    file,
    module: POLAR_MODULE,
    resource: "exercises",
    expect: (expected, batch) => {
      const [workout] = batch.workouts;
      const totals = workout?.totals ?? {};
      return [
        ["type", workout?.type, type],
        ["energy", totals["energy_total"], leaf(expected, `${place}calories`)],
        ["distance", totals[distance], leaf(expected, `${place}distance`)],
        [
          "heart rates",
          [totals["heart_rate_mean"], totals["heart_rate_max"]],
          [leaf(expected, `${place}heart_rate.average`), leaf(expected, `${place}heart_rate.maximum`)],
        ],
        ["offset", (workout?.zone ?? 0) / 60, leaf(expected, `${place}start_time_utc_offset`)],
      ];
    },
  })),
  ...(
    [
      ["polar/ow_nightly_recharge.json", ""],
      ["polar/spec_get_v3_users_nightly_recharge_200.json", "recharges[]."],
    ] as const
  ).map(([file, place]): Page => ({
    file,
    module: POLAR_MODULE,
    resource: "nightly-recharge",
    expect: (expected, batch) => {
      const samples = Object.entries(leaves.parse(expected).numeric_leaf_stats).filter(([name]) => name.startsWith(`${place}hrv_samples.`));
      return [
        ["variability", dailyOf(batch, "hrv_rmssd"), leaf(expected, `${place}heart_rate_variability_avg`)],
        ["breaths", dailyOf(batch, "respiratory_rate"), leaf(expected, `${place}breathing_rate_avg`)],
        ["recovery", dailyOf(batch, "score.recovery"), leaf(expected, `${place}nightly_recharge_status`)],
        ["samples", samplesOf(batch, "hrv_rmssd").map(({ value }) => value), samples.map(([, { sum }]) => sum)],
      ];
    },
  })),
  {
    file: "polar/spec_get_v3_users_activities_200.json",
    module: POLAR_MODULE,
    resource: "activities",
    expect: (expected, batch) => [
      ["steps", valueOf(batch, "steps"), leaf(expected, "[].steps")],
      [
        "energy",
        [valueOf(batch, "energy_total"), valueOf(batch, "energy_active")],
        [leaf(expected, "[].calories"), leaf(expected, "[].active_calories")],
      ],
      ["distance", valueOf(batch, "distance_walk_run"), leaf(expected, "[].distance_from_steps")],
    ],
  },
  {
    file: "polar/spec_get_v3_users_sleep_200.json",
    module: POLAR_MODULE,
    resource: "sleep",
    expect: (expected, batch) => [
      ["score", valueOf(batch, "score.sleep"), leaf(expected, "nights[].sleep_score")],
      ["day", batch.sleepSessions.map(({ date }) => date), ["2020-01-01"]],
      ["stages", batch.sleepSessions[0]?.stages.map(({ stage }) => stage), ["light", "unknown"]],
      ["heart rates", valuesOf(batch, "heart_rate").map(({ value }) => value), [76, 77, 76]],
    ],
  },
  {
    file: "ultrahuman/ow_metrics_response.json",
    module: ULTRAHUMAN_MODULE,
    resource: "metrics",
    asked: { from: Date.parse("2024-01-15T00:00:00Z"), to: Date.parse("2024-01-16T00:00:00Z") },
    expect: (expected, batch) => {
      const stats = leaves.parse(expected).numeric_leaf_stats;
      const rows = ["heart_rate", "skin_temp", "hrv_rmssd"].flatMap((metric) => samplesOf(batch, metric));
      return [
        ["first", Math.min(...rows.map(({ start }) => start)), (stats["data.metric_data[].object.values[].timestamp"]?.min ?? 0) * 1000],
        [
          "night",
          batch.sleepSessions.map(({ start, end }) => [start, end]),
          [
            [
              leaf(expected, "data.metric_data[].object.bedtime_start") * 1000,
              leaf(expected, "data.metric_data[].object.bedtime_end") * 1000,
            ],
          ],
        ],
        ["steps", valueOf(batch, "steps"), leaf(expected, "data.metric_data[].object.total")],
        ["day", new Set(batch.readings.flatMap(({ date }) => date ?? [])).size, 1],
      ];
    },
  },
  ...(["withings/joostlek_activity.json", "withings/shimmer_withings-activity-measures.json"] as const).map((file): Page => ({
    file,
    module: WITHINGS_MODULE,
    resource: "activity",
    expect: (expected, batch) => {
      const { days: n, steps, first, last } = days.parse(expected);
      const dates = valuesOf(batch, "steps").flatMap(({ date }) => date ?? []);
      return [
        ["days", dates.length, n],
        ["steps", sumOf(batch, "steps"), steps.sum],
        ["from and to", [dates.toSorted()[0], dates.toSorted().at(-1)], [first, last]],
      ];
    },
  })),
  ...(["withings/joostlek_measurement.json", "withings/shimmer_withings-body-measures.json"] as const).map((file): Page => ({
    file,
    module: WITHINGS_MODULE,
    resource: "measures",
    expect: (expected, batch) => {
      const { by_type: by } = groups.parse(expected);
      const pressures = batch.readings.flatMap(({ metric, components }) => (metric === "blood_pressure" ? [components] : []));
      return [
        ["weight", close(sumOf(batch, "body_weight")), close(by["1"]?.sum)],
        ["height", close(sumOf(batch, "body_height")), close((by["4"]?.sum ?? 0) * 100)],
        ["heart rate", sumOf(batch, "heart_rate"), by["11"]?.sum ?? 0],
        ["temperature", sumOf(batch, "body_temperature"), by["71"]?.sum ?? 0],
        ["pressures", pressures, by["10"] === undefined ? [] : [{ systolic: by["10"].sum, diastolic: by["9"]?.sum }]],
        // A type that Withings does not describe.
        ["kept apart", batch.quarantined.map(({ reason }) => reason), Array.from({ length: by["18"]?.n ?? 0 }, () => "no_metric")],
      ];
    },
  })),
  ...(["withings/joostlek_sleep.json", "withings/shimmer_withings-sleep-measures.json"] as const).map((file): Page => ({
    file,
    module: WITHINGS_MODULE,
    resource: "sleep",
    expect: (expected, batch) => {
      const { series_n: n, states_seconds: states, hr, rr, first, last } = stretches.parse(expected);
      const found = batch.sleepStretches;
      const lasting = (stage: string) => found.reduce((sum, one) => sum + (one.stage === stage ? (one.end - one.start) / 1000 : 0), 0);
      return [
        ["stretches", found.length, n],
        ["stages", ["awake", "light", "deep", "rem"].map(lasting), ["0", "1", "2", "3"].map((state) => states[state] ?? 0)],
        [
          "from and to",
          [Math.min(...found.map(({ start }) => start)), Math.max(...found.map(({ end }) => end))],
          [first * 1000, last * 1000],
        ],
        ["heart rates", [valuesOf(batch, "heart_rate").length, sumOf(batch, "heart_rate")], [hr?.n ?? 0, hr?.sum ?? 0]],
        ["breaths", [valuesOf(batch, "respiratory_rate").length, sumOf(batch, "respiratory_rate")], [rr?.n ?? 0, rr?.sum ?? 0]],
      ];
    },
  })),
  {
    file: "withings/joostlek_workouts.json",
    module: WITHINGS_MODULE,
    resource: "workouts",
    expect: (expected, batch) => {
      const { series_n: n, calories, steps, distance } = walks.parse(expected);
      const sum = (name: string) => batch.workouts.reduce((all, { totals: of }) => all + (of[name] ?? 0), 0);
      return [
        ["walks", batch.workouts.filter(({ type }) => type === "walking").length, n],
        ["sums", [sum("energy_active"), sum("steps"), sum("distance_walk_run")], [calories.sum, steps.sum, distance.sum]],
      ];
    },
  },
  {
    file: "garmin/radar_push_dailies.json",
    module: GARMIN_MODULE,
    resource: "dailies",
    expect: (expected, batch) => {
      const days = summaries(expected, "dailies");
      const of = (metric: string) => valuesOf(batch, metric).filter(({ date }) => date !== undefined);
      const dates = days.map(
        ({ calendarDate, startTimeInSeconds, startTimeOffsetInSeconds }) =>
          calendarDate ?? new Date((Number(startTimeInSeconds) + Number(startTimeOffsetInSeconds)) * 1000).toISOString().slice(0, 10),
      );
      const values = (metric: string) => of(metric).map(({ value, date }) => [date, value]);
      const told = (name: string) => days.flatMap((one, i) => (one[name] === undefined ? [] : [[dates[i], one[name]]]));
      return [
        ["steps", values("steps"), told("steps")],
        ["distance", values("distance_walk_run"), told("distanceInMeters")],
        ["energy", values("energy_active"), told("activeKilocalories")],
        ["resting heart rate", values("resting_heart_rate"), told("restingHeartRateInBeatsPerMinute")],
        ["no mean of a week", of("heart_rate"), []],
        ["heart rates", samplesOf(batch, "heart_rate").length, 16],
      ];
    },
  },
  {
    file: "garmin/radar_push_epochs.json",
    module: GARMIN_MODULE,
    resource: "epochs",
    expect: (expected, batch) => {
      const epoch = summary(expected, "epochs");
      const start = Number(epoch["startTimeInSeconds"]) * 1000;
      return [
        ["steps", valueOf(batch, "steps"), epoch["steps"]],
        ["distance", valueOf(batch, "distance_walk_run"), epoch["distanceInMeters"]],
        ["energy", valueOf(batch, "energy_active"), epoch["activeKilocalories"]],
        ["time", valuesOf(batch, "steps").map((one) => [one.start, one.end]), [[start, start + Number(epoch["durationInSeconds"]) * 1000]]],
        ["offset", batch.series[0]?.zone[0], epoch["startTimeOffsetInSeconds"]],
      ];
    },
  },
  {
    file: "garmin/ow_push_sleep.json",
    module: GARMIN_MODULE,
    resource: "sleeps",
    expect: (expected, batch) => {
      const night = summary(expected, "sleeps");
      const start = Number(night["startTimeInSeconds"]) * 1000;
      return [
        // Its duration counts the time awake in, as the sum of its parts tells.
        ["asleep", valueOf(batch, "sleep_duration"), minutes(Number(night["durationInSeconds"]) - Number(night["awakeDurationInSeconds"]))],
        ["deep", valueOf(batch, "sleep_deep"), minutes(night["deepSleepDurationInSeconds"])],
        ["light", valueOf(batch, "sleep_light"), minutes(night["lightSleepDurationInSeconds"])],
        ["rem", valueOf(batch, "sleep_rem"), minutes(night["remSleepInSeconds"])],
        ["awake", valueOf(batch, "sleep_awake"), minutes(night["awakeDurationInSeconds"])],
        [
          "night",
          batch.sleepSessions.map((one) => [one.start, one.end, one.date]),
          [[start, start + Number(night["durationInSeconds"]) * 1000, night["calendarDate"]]],
        ],
      ];
    },
  },
  {
    file: "garmin/ow_push_body_comp.json",
    module: GARMIN_MODULE,
    resource: "bodyComps",
    expect: (expected, batch) => [
      ["weight", valueOf(batch, "body_weight"), Number(summary(expected, "bodyComps")["weightInGrams"]) / 1000],
    ],
  },
  {
    file: "garmin/ow_push_activity.json",
    module: GARMIN_MODULE,
    resource: "activities",
    expect: (expected, batch) => {
      const activity = summary(expected, "activities");
      const [workout] = batch.workouts;
      const start = Number(activity["startTimeInSeconds"]) * 1000;
      return [
        ["type", workout?.type, String(activity["activityType"]).toLowerCase()],
        ["time", [workout?.start, workout?.end], [start, start + Number(activity["durationInSeconds"]) * 1000]],
        [
          "totals",
          ["steps", "distance_walk_run", "energy_active", "heart_rate_mean"].map((name) => workout?.totals[name]),
          ["steps", "distanceInMeters", "activeKilocalories", "averageHeartRateInBeatsPerMinute"].map((name) => activity[name]),
        ],
      ];
    },
  },
  ...(
    [
      ["strava/spec_activity_list.json", "[]."],
      ["strava/spec_activity_detail.json", ""],
    ] as const
  ).map(([file, place]): Page => ({
    file,
    module: STRAVA_MODULE,
    resource: "activity",
    expect: (expected, batch) => {
      const { numeric_leaf_stats: stats, max_time_string: last } = leaves.parse(expected);
      const total = (name: string) => close(batch.workouts.reduce((sum, { totals }) => sum + (totals[name] ?? 0), 0));
      const stated = (name: string) => close(stats[`${place}${name}`]?.sum ?? 0);
      return [
        ["activities", batch.workouts.length, stats[`${place}distance`]?.n],
        ["type", [...new Set(batch.workouts.map(({ type }) => type))], ["mountain_biking"]],
        ["offset", batch.workouts.reduce((sum, { zone }) => sum + zone, 0), stats[`${place}utc_offset`]?.sum],
        ["lasting", batch.workouts.reduce((sum, { start, end }) => sum + (end - start) / 1000, 0), stats[`${place}elapsed_time`]?.sum],
        ["last", batch.workouts.some(({ start }) => new Date(start).toISOString().replace(".000Z", "Z") === last) || place === "", true],
        ...(
          [
            ["distance_cycling", "distance"],
            ["elevation_gain", "total_elevation_gain"],
            ["speed_cycle_mean", "average_speed"],
            ["speed_cycle_max", "max_speed"],
            ["heart_rate_mean", "average_heartrate"],
            ["heart_rate_max", "max_heartrate"],
            ["power_cycle_mean", "average_watts"],
            ["power_cycle_max", "max_watts"],
            ["cadence_cycle_mean", "average_cadence"],
            ["energy_active", "calories"],
          ] as const
        ).map(([name, leafName]) => [name, total(name), stated(leafName)] as const),
        ["devices", batch.sources.map(({ deviceName }) => deviceName), ["Garmin Edge 1030"]],
      ];
    },
  })),
  ...(["suunto/ow_live_workout_webhook.json", "suunto/ow_workout.json"] as const).map((file): Page => ({
    file,
    module: SUUNTO_MODULE,
    resource: "workouts",
    expect: (expected, batch) => {
      const { numeric_leaf_stats: stats } = leaves.parse(expected);
      const stated = (name: string) => stats[name]?.sum ?? 0;
      const [workout] = batch.workouts;
      const { totals = {}, start = 0, end = 0 } = workout ?? {};
      const isRun = stated("activityId") === 1;
      return [
        ["type", workout?.type, isRun ? "running" : "walking"],
        ["start", start, stated("startTime")],
        ["lasting", end - start, stated("totalTime") * 1000],
        ["offset", (workout?.zone ?? 0) / 60, stats["timeOffsetInMinutes"]?.sum ?? ZONE_UNKNOWN / 60],
        ["distance", totals["distance_walk_run"], stated("totalDistance")],
        ["climb", totals["elevation_gain"], stats["totalAscent"]?.sum],
        ["energy", totals["energy_total"] ?? 0, stated("energyConsumption")],
        ["steps", totals["steps"] ?? 0, stated("stepCount")],
        [
          "heart rates",
          [totals["heart_rate_mean"], totals["heart_rate_max"], totals["heart_rate_min"]],
          [stated("hrdata.workoutAvgHR"), stated("hrdata.workoutMaxHR"), stats["hrdata.min"]?.sum],
        ],
      ];
    },
  })),
  {
    file: "cgm/dexcom_v3_egvs_normal.json",
    module: DEXCOM_MODULE,
    resource: "egvs",
    expect: (expected, batch) => {
      const { n, numeric, utc_times } = glucose.parse(expected);
      const found = valuesOf(batch, "cgm_glucose");
      return [
        ["count", found.length, n],
        ["values", found.map(({ value }) => value), [numeric.min]],
        ["times", found.map(({ start }) => start), utc_times.map((text) => Date.parse(text))],
        ["offsets", batch.series.map(({ zone }) => zone[0]), [-7 * 3600, -7 * 3600]],
      ];
    },
  },
];

/** Reads every reply and notification of Oura, WHOOP, Polar, Dexcom, Ultrahuman, Garmin and Withings among the samples, each twice. */
export async function vendorSamples(samplesDir: string): Promise<Check[]> {
  const load = async (path: string): Promise<unknown> => JSON.parse(await readFile(join(samplesDir, path), "utf8"));
  const expected = z.record(z.string(), z.unknown()).parse(await load("EXPECT.json"));
  const checks: Check[] = [];
  for (const { file, module, resource, at = [], asked, expect } of PAGES) {
    const reply = at.reduce<unknown>((inner, name) => z.record(z.string(), z.unknown()).parse(inner)[name], await load(file));
    const read = () => {
      const into = new BatchBuilder();
      return { outcome: module.readPage(resource, reply, into, DELIVERY, asked), batch: into.take() };
    };
    const [first, again] = [read(), read()];
    checks.push(
      same(`${file}: rejected`, first.outcome.rejected, {}),
      same(`${file}: read again`, JSON.stringify(plain(again.batch)), JSON.stringify(plain(first.batch))),
      ...expect(expected[file], first.batch).map(([what, found, wanted]) => same(`${file}: ${what}`, found, wanted)),
    );
  }
  return [...checks, ...(await nightsOfSummaries(load, expected)), ...(await otherReplies(load, samplesDir))];
}

/** Nights whose stages a further call brings: their figures wait in the token of it, and come with it where there are no stages. */
async function nightsOfSummaries(load: (path: string) => Promise<unknown>, expected: Readonly<Record<string, unknown>>): Promise<Check[]> {
  const file = "withings/shimmer_withings-sleep-summary.json";
  const reply = await load(file);
  const read = () => {
    const into = new BatchBuilder();
    const { next, rejected } = WITHINGS_MODULE.readPage("sleep", reply, into, DELIVERY);
    const page = next === undefined ? DELIVERY : { ...DELIVERY, page: next };
    WITHINGS_MODULE.readPage("sleep", { status: 0, body: { series: [] } }, into, page);
    return { rejected, batch: into.take() };
  };
  const [first, again] = [read(), read()];
  const { deepsleepduration: deep, lightsleepduration: light, wakeupduration: awake } = nights.parse(expected[file]);
  const inMinutes = (metric: string) => valuesOf(first.batch, metric).map(({ value }) => value);
  return [
    same(`${file}: rejected`, first.rejected, {}),
    same(`${file}: read again`, JSON.stringify(plain(again.batch)), JSON.stringify(plain(first.batch))),
    same(`${file}: nights`, [inMinutes("sleep_deep"), inMinutes("sleep_light"), inMinutes("sleep_awake")].map(total), [
      deep.sum / 60,
      light.sum / 60,
      awake.sum / 60,
    ]),
  ];
}

const total = (values: readonly (number | null)[]): number => values.reduce<number>((sum, value) => sum + (value ?? 0), 0);

/** Notifications, identities and subscriptions. */
async function otherReplies(load: (path: string) => Promise<unknown>, samplesDir: string): Promise<Check[]> {
  const text = (value: unknown) => new Uint8Array(new TextEncoder().encode(JSON.stringify(value)));
  const call = (value: unknown): HookCall => ({
    method: "POST",
    headers: new Headers(),
    query: new URLSearchParams(),
    body: text(value),
    now: DELIVERY.syncedAt,
  });
  const secrets: HookSecrets = {
    credentials: { clientId: "c", clientSecret: "s", more: {} },
    pathSecret: "p",
    subscriptionSecrets: [],
    subscriptionIds: [],
    verifyTink: async () => false,
  };
  const told = (hook: typeof OURA_HOOK, value: unknown) =>
    hook.read(call(value), secrets).changes.map(({ userId, resource, operation, object }) => [userId, resource, operation, object]);
  const oura = "oura/ow_webhook_create_daily_sleep.json";
  const whoop = "whoop/whoop-webhook-sleep-updated-example.json";
  const example = z.object({ request: z.object({ body: z.unknown() }) }).parse(await load(whoop)).request.body;
  const endpoints = z.record(z.string(), z.unknown()).parse(await load("whoop/whoopmcp_endpoint_fixtures.json"));
  const created = "polar/spec_post_v3_webhooks_201.json";
  const hook = z
    .object({ data: z.object({ url: z.string(), id: z.string(), signature_secret_key: z.string() }) })
    .parse(await load(created)).data;
  const subscription = POLAR_MODULE.subscriptions?.readCreated(await load(created), "all", hook.url);
  const notifications = "polar/spec_get_v3_notifications_200.json";
  const registered = "polar/spec_post_v3_users_200.json";
  const user = z.looseObject({ "polar-user-id": z.number() }).parse(await load(registered));
  const available = z
    .object({ "available-user-data": z.array(z.looseObject({ "user-id": z.number(), "data-type": z.string() })) })
    .parse(await load(notifications))["available-user-data"];
  const dexcom = "cgm/dexcom_v3_datarange.json";
  const garmin = "garmin/radar_push_dailies.json";
  const people = GARMIN_HOOK.read(call(await load(garmin)), secrets).inline?.map(({ userId, resource, reply }) => [
    userId,
    resource,
    z.array(z.unknown()).parse(reply).length,
  ]);
  const ridden = "strava/webhook_doc_create.json";
  const challenge = "strava/webhook_verify_query.txt";
  const athlete = "strava/spec_athlete.json";
  const asked: HookCall = {
    ...call(null),
    method: "GET",
    query: new URLSearchParams((await readFile(join(samplesDir, challenge), "utf8")).trim()),
  };
  const form = "withings/notify_form_weight.txt";
  const weighed = { ...call(null), body: new Uint8Array(await readFile(join(samplesDir, form))) };
  return [
    same(`${garmin}: people`, people, [
      ["sub-1", "dailies", 1],
      ["sub-2", "dailies", 1],
    ]),
    same(`${ridden}: change`, told(STRAVA_HOOK, await load(ridden)), [["134815", "activity", "upsert", "1360128428"]]),
    same(`${ridden}: whose`, await STRAVA_HOOK.verify(call(await load(ridden)), { ...secrets, subscriptionIds: ["120475"] }), "genuine"),
    same(`${challenge}: answer`, STRAVA_HOOK.handshake?.(asked, { ...secrets, pathSecret: "STRAVA" }), {
      status: 200,
      body: { "hub.challenge": "15f7d1a91c1f40f8a748fd134752feb3" },
    }),
    // Its example's number is beyond what any reader of JSON keeps exactly.
    same(`${athlete}: person`, STRAVA_MODULE.readIdentity({ athlete: await load(athlete) }), { userId: "1234567890987654400" }),
    same(`${oura}: change`, told(OURA_HOOK, await load(oura)), [["oura-user-123", "daily_sleep", "upsert", "abc-123"]]),
    same(`${whoop}: change`, told(WHOOP_HOOK, example), [["10129", "sleep", "upsert", "ecfc6a15-4661-442f-a9a4-f160dd7afae8"]]),
    same("whoop/whoopmcp_endpoint_fixtures.json: person", WHOOP_MODULE.readIdentity(endpoints["/v2/user/profile/basic"]), {
      userId: "12345",
    }),
    same(`${created}: secret`, [subscription?.id, subscription?.secret], [hook.id, hook.signature_secret_key]),
    // What Polar's list of news names is what its webhooks name: the same events, told to nobody else.
    same(
      `${notifications}: events`,
      available.map(
        (one) =>
          POLAR_MODULE.hook?.read(call({ event: one["data-type"], user_id: one["user-id"], timestamp: "2027-01-01T00:00:00Z" }), secrets)
            .changes[0]?.resource,
      ),
      ["activities"],
    ),
    same(`${registered}: person`, POLAR_MODULE.readIdentity({ x_user_id: user["polar-user-id"] }), { userId: "2278512" }),
    same(
      `${form}: change`,
      WITHINGS_HOOK.read(weighed, secrets).changes.map(({ userId, resource, range }) => [userId, resource, range.from]),
      [["12345", "measures", 1_693_651_151_000]],
    ),
    same(`${dexcom}: person`, DEXCOM_MODULE.readIdentity(await load(dexcom)), { userId: "ab12cd34" }),
  ];
}

function valuesOf(batch: Batch, metric: string): Value[] {
  return [
    ...samplesOf(batch, metric),
    ...batch.readings
      .filter((reading) => reading.metric === metric)
      .map(({ value, start, end, date }) => ({ metric, value, start, end, date })),
  ];
}

function samplesOf(batch: Batch, metric: string): Value[] {
  return batch.series
    .filter((series) => series.metric === metric)
    .flatMap(({ start, end, value }) =>
      Array.from(start, (at, i) => ({ metric, value: value[i] ?? null, start: at, end: end?.[i] ?? at, date: undefined })),
    );
}

const valueOf = (batch: Batch, metric: string): number | null | undefined => valuesOf(batch, metric)[0]?.value;
const dateOf = (batch: Batch, metric: string): string | undefined => valuesOf(batch, metric)[0]?.date;
const dailyOf = (batch: Batch, metric: string): number | null | undefined =>
  valuesOf(batch, metric).find(({ date }) => date !== undefined)?.value;
const sumOf = (batch: Batch, metric: string): number => valuesOf(batch, metric).reduce((sum, { value }) => sum + (value ?? 0), 0);
/** To six digits: the independent reader rounds there. */
const close = (value: number | null | undefined): number | undefined =>
  value === null || value === undefined ? undefined : Number(value.toPrecision(6));

/** Typed columns as plain lists. */
function plain(batch: Batch): unknown {
  return { ...batch, series: batch.series.map((one) => ({ ...one, start: [...one.start], value: [...one.value], zone: [...one.zone] })) };
}

function same(name: string, found: unknown, expected: unknown): Check {
  const [is, wanted] = [JSON.stringify(found), JSON.stringify(expected)];
  return is === wanted ? { name, ok: true } : { name, ok: false, detail: `found ${is}, expected ${wanted}` };
}
