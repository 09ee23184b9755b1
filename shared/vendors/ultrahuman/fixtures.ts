/** A day in Ultrahuman's shape; numbers are invented. It begins at midnight in a zone two hours east. */

const DAY_START = Date.parse("2026-06-22T00:00:00+02:00") / 1000;
const points = (...values: readonly number[]) => values.map((value, i) => ({ value, timestamp: DAY_START + 300 * (i + 1) }));
const item = (type: string, object: object) => ({ type, object: { day_start_timestamp: DAY_START, ...object } });

export const ITEMS: readonly { readonly type: string; readonly object: Readonly<Record<string, unknown>> }[] = [
  item("hr", { values: points(58, 61), last_reading: points(61)[0], unit: "bpm" }),
  item("temp", { values: points(34.2), unit: "°C" }),
  item("hrv", { values: points(44, 52), avg: 48 }),
  item("glucose", { values: points(96, 101), unit: "mg/dL" }),
  item("steps", { values: points(0, 120), total: 8120, avg: 7000 }),
  item("night_rhr", { values: points(51), avg: 51.5 }),
  item("sleep_rhr", { value: 50 }),
  item("avg_sleep_hrv", { value: 49 }),
  item("recovery_index", { value: 77, title: "Recovery Index" }),
  item("movement_index", { value: 64 }),
  item("active_minutes", { value: 38 }),
  item("inactive_time", { value: 300 }),
  item("vo2_max", { value: 43.5 }),
  item("average_glucose", { value: 98 }),
  item("glucose_variability", { value: 14 }),
  item("time_in_target", { value: 93 }),
  item("metabolic_score", { value: null }),
  item("morning_alertness", { value: 7, unit: "/10" }),
  {
    type: "Sleep",
    object: {
      bedtime_start: DAY_START - 3600,
      bedtime_end: DAY_START + 25_200,
      quick_metrics: [
        { title: "TIME IN BED", display_text: "8h", value: 28_800, type: "time_in_bed" },
        { title: "TOTAL SLEEP", display_text: "7h", value: 25_200, type: "total_sleep" },
        { title: "EFFICIENCY", display_text: "88%", value: 88, type: "sleep_efic" },
        { title: "AVG HRV", value: 49, type: "avg_hrv" },
      ],
      sleep_stages: [
        { type: "deep_sleep", stage_time: 5400, percentage: 21 },
        { type: "light_sleep", stage_time: 12_600 },
        { type: "rem_sleep", stage_time: 7200 },
        { type: "awake", stage_time: 1800 },
      ],
      sleep_graph: [],
      spo2: { value: 97, is_beta: true },
      toss_turn: { value: 11 },
    },
  },
];

/** The times of the stages of a night, as the graph tells them. */
export const GRAPH = [
  { start: DAY_START, end: DAY_START + 1800, type: "deep_sleep" },
  { start: DAY_START - 3600, end: DAY_START, type: "light_sleep" },
];
