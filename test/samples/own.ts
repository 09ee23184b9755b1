/** Files of kinds of which nobody's own is among the samples, made by us in the vendor's shape: they go through the served API too. */
import { healthConnectExport } from "../fixtures/health-connect.ts";
import { zip } from "../fixtures/zip.ts";
import type { WantedSeries } from "./files.ts";

export interface OwnFile {
  readonly name: string;
  readonly kind: string;
  readonly bytes: Uint8Array;
  readonly series: readonly WantedSeries[];
  readonly nights?: number;
  readonly workouts?: number;
}

const AT = Date.UTC(2026, 2, 1, 7);
const MINUTE = 60_000;
const series = (metric: string, kind: string, n: number, ...values: number[]): WantedSeries => ({ metric, kind, n, values });

export function ownFiles(): OwnFile[] {
  return [healthConnect(), oura(), whoop(), myFitnessPal(), cronometer(), beats(), takeout()];
}

function healthConnect(): OwnFile {
  const span = (from: number, to: number) => ({
    start_time: AT + from * MINUTE,
    start_zone_offset: 3_600,
    end_time: AT + to * MINUTE,
    end_zone_offset: 3_600,
  });
  const database = healthConnectExport((rows) => {
    for (let i = 0; i < 100; i++) rows.add("steps_record_table", { ...span(i, i + 1), count: i + 1 });
    for (let hour = 0; hour < 10; hour++) {
      const record = rows.add("heart_rate_record_table", span(hour * 60, hour * 60 + 60));
      for (let i = 0; i < 1_000; i++)
        rows.part("heart_rate_record_series_table", {
          parent_key: record,
          epoch_millis: AT + hour * 60 * MINUTE + i * 3_000,
          beats_per_minute: 60 + (i % 41),
        });
    }
    const night = rows.add("sleep_session_record_table", span(-480, 0));
    rows.part("sleep_stages_table", { parent_key: night, stage_start_time: AT - 480 * MINUTE, stage_end_time: AT, stage_type: 4 });
    rows.add("exercise_session_record_table", { ...span(60, 90), exercise_type: 33 });
  });
  return {
    name: "Health Connect.zip",
    kind: "health-connect",
    bytes: zip([{ name: "health_connect_export.db", content: database }]),
    series: [series("steps", "interval", 100, 1, 100, 50.5), series("heart_rate", "sample", 10_000, 60, 100)],
    nights: 1,
    workouts: 1,
  };
}

function oura(): OwnFile {
  return {
    name: "oura.zip",
    kind: "oura",
    bytes: zip([
      {
        name: "App Data/heartrate.csv",
        content: "timestamp;bpm;source\n2026-03-01T06:00:00.000Z;61;awake\n2026-03-01T06:05:00.000Z;67;awake\n",
      },
      {
        name: "App Data/workout.csv",
        content:
          "id;activity;calories;day;distance;end_datetime;intensity;source;start_datetime\nw1;running;310;2026-03-01;5200;2026-03-01T18:30:00+01:00;moderate;confirmed;2026-03-01T18:00:00+01:00\n",
      },
    ]),
    series: [series("heart_rate", "sample", 2, 61, 67, 64)],
    workouts: 1,
  };
}

function whoop(): OwnFile {
  return {
    name: "my_whoop_data.zip",
    kind: "whoop",
    bytes: zip([
      {
        name: "physiological_cycles.csv",
        content:
          "Cycle start time,Cycle end time,Cycle timezone,Recovery score %,Resting heart rate (bpm),Day Strain,Sleep onset,Wake onset\n2026-03-01 23:30:00,2026-03-02 23:00:00,UTC+01:00,67,52,12.4,2026-03-01 23:30:00,2026-03-02 07:10:00\n",
      },
      {
        name: "workouts.csv",
        content:
          "Cycle start time,Cycle timezone,Workout start time,Workout end time,Activity name,Activity Strain\n2026-03-01 23:30:00,UTC+01:00,2026-03-02 17:00:00,2026-03-02 17:45:00,Running,11.2\n",
      },
    ]),
    series: [],
    nights: 1,
    workouts: 1,
  };
}

function myFitnessPal(): OwnFile {
  return {
    name: "File-Export.zip",
    kind: "myfitnesspal",
    bytes: zip([
      {
        name: "Nutrition-Summary.csv",
        content:
          "Date,Meal,Calories,Fat (g),Sodium (mg),Carbohydrates (g),Protein (g),Note\n2026-03-01,Breakfast,450,10,300,55,20,\n2026-03-01,Dinner,650,22,900,70,35,\n",
      },
    ]),
    series: [],
  };
}

function cronometer(): OwnFile {
  return {
    name: "biometrics.csv",
    kind: "cronometer",
    bytes: new TextEncoder().encode(
      "Day,Time,Group,Metric,Unit,Amount\n2026-03-01,07:00 AM,,Weight,kg,80\n2026-03-02,07:00 AM,,Weight,kg,79\n",
    ),
    series: [series("body_weight", "sample", 2, 79, 80, 79.5)],
  };
}

function beats(): OwnFile {
  const list = Array.from({ length: 200 }, (_, i) => 900 + (i % 2 === 0 ? 20 : -20));
  return {
    name: "2026-03-01 07-00-00.txt",
    kind: "rr-intervals",
    bytes: new TextEncoder().encode(`${list.join("\n")}\n`),
    series: [series("hrv_rmssd", "sample", 1, 40, 40, 40)],
  };
}

function takeout(): OwnFile {
  return {
    name: "takeout.zip",
    kind: "fitbit",
    bytes: zip([
      {
        name: "Takeout/Fitbit/Global Export Data/heart_rate-2026-03-01.json",
        content: '[{"dateTime":"03/01/26 08:00:05","value":{"bpm":64,"confidence":2}}]',
      },
      {
        name: "Takeout/Fitbit/Oxygen Saturation (SpO2)/Minute SpO2 - 2026-03-01.csv",
        content: "timestamp,value\n2026-03-01T02:05:00Z,95.5\n2026-03-01T02:06:00Z,96.5\n",
      },
    ]),
    series: [series("heart_rate", "sample", 1, 64, 64, 64), series("spo2", "sample", 2, 95.5, 96.5, 96)],
  };
}
